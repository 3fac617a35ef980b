import type { ContextDocument, HistoryTier } from '../../../contracts/context-pack.ts';
import { FLAG_NAMES, FLAGS, FlagValues } from '../../../contracts/flags.ts';
import type { ContextInput } from './context-builder.ts';

export const DEFAULT_FLAGS = FlagValues.parse(Object.fromEntries(FLAG_NAMES.map((name) => [name, FLAGS[name].default])));

/** Everything that shapes a context on, and embeddings for all. */
export const ALL_ON: FlagValues = {
  ...DEFAULT_FLAGS,
  ...{ history_pack: true, document_substitution: true, extended_contexts: true, intention_context: true, embedding_budget: 1000 },
};

export const document = (path: string, text: string, kind: ContextDocument['kind'] = 'job'): ContextDocument => ({ path, text, kind });

export const tier = (name: string, phases: number, summary = 'Compiled and ran; two gates failed.'): HistoryTier => ({
  name,
  phases: Array.from({ length: phases }, (_, at) => ({ run_id: 'run-1', phase_id: `Run:${at + 1}`, outcome: 'COMPLETE', summary })),
});

export const inputWith = (more: Partial<ContextInput>): ContextInput => ({
  need: { question: 'Which moving average should the trend strategy use?', intention: 'Find a robust trend strategy.' },
  documents: [],
  history: [tier('latest', 2)],
  flags: ALL_ON,
  token_budget: 4000,
  mode: 'semantic',
  ...more,
});
