import {
  type ArtifactSubstitution,
  type ContextDocument,
  type ContextPack,
  type ContextPiece,
  type HistoryTier,
  SUBSTITUTABLE,
} from '../../../contracts/context-pack.ts';
import { PermanentError } from '../../../contracts/errors.ts';
import type { FlagValues } from '../../../contracts/flags.ts';
import type { BudgetMode } from '../../../contracts/telemetry.ts';
import { addCounts, redact } from '../redaction.ts';
import type { Embedder, EmbeddingCache } from './embedder.ts';
import { type Chosen, capsOf, chooseHistory, type HistoryFlags, heading, historyPieces } from './history.ts';
import { localEmbedder } from './local-embedder.ts';
import { rank } from './rank.ts';
import { piece, sumTokens } from './render.ts';
import { candidatesOf, chooseSubstitutions, pathsOf, savedTokens } from './substitution.ts';
import { ESTIMATOR } from './tokens.ts';

export type { Embedder, EmbeddingCache } from './embedder.ts';
export { renderContext } from './render.ts';

/** Part of what the intention leaves that history may take: documents are the rest. */
const HISTORY_SHARE = 0.5;

export type ContextFlags = HistoryFlags & Pick<FlagValues, 'intention_context' | 'embedding_budget'>;

/** What a context is built from. */
export type ContextInput = {
  /** What the agent is asked, and what the job is for. The question ranks documents; it is no part of the pack. */
  need: { question: string; intention: string | null };
  documents: readonly ContextDocument[];
  history: readonly HistoryTier[];
  flags: ContextFlags;
  /** The most tokens the rendered pack may have, by this estimator. */
  token_budget: number;
  mode: BudgetMode;
};

/** Who embeds, and what is known already. Defaults: the local embedder, nothing known. */
export type Embeddings = { embedder?: Embedder; cache?: EmbeddingCache };

type Omitted = ContextPack['files_omitted'][number];
type Sorted = { offered: ContextDocument[]; omitted: Omitted[] };

/** Redacts texts and counts what went. */
const cleaner = (): { clean: (text: string) => string; counts: () => Record<string, number> } => {
  let all: Record<string, number> = {};
  const clean = (text: string): string => {
    const { text: cleaned, counts } = redact(text.toWellFormed());
    all = addCounts(all, counts);
    return cleaned;
  };
  return { clean, counts: () => all };
};

const omitted = ({ path, text }: ContextDocument, reason: Omitted['reason']): Omitted => ({
  ...{ path, reason },
  tokens: piece('document', path, text).tokens,
});

/** Documents that may be shown at all. The job's own come first, so that theirs is the path that counts. */
const sortOut = (documents: readonly ContextDocument[], extended: boolean): Sorted => {
  const sorted: Sorted = { offered: [], omitted: [] };
  const seen = new Set<string>();
  for (const document of documents.toSorted((a, b) => Number(a.kind === 'extended') - Number(b.kind === 'extended'))) {
    if (document.kind === 'extended' && !extended) sorted.omitted.push(omitted(document, 'extended_contexts_off'));
    else if (seen.has(document.path)) sorted.omitted.push(omitted(document, 'duplicate_path'));
    else {
      seen.add(document.path);
      sorted.offered.push(document);
    }
  }
  return sorted;
};

type History = { chosen: Chosen; pieces: ContextPiece[]; substitutions: ArtifactSubstitution[] };

/** The history pack and what it stands in for. */
const withHistory = (input: ContextInput, offered: readonly ContextDocument[], room: number, clean: (text: string) => string): History => {
  const { flags, history, token_budget } = input;
  const replaces = flags.history_pack && flags.document_substitution;
  // Whatever is offered: else one more document could cost the pack a phase, and the savings with it.
  const longest = heading(replaces ? SUBSTITUTABLE : []);
  const chosen = chooseHistory(history, capsOf(flags), room - longest.tokens, clean);
  const substitutions = replaces ? chooseSubstitutions(candidatesOf(offered, token_budget), chosen) : [];
  return { chosen, substitutions, pieces: historyPieces(chosen, pathsOf(substitutions)) };
};

/** Best first, equal ones by path; what does not fit is left out and named. */
const fit = (
  documents: readonly ContextDocument[],
  scores: readonly number[],
  room: number,
): { pieces: ContextPiece[]; omitted: Omitted[] } => {
  const ranked = documents
    .map(({ path, text }, at) => piece('document', path, text, scores[at] ?? 0))
    .sort((a, b) => (b.score ?? 0) - (a.score ?? 0) || (a.source < b.source ? -1 : 1));
  const pieces: ContextPiece[] = [];
  const out: Omitted[] = [];
  let left = room;
  for (const next of ranked) {
    if (next.tokens > left) out.push({ path: next.source, reason: 'over_budget', tokens: next.tokens });
    else {
      pieces.push(next);
      left -= next.tokens;
    }
  }
  return { pieces, omitted: out };
};

const intentionPieces = ({ need, flags, token_budget }: ContextInput, clean: (text: string) => string): ContextPiece[] => {
  if (!flags.intention_context || need.intention === null || need.intention.trim() === '') return [];
  const intention = piece('intention', 'intention', clean(need.intention));
  return intention.tokens <= token_budget ? [intention] : [];
};

const savings = ({ chosen, substitutions }: History) => {
  const saved = savedTokens(substitutions, chosen);
  const own = substitutions.filter(({ kind }) => kind === 'job');
  return { tokens_saved_artifacts: saved, tokens_saved_extended: Math.max(0, saved - savedTokens(own, chosen)) };
};

const checkBudget = (budget: number): void => {
  if (Number.isSafeInteger(budget) && budget >= 0) return;
  throw new PermanentError(`a token budget is a whole number from 0, not ${budget}; pass what the agent's prompt leaves`);
};

/**
 * Builds an agent's context (E6): intention, history pack, documents, in that order, within the token budget. Every
 * document is in it, replaced by the history pack (allow-listed ones only) or in `files_omitted`. Values in, value out:
 * the same input gives the same pack. Throws `PermanentError` for a budget that is no whole number from 0.
 */
export const buildContext = async (
  input: ContextInput,
  { embedder = localEmbedder, cache = new Map() }: Embeddings = {},
): Promise<ContextPack> => {
  const { flags, need, token_budget } = input;
  checkBudget(token_budget);
  const { clean, counts } = cleaner();
  const cleaned = input.documents.map(({ path, text, kind }) => ({ path: clean(path), text: clean(text), kind }));
  const { offered, omitted: refused } = sortOut(cleaned, flags.extended_contexts);
  const intention = intentionPieces(input, clean);
  const afterIntention = token_budget - sumTokens(intention);
  const history = withHistory(input, offered, Math.floor(afterIntention * HISTORY_SHARE), clean);
  const replaced = new Set<string>(history.substitutions.map(({ path }) => path));
  const rest = offered.filter(({ path }) => !replaced.has(path));
  const { text: query } = redact([need.question.toWellFormed(), ...intention.map(({ text }) => text)].join('\n'));
  const { scores, ...ranking } = await rank({
    ...{ mode: input.mode, query, texts: rest.map(({ text }) => text), embedder, cache },
    budget: flags.embedding_budget,
  });
  const documents = fit(rest, scores, afterIntention - sumTokens(history.pieces));
  const tokens = { intention: sumTokens(intention), history: sumTokens(history.pieces), documents: sumTokens(documents.pieces) };
  const { chosen } = history;
  const caps = capsOf(flags);
  return {
    schema_version: 'context_pack_v1',
    estimator: ESTIMATOR,
    ...{ token_budget, tokens, budget_used: tokens.intention + tokens.history + tokens.documents, ...ranking },
    pieces: [...intention, ...history.pieces, ...documents.pieces],
    history: {
      ...{ max_tiers: caps.tiers, max_phases: caps.phases },
      ...{ tiers: chosen.tiers, phases: chosen.phases, phases_omitted: chosen.phases_omitted },
    },
    artifact_substitutions: history.substitutions,
    ...savings(history),
    files_omitted: [...refused, ...documents.omitted],
    intention_context_injected: intention.length > 0,
    redactions: counts(),
  };
};
