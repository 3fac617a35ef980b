import * as z from 'zod';
import type { Json } from './prepare.ts';

/** One event of GetExecutionHistory, but for `timestamp`, which is in epoch milliseconds here. */
export const HistoryEvent = z.looseObject({ id: z.int(), previousEventId: z.int(), type: z.string(), timestamp: z.number() });
export type HistoryEvent = z.infer<typeof HistoryEvent>;

/** `fatal` errors are beyond the reach of States.ALL. */
export const Outcome = z.discriminatedUnion('ok', [
  z.strictObject({ ok: z.literal(true), output: z.custom<Json>() }),
  z.strictObject({ ok: z.literal(false), error: z.string(), cause: z.string(), fatal: z.boolean().optional() }),
]);
export type Outcome = z.infer<typeof Outcome>;
export type Failure = Extract<Outcome, { ok: false }>;

const Start = z.strictObject({
  t: z.literal('start'),
  machine: z.string(),
  name: z.string(),
  version: z.int(),
  via: z.enum(['arn', 'alias', 'version']),
  input: z.string(),
  at: z.number(),
});
/**
 * One attempt at one task. `id` is its place: the path of the branch or item it runs in and its number there, `3.0/1` being
 * the second attempt in the first branch of attempt 3. `deadline` is the true one, whatever a timer can hold.
 */
const Task = z.strictObject({
  t: z.literal('task'),
  id: z.string(),
  state: z.string(),
  visit: z.int(),
  retry: z.int(),
  token: z.string().optional(),
  deadline: z.number().optional(),
});
const End = z.strictObject({
  t: z.literal('end'),
  status: z.enum(['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED']),
  at: z.number(),
  output: z.string().optional(),
  error: z.string().optional(),
  cause: z.string().optional(),
  /** Attempts at the state that was not left: what a redrive does again. */
  unfinished: z.array(z.string()),
});
export type End = z.infer<typeof End>;

const Redrive = z.strictObject({ t: z.literal('redrive'), at: z.number(), clientToken: z.string().optional() });
export type RedriveRecord = z.infer<typeof Redrive>;

export const JournalRecord = z.discriminatedUnion('t', [
  Start,
  Task,
  End,
  /** `key` names the event's cause, so that a run repeated from the journal writes no event twice. */
  z.strictObject({ t: z.literal('event'), key: z.string(), event: HistoryEvent }),
  z.strictObject({ t: z.literal('submitted'), id: z.string() }),
  z.strictObject({ t: z.literal('done'), id: z.string(), outcome: Outcome }),
  Redrive,
]);
export type JournalRecord = z.infer<typeof JournalRecord>;
export type StartRecord = z.infer<typeof Start>;
export type TaskRecord = z.infer<typeof Task>;
