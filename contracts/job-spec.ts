import * as z from 'zod';
import { Blueprint } from './blueprint.ts';
import { IsoDate, PolicyBundleId, SnapshotId } from './ids.ts';
import { Mode } from './llm.ts';

/** Largest job spec accepted, in bytes of its JSON text. */
export const JOB_SPEC_MAX_BYTES = 200 * 1024;

export const Idea = z.strictObject({
  hypothesis: z.string().min(1).max(4000),
  symbols: z
    .array(z.string().regex(/^[A-Z0-9._^-]{1,16}$/))
    .min(1)
    .max(8),
  frequency: z.literal('1d'),
  start: IsoDate,
  end: IsoDate,
});
export type Idea = z.infer<typeof Idea>;

const common = {
  schema_version: z.literal('job_spec_v1'),
  title: z.string().min(1).max(200),
  /** A deliberate re-run of the same work is another job: count up. */
  run: z.int().min(1).max(1_000_000).default(1),
  snapshot_id: SnapshotId,
  policy_bundle: PolicyBundleId,
  /** Can only ask for something safer than the environment allows. */
  llm: z.strictObject({ mode: Mode }).optional(),
};

/** `job_spec_v1`: everything that makes a job that job, and nothing about who asked. */
export const JobSpec = z.discriminatedUnion('kind', [
  z.strictObject({ ...common, kind: z.literal('idea'), idea: Idea }).refine((spec) => spec.idea.start < spec.idea.end, {
    path: ['idea', 'end'],
    message: 'must be after idea.start',
  }),
  z.strictObject({ ...common, kind: z.literal('blueprint'), blueprint: Blueprint }),
]);
export type JobSpec = z.infer<typeof JobSpec>;
