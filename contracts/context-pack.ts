import * as z from 'zod';
import { BudgetMode, PhaseOutcome } from './telemetry.ts';

/** The only documents a history pack may stand in for: these exact paths. */
export const SUBSTITUTABLE = ['BUILD_HISTORY.md', 'BUILD_LOG.md', 'DEBUG_LOG.md'] as const;
export const SubstitutablePath = z.enum(SUBSTITUTABLE);
export type SubstitutablePath = z.infer<typeof SubstitutablePath>;

/** A document an agent may be shown. `extended`: from beyond the job, offered only with extended contexts. */
export const ContextDocument = z.strictObject({ path: z.string().min(1), text: z.string(), kind: z.enum(['job', 'extended']) });
export type ContextDocument = z.infer<typeof ContextDocument>;

/** What is left of an earlier phase. */
export const HistoryPhase = z.strictObject({
  run_id: z.string(),
  phase_id: z.string(),
  outcome: PhaseOutcome,
  summary: z.string(),
});
export type HistoryPhase = z.infer<typeof HistoryPhase>;

/** Phases that belong together; the most telling first, and tiers likewise. */
export const HistoryTier = z.strictObject({ name: z.string(), phases: z.array(HistoryPhase) });
export type HistoryTier = z.infer<typeof HistoryTier>;

/** Why a file is not in a pack. */
export const OmissionReason = z.enum(['over_budget', 'extended_contexts_off', 'duplicate_path']);
export type OmissionReason = z.infer<typeof OmissionReason>;

/** Why documents were ranked by words although `semantic` was asked. */
export const LexicalReason = z.enum(['embedding_budget', 'embedder_failed']);
export type LexicalReason = z.infer<typeof LexicalReason>;

const tokens = z.int().min(0);

/** A part of the context. `tokens` counts it as it is rendered. */
export const ContextPiece = z.strictObject({
  kind: z.enum(['intention', 'history', 'document']),
  /** Path of a document; tier, run and phase of a history piece. */
  source: z.string(),
  text: z.string(),
  tokens,
  /** Relevance to the question, for documents: comparable inside one pack only. */
  score: z.number().nullable(),
});
export type ContextPiece = z.infer<typeof ContextPiece>;

/** A document that the history pack stands in for. */
export const ArtifactSubstitution = z.strictObject({
  path: SubstitutablePath,
  kind: ContextDocument.shape.kind,
  /** What the document would have taken of the budget, at most all of it. */
  tokens_before: tokens,
});
export type ArtifactSubstitution = z.infer<typeof ArtifactSubstitution>;

/** `context_pack_v1`: what an agent is shown beside its question, and what it is not shown. */
export const ContextPack = z.strictObject({
  schema_version: z.literal('context_pack_v1'),
  /** How tokens were counted. */
  estimator: z.string(),
  token_budget: tokens,
  /** Sum of the pieces' tokens, and of `tokens`: no token is in two categories. */
  budget_used: tokens,
  tokens: z.strictObject({ intention: tokens, history: tokens, documents: tokens }),
  budget_mode: BudgetMode,
  lexical_reason: LexicalReason.nullable(),
  pieces: z.array(ContextPiece),
  history: z.strictObject({ max_tiers: z.int(), max_phases: z.int(), tiers: z.int(), phases: z.int(), phases_omitted: z.int() }),
  artifact_substitutions: z.array(ArtifactSubstitution),
  /** Tokens of the replaced documents minus those of the history pack; never sent, so no part of `budget_used`. */
  tokens_saved_artifacts: tokens,
  /** The part of it that only extended contexts made possible. */
  tokens_saved_extended: tokens,
  files_omitted: z.array(z.strictObject({ path: z.string(), reason: OmissionReason, tokens })),
  embedding_calls: z.int().min(0),
  embedding_cache_hits: z.int().min(0),
  intention_context_injected: z.boolean(),
  /** What redaction removed from the texts that were offered, by rule. */
  redactions: z.record(z.string(), z.int().min(1)),
});
export type ContextPack = z.infer<typeof ContextPack>;
