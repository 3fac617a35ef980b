import type { ContextPack } from '../../../contracts/context-pack.ts';
import type { BudgetMode } from '../../../contracts/telemetry.ts';
import { type Embedder, type EmbeddingCache, embedAll } from './embedder.ts';
import { lexicalScores } from './lexical.ts';
import { semanticScores } from './semantic.ts';

export type Ranking = { scores: number[] } & Pick<
  ContextPack,
  'budget_mode' | 'lexical_reason' | 'embedding_calls' | 'embedding_cache_hits'
>;

type Ranked = { mode: BudgetMode; query: string; texts: readonly string[]; embedder: Embedder; cache: EmbeddingCache; budget: number };

// The last bits of a logarithm are no reason to prefer a document.
const rounded = (scores: readonly number[]): number[] => scores.map((score) => Math.round(score * 1e6) / 1e6 || 0);

/** Scores texts for a query; by words where meaning was not asked for, or cannot be had within the embedding budget. */
export const rank = async ({ mode, query, texts, embedder, cache, budget }: Ranked): Promise<Ranking> => {
  const byWords = (reason: Ranking['lexical_reason'], calls = 0, hits = 0): Ranking => ({
    scores: rounded(lexicalScores(query, texts)),
    ...{ budget_mode: 'lexical', lexical_reason: reason, embedding_calls: calls, embedding_cache_hits: hits },
  });
  if (mode === 'lexical') return byWords(null);
  // Nothing to rank is no reason to ask.
  if (texts.length === 0) return { scores: [], budget_mode: 'semantic', lexical_reason: null, embedding_calls: 0, embedding_cache_hits: 0 };
  const { vectors, failed, calls, hits } = await embedAll(embedder, cache, [query, ...texts], budget);
  const [first, ...rest] = vectors ?? [];
  if (!first) return byWords(failed ? 'embedder_failed' : 'embedding_budget', calls, hits);
  const scores = rounded(semanticScores(first, rest));
  return { scores, budget_mode: 'semantic', lexical_reason: null, embedding_calls: calls, embedding_cache_hits: hits };
};
