import * as z from 'zod';
import type { ContextPack } from './context-pack.ts';
import { EXTENDED_HISTORY_CAPS, type FlagValues, HISTORY_CAPS } from './flags.ts';
import { Instant, JobId } from './ids.ts';
import { LAST_STAGE, RolloutStage } from './job-spec.ts';
import { JobStatus, Outcome } from './job-state.ts';
import type { TelemetryRows } from './telemetry.ts';

/** What a stage is judged by. Counts are over its canaries; shares are from 0 to 1. */
export const CriterionId = z.enum([
  'runs',
  'success_rate',
  'success_drop',
  'missing_rows',
  'duplicate_rows',
  'overlapping_rows',
  'cap_violations',
  'unlisted_substitutions',
  'pack_failures',
  'tokens_saved',
  'extended_failures',
  'out_of_memory',
  'doctor_avoidance',
]);
export type CriterionId = z.infer<typeof CriterionId>;

type Criterion = {
  /** Whether more is better. */
  at: 'least' | 'most';
  /** What is counted, for people. */
  meaning: string;
};

export const CRITERIA: { readonly [C in CriterionId]: Criterion } = {
  runs: { at: 'least', meaning: 'Canary jobs that ran to an end' },
  success_rate: { at: 'least', meaning: 'Share of canaries that succeeded with no stand-in answer' },
  success_drop: { at: 'most', meaning: 'Success rate below that of the baseline, as a share of it' },
  missing_rows: { at: 'most', meaning: 'Phases without their telemetry row' },
  duplicate_rows: { at: 'most', meaning: 'Telemetry rows written twice for one run, phase and outcome' },
  overlapping_rows: { at: 'most', meaning: 'Rows in which a token is counted in two categories' },
  cap_violations: { at: 'most', meaning: 'Contexts with more history than the stage allows' },
  unlisted_substitutions: { at: 'most', meaning: 'Documents replaced by the history pack that may not be' },
  pack_failures: { at: 'most', meaning: 'Agent phases without a history pack, where it is on' },
  tokens_saved: { at: 'least', meaning: 'Tokens saved by substitution, where such documents exist' },
  extended_failures: { at: 'most', meaning: 'Canaries that failed at an agent that was shown extended contexts' },
  out_of_memory: { at: 'most', meaning: 'Canaries of which a function ran out of memory' },
  doctor_avoidance: { at: 'least', meaning: 'Share of failures of a known pattern that needed no doctor' },
};

/** Where a criterion warns, and where it stops the rollout: values beyond, for `most`, or below, for `least`. */
export const Limit = z.strictObject({ warn: z.number().optional(), stop: z.number() });
export type Limit = z.infer<typeof Limit>;

export const StageRules = z.strictObject({
  /** Canary jobs that are run. */
  runs: z.int().min(1).max(20),
  /** What must hold of them. What is not named is not judged. */
  limits: z.partialRecord(CriterionId, Limit),
});
export type StageRules = z.infer<typeof StageRules>;

/** Criteria of an environment, as data. */
export const RolloutRules = z.strictObject({
  /** Rules of the stages, from 0. */
  stages: z.array(StageRules).length(LAST_STAGE + 1),
  /** A canary that has not ended after this many seconds is cancelled and has failed. */
  canary_seconds: z.int().min(10).max(86_400),
  /** Longest pause between two looks at a canary, in seconds. */
  look_every_seconds: z.int().min(1).max(300),
});
export type RolloutRules = z.infer<typeof RolloutRules>;

const none: Limit = { stop: 0 };
const SUCCESS_DROP: Limit = { warn: 0.05, stop: 0.1 };
const TELEMETRY = { success_drop: SUCCESS_DROP, missing_rows: none, duplicate_rows: none, overlapping_rows: none } as const;
const PACKS = { ...TELEMETRY, cap_violations: none, unlisted_substitutions: none, pack_failures: none, tokens_saved: { stop: 1 } } as const;

/** What an environment has that says nothing else. */
export const DEFAULT_ROLLOUT_RULES: RolloutRules = {
  stages: [
    { runs: 1, limits: { runs: { stop: 1 }, success_rate: { stop: 1 }, missing_rows: none, duplicate_rows: none } },
    { runs: 2, limits: { runs: { stop: 1 }, ...TELEMETRY } },
    { runs: 3, limits: { runs: { stop: 3 }, ...PACKS } },
    { runs: 3, limits: { runs: { stop: 3 }, ...PACKS, extended_failures: none, out_of_memory: none, doctor_avoidance: { stop: 0.5 } } },
  ],
  canary_seconds: 3600,
  look_every_seconds: 60,
};

type StageMeaning = {
  name: string;
  /** Flags that are on in it, and stay as they are otherwise. */
  flags: Partial<FlagValues>;
  /** Largest history pack in it; null where there is none. */
  caps: { tiers: number; phases: number } | null;
};

/** The ladder of the system's own features (E2). */
export const STAGES: readonly [StageMeaning, StageMeaning, StageMeaning, StageMeaning] = [
  { name: 'validation', flags: {}, caps: null },
  { name: 'telemetry', flags: { telemetry: true }, caps: null },
  { name: 'history pack', flags: { telemetry: true, history_pack: true, document_substitution: true }, caps: HISTORY_CAPS },
  {
    name: 'extended contexts',
    flags: { telemetry: true, history_pack: true, document_substitution: true, extended_contexts: true },
    caps: EXTENDED_HISTORY_CAPS,
  },
];

export const stageMeaning = (stage: number): StageMeaning => {
  const found = STAGES[stage];
  if (!found) throw new RangeError(`there is no rollout stage ${stage}; stages are 0 to ${LAST_STAGE}`);
  return found;
};

/** What is known of one canary. */
export const CanaryResult = z.strictObject({
  index: z.int().min(0),
  job_id: JobId,
  status: JobStatus,
  outcome: Outcome.nullable(),
  /** Ended `succeeded`, and no recorded answer stood in for a provider. */
  ok: z.boolean(),
  degraded: z.boolean(),
  /** Why it is not ok. */
  reason: z.string().nullable(),
  /** From submission to its last event, in seconds. */
  seconds: z.number().min(0),
  /** Tokens its model calls took. */
  tokens: z.int().min(0),
  usd: z.number().min(0),
});
export type CanaryResult = z.infer<typeof CanaryResult>;

/** What a canary left behind, beyond its result. */
export type Observation = {
  result: CanaryResult;
  /** Rows its log asks for, and rows that were written. */
  expected: TelemetryRows;
  written: TelemetryRows;
  packs: readonly ContextPack[];
  /** Agent phases, by the log, that have no context. */
  without_pack: number;
  /** Names of the errors in its log. */
  errors: readonly string[];
};

export const Verdict = z.enum(['met', 'warned', 'breached', 'not_applicable']);

/** One criterion, as it was found. */
export const JudgedCriterion = z.strictObject({
  id: CriterionId,
  value: z.number().nullable(),
  limit: Limit,
  verdict: Verdict,
  /** What was found, for people. */
  detail: z.string().nullable(),
});
export type JudgedCriterion = z.infer<typeof JudgedCriterion>;

/** `stage_evidence_v1`: what a stage of a rollout showed. Entering the next stage is approved on it. */
export const StageEvidence = z.strictObject({
  schema_version: z.literal('stage_evidence_v1'),
  rollout: JobId,
  stage: RolloutStage,
  /** Flags in force while its canaries ran. */
  flags: z.record(z.string(), z.unknown()),
  canaries: z.array(CanaryResult),
  success_rate: z.number().min(0).max(1),
  /** Of stage 0. */
  baseline: z.number().min(0).max(1).nullable(),
  criteria: z.array(JudgedCriterion),
  verdict: z.enum(['passed', 'breached']),
  at: Instant,
});
export type StageEvidence = z.infer<typeof StageEvidence>;

/** Who opens canary jobs: their approvals are bound to the rollout that is named here. */
export const ROLLOUT_ACTOR = 'rollout:';
/** Policy under which a canary passes the holds that only a person's job waits at. */
export const CANARY_POLICY = 'rollout-canary-v1';
/** Holds of a canary that the policy approves. Live calls, what a guard stopped, and money still ask a person. */
export const CANARY_APPROVES: readonly string[] = ['blueprint', 'runspec'];
