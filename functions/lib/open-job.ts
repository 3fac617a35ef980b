import * as z from 'zod';
import type { Actor, EventDraft } from '../../contracts/events.ts';
import { JOB_SPEC_MAX_BYTES, JobSpec } from '../../contracts/job-spec.ts';
import { type Mode, strictest } from '../../contracts/llm.ts';
import type { Snapshot } from '../../contracts/snapshot.ts';
import type { Measured } from '../../contracts/telemetry.ts';
import { canonicalJson } from './canonical-json.ts';
import { sha256Hex } from './hash.ts';
import { redactDeep } from './redaction.ts';

/** A spec, validated, with the digest that identifies the job. */
export type Identified = { spec: JobSpec; canonical: string; spec_digest: string; job_id: string };

const showValue = (root: unknown, path: PropertyKey[]): string => {
  const value = path.reduce<unknown>((at, key) => (typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined), root);
  return value === undefined ? '' : ` (got ${(JSON.stringify(value) ?? typeof value).slice(0, 80)})`;
};

/** One line per problem: JSON pointer, rule, value. */
export const describeIssues = (error: z.ZodError, root: unknown): string =>
  error.issues
    .slice(0, 8)
    .map((issue) => `/${issue.path.join('/')}: ${issue.message}${showValue(root, issue.path)}`)
    .join('; ');

const isWellFormed = (value: unknown): boolean =>
  typeof value === 'string'
    ? value.isWellFormed()
    : typeof value !== 'object' || value === null || Object.values(value).every(isWellFormed);

/**
 * Reads a raw execution input or request body as a job spec. Secrets in its texts are removed before anything is
 * hashed or stored. Defaults are filled in before hashing, so
 * `run: 1` written out or left out is the same job.
 * @returns the identified job, or what is wrong with it in one line
 */
export const identifyJob = (
  raw: unknown,
  secrets: readonly string[] = [],
): { ok: true; job: Identified } | { ok: false; problem: string; tooLarge?: boolean } => {
  const parsed = JobSpec.safeParse(raw);
  if (!parsed.success) return { ok: false, problem: `not a job_spec_v1: ${describeIssues(parsed.error, raw)}` };
  const redacted = JobSpec.safeParse(redactDeep(parsed.data, { secrets }));
  if (!redacted.success)
    return { ok: false, problem: `without its secrets this is not a job_spec_v1: ${describeIssues(redacted.error, null)}` };
  const spec = redacted.data;
  if (!isWellFormed(spec)) return { ok: false, problem: 'not a job_spec_v1: a text holds half of a character (a lone surrogate)' };
  const canonical = canonicalJson(spec);
  const bytes = Buffer.byteLength(canonical);
  if (bytes > JOB_SPEC_MAX_BYTES)
    return { ok: false, tooLarge: true, problem: `the job spec has ${bytes} bytes; at most ${JOB_SPEC_MAX_BYTES} are allowed` };
  const spec_digest = sha256Hex(canonical);
  return { ok: true, job: { spec, canonical, spec_digest, job_id: spec_digest.slice(0, 12) } };
};

/** Name of the n-th execution of a job. */
export const executionName = (jobId: string, attempt: number): string => `job-${jobId}-${attempt}`;

const SUBMITTED = { idea: 'IDEA_SUBMITTED', blueprint: 'BLUEPRINT_SUBMITTED', rollout: 'ROLLOUT_SUBMITTED' } as const;

/** What the first event says of the work itself. */
const workOf = (spec: JobSpec, snapshot: Snapshot | null): Record<string, unknown> =>
  spec.kind === 'rollout'
    ? { target: spec.rollout.target, through: spec.rollout.through }
    : { snapshot_id: spec.snapshot_id, snapshot_sha256: snapshot?.sha256, policy_bundle: spec.policy_bundle };

/** The first event of a job. `snapshot` is null for a rollout, whose canaries have their own. `measured`: whether rows of the telemetry tables are written for it. */
export const submittedDraft = (
  job: Identified,
  snapshot: Snapshot | null,
  actor: Actor,
  { environmentMode, measured }: { environmentMode: Mode; measured: Measured },
): EventDraft => {
  const { spec, spec_digest } = job;
  const asked = spec.kind === 'rollout' ? undefined : spec.llm?.mode;
  return {
    event_type: SUBMITTED[spec.kind],
    state: spec.kind === 'rollout' ? 'RolloutIntake' : 'Intake',
    visit: 1,
    kind: 'submitted',
    actor,
    message: spec.title,
    outputs: {
      title: spec.title,
      kind: spec.kind,
      run: spec.run,
      spec_digest,
      mode: strictest(environmentMode, asked ?? environmentMode),
      ...workOf(spec, snapshot),
      ...(measured === 'off' ? {} : { telemetry: measured }),
    },
  };
};
