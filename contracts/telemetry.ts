import * as z from 'zod';
import { LlmUsageEvent } from './agent-evidence.ts';
import { Instant, RunId } from './ids.ts';

/** State and visit: `Intent:1`. */
export const PhaseId = z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,79}:[1-9]\d{0,8}$/, 'a phase id is "State:visit"');
export type PhaseId = z.infer<typeof PhaseId>;

export const PhaseOutcome = z.enum(['COMPLETE', 'FAILED', 'BLOCKED']);
export type PhaseOutcome = z.infer<typeof PhaseOutcome>;

/** How the documents of a context were ranked. */
export const BudgetMode = z.enum(['semantic', 'lexical']);
export type BudgetMode = z.infer<typeof BudgetMode>;

const phase = { run_id: RunId, phase_id: PhaseId };

/** Row of `token_efficiency_metrics`: one per phase and outcome. Counts are 0 where a phase built no context. */
export const TokenEfficiencyMetric = z.strictObject({
  ...phase,
  phase_outcome: PhaseOutcome,
  /** Documents that the history pack stood in for. */
  artifact_substitutions: z.int().min(0),
  tokens_saved_artifacts: z.int().min(0),
  /** Null where a phase built no context. */
  budget_mode: BudgetMode.nullable(),
  /** Tokens of the context that was built; no token of it is among the saved ones. */
  budget_used: z.int().min(0),
  files_omitted: z.int().min(0),
  embedding_cache_hits: z.int().min(0),
  embedding_calls: z.int().min(0),
});
export type TokenEfficiencyMetric = z.infer<typeof TokenEfficiencyMetric>;

/** Row of `phase6_metrics`: one per phase. */
export const Phase6Metric = z.strictObject({
  ...phase,
  failure_hardening_triggered: z.boolean(),
  doctor_call_skipped: z.boolean(),
  doctor_tokens_avoided_estimate: z.int().min(0),
  intention_context_injected: z.boolean(),
});
export type Phase6Metric = z.infer<typeof Phase6Metric>;

/** Row of `token_budget_escalation_events`: one per raise of a job's budget. */
export const TokenBudgetEscalationEvent = z.strictObject({
  ...phase,
  escalation_reason: z.string().min(1).max(400),
  new_budget_tokens: z.int().min(0),
  /** From 1, per execution. */
  escalation_count: z.int().min(1),
  at: Instant,
});
export type TokenBudgetEscalationEvent = z.infer<typeof TokenBudgetEscalationEvent>;

/** The tables by SQL name; a schema's members are the columns, in order. */
export const TELEMETRY_TABLES = {
  llm_usage_events: LlmUsageEvent,
  token_efficiency_metrics: TokenEfficiencyMetric,
  phase6_metrics: Phase6Metric,
  token_budget_escalation_events: TokenBudgetEscalationEvent,
} as const;
export type TelemetryTable = keyof typeof TELEMETRY_TABLES;
export type TelemetryRow<T extends TelemetryTable> = z.infer<(typeof TELEMETRY_TABLES)[T]>;

/** Rows of every table. */
export type TelemetryRows = { [T in TelemetryTable]: TelemetryRow<T>[] };

/**
 * Whether a job is measured: decided when it is opened, so that it is measured as a whole or not at all. `forced` holds also
 * where the flag is off, for a rollout's probe job.
 */
export const Measured = z.enum(['off', 'on', 'forced']);
export type Measured = z.infer<typeof Measured>;

/** Columns that name a row: two rows with the same values are one row, written twice. */
export const TELEMETRY_KEYS: { readonly [T in TelemetryTable]: readonly (keyof z.infer<(typeof TELEMETRY_TABLES)[T]>)[] } = {
  llm_usage_events: ['call_id'],
  token_efficiency_metrics: ['run_id', 'phase_id', 'phase_outcome'],
  phase6_metrics: ['run_id', 'phase_id'],
  token_budget_escalation_events: ['run_id', 'phase_id', 'escalation_count'],
};
