import * as z from 'zod';
import type { VerifyReport } from './http.ts';
import { Instant, JobId } from './ids.ts';
import { RolloutStage } from './job-spec.ts';
import type { Mode } from './llm.ts';
import type { Switches } from './switches.ts';

/** What is looked at before anything is rolled out. The last two are seen from outside: by a canary, and in a checkout. */
export const SmokeCheckId = z.enum(['buckets', 'table', 'schema', 'providers', 'core_tests', 'telemetry', 'logs', 'canary', 'fixtures']);
export type SmokeCheckId = z.infer<typeof SmokeCheckId>;

/** What each check says, for people. */
export const SMOKE_CHECKS: { readonly [C in SmokeCheckId]: string } = {
  buckets: 'Events, artifacts, cassettes and telemetry can be reached',
  table: 'The table can be reached',
  schema: 'Indexes and stored documents are those that this build reads',
  providers: 'Every provider of the chain answers, and takes its key',
  core_tests: "The project's own checks passed",
  telemetry: 'Telemetry is on from stage 1 on',
  logs: 'The newest logs are as they were written',
  canary: 'A canary job ran to a good end',
  fixtures: 'The fixtures are fresh, and replay as expected',
};

/** `skipped`: there was nothing to look at. It says why, and does not stop anything. */
export const SmokeCheck = z.strictObject({
  id: SmokeCheckId,
  verdict: z.enum(['ok', 'failed', 'skipped']),
  /** What was found, with the value; for a failure also what to do. */
  reason: z.string().min(1).max(2000),
});
export type SmokeCheck = z.infer<typeof SmokeCheck>;

/** `smoke_report_v1`: whether an environment may be rolled out to. One failed check is a NO_GO. */
export const SmokeResult = z.strictObject({
  schema_version: z.literal('smoke_report_v1'),
  verdict: z.enum(['GO', 'NO_GO']),
  /** The rollout whose stage 0 this is; null where none could be opened. */
  rollout: JobId.nullable(),
  env: z.string(),
  stage: RolloutStage,
  checks: z.array(SmokeCheck).min(1),
  at: Instant,
});
export type SmokeResult = z.infer<typeof SmokeResult>;

export type FoundBucket = { name: string; state: 'ok' | 'missing' | 'unreachable'; detail: string | null };
export type FoundTable = FoundBucket & {
  /** Indexes that this build reads and the table has not. */
  missing_indexes: string[];
};
/** A stored document by its key. `version` is what it says of itself; null where it says nothing. */
export type FoundDocument = { key: string; version: string | null; reads: string };
export type FoundProvider = {
  position: number;
  name: string;
  state: 'ok' | 'not_called' | 'no_key' | 'key_refused' | 'unreachable' | 'unwell';
  detail: string;
};

/** Looks from inside a function at what it depends on. A failure is what was found, never a throw. */
export type Probes = {
  buckets: () => Promise<FoundBucket[]>;
  table: () => Promise<FoundTable>;
  providers: () => Promise<FoundProvider[]>;
};

/** What a look at an environment found. */
export type SmokeFindings = {
  env: string;
  mode: Mode;
  buckets: FoundBucket[];
  table: FoundTable;
  documents: FoundDocument[];
  /** Why stored documents could not be looked at; null where they could. */
  unread: string | null;
  providers: FoundProvider[];
  switches: Pick<Switches, 'flags' | 'readable'>;
  /** Rollouts that stand at stage 1 or above and wait. */
  climbing: { job_id: string; stage: number }[];
  logs: VerifyReport[];
};
