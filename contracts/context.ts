import * as z from 'zod';
import { Instant, JobId, RunId, Sha256 } from './ids.ts';
import { ArtifactRef } from './job-state.ts';
import { Mode } from './llm.ts';

/**
 * `context_v1`: what travels between the states of one execution, signed with HMAC-SHA256 over its
 * canonical JSON without `signature`. A stage appends from it without reading the log first.
 */
export const JobContext = z.strictObject({
  schema_version: z.literal('context_v1'),
  job_id: JobId,
  run_id: RunId,
  /** The state this context is meant for. */
  state: z.string().min(1).max(80),
  last_seq: z.int().min(1),
  last_hash: Sha256,
  /** When the event at `last_seq` was written: the time of what follows, the same for every try of it. */
  last_at: Instant.optional(),
  /** Up to this sequence the log was written by an earlier execution: look there before working. */
  replay_until: z.int().min(0),
  /** Entries into each state so far. */
  visits: z.record(z.string(), z.int().min(1)),
  /** Artifacts later states read, by name, with the digest they must have. */
  refs: z.record(z.string(), ArtifactRef),
  /** Small verdicts later states need: never anything a model wrote. */
  facts: z.record(z.string(), z.union([z.string().max(200), z.number(), z.boolean()])),
  mode: Mode,
  key_id: z.string().min(1).max(64),
  signature: Sha256,
});
export type JobContext = z.infer<typeof JobContext>;
export type UnsignedContext = Omit<JobContext, 'signature' | 'key_id'>;

/** What every Task state of the machines sends its function. */
export const StagePayload = z.object({
  state: z.string().min(1).max(80),
  run_id: RunId,
  input: z.unknown(),
});
/** What a hold sends besides. */
export const HoldPayload = StagePayload.extend({
  step: z.string().min(1).max(64),
  task_token: z.string().min(1).max(2048),
});
export type StagePayload = z.infer<typeof StagePayload>;
export type HoldPayload = z.infer<typeof HoldPayload>;
