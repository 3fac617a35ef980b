import * as z from 'zod';
import { Amount } from './budget.ts';
import { AgentId, Instant, JobId, RunId, Sha256 } from './ids.ts';
import { type Cassette, Mode, ModelAnswer } from './llm.ts';

/** Why an attempt gave no answer. The last four were never sent. */
export const FAILURE_KINDS = [
  'rate_limited',
  'overloaded',
  'server_error',
  'timeout',
  'network',
  'quota',
  'auth',
  'bad_request',
  'malformed',
  'network_disabled',
  'cooling_down',
  'no_key',
  'out_of_time',
] as const;
export const FailureKind = z.enum(FAILURE_KINDS);
export type FailureKind = z.infer<typeof FailureKind>;

/** One attempt at one provider: an allow-list, never headers or bodies. */
export const ProviderAttempt = z.strictObject({
  position: z.int().min(1),
  provider: z.string(),
  model: z.string(),
  /** From 1, per provider. */
  attempt: z.int().min(1),
  outcome: z.enum(['answered', ...FAILURE_KINDS]),
  status: z.int().nullable(),
  /** Redacted and shortened; null for an answer. */
  message: z.string().max(400).nullable(),
  latency_ms: z.int().min(0),
  /** What it counts for: nothing where the provider refused, the whole reservation where it may have billed. */
  charged: Amount,
});
export type ProviderAttempt = z.infer<typeof ProviderAttempt>;

const call = {
  job_id: JobId,
  run_id: RunId,
  agent: AgentId,
  state: z.string(),
  visit: z.int().min(1),
  /** Counts the calls of one state and visit, from 0. */
  ordinal: z.int().min(0),
  /** Cassette key of the question. */
  key: Sha256,
  /** How often this call was begun before. */
  round: z.int().min(0),
  at: Instant,
};

/** Budget that a call took. */
export const Reservation = z.strictObject({ id: z.string(), reserved: Amount, actual: Amount });
export type Reservation = z.infer<typeof Reservation>;

/** `llm_call_started_v1`: written before the first provider is asked. */
export const CallStarted = z.strictObject({
  schema_version: z.literal('llm_call_started_v1'),
  ...call,
  mode: Mode,
  chain: z.array(z.strictObject({ position: z.int().min(1), provider: z.string(), model: z.string() })),
  /** An earlier round began and left no trace of its end: its provider may have answered and billed. */
  possible_double_charge: z.boolean(),
});
export type CallStarted = z.infer<typeof CallStarted>;

/** `llm_call_answered_v1`: written after the answer, before anything else is done with it. */
export const CallAnswered = z.strictObject({
  schema_version: z.literal('llm_call_answered_v1'),
  ...call,
  mode: Mode,
  answer: ModelAnswer,
  attempts: z.array(ProviderAttempt).min(1),
  reservation: Reservation,
  possible_double_charge: z.boolean(),
});
export type CallAnswered = z.infer<typeof CallAnswered>;

/** `llm_call_closed_v1`: no provider answered, and every reservation of the round is settled. */
export const CallClosed = z.strictObject({
  schema_version: z.literal('llm_call_closed_v1'),
  ...call,
  reason: z.enum(['no_answer', 'budget']),
  attempts: z.array(ProviderAttempt),
  possible_double_charge: z.boolean(),
});
export type CallClosed = z.infer<typeof CallClosed>;

/** An answer, and what it took to get it. */
export type AnsweredCall = ModelAnswer & {
  attempts: ProviderAttempt[];
  possible_double_charge: boolean;
  /** What was recorded, in mode `record`. */
  cassette?: Cassette;
};

/** An answer as a stage gets it: only a live one says what it took. */
export type StageAnswer = ModelAnswer & Partial<Omit<AnsweredCall, keyof ModelAnswer>>;
