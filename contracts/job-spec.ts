import * as z from 'zod';
import { Blueprint } from './blueprint.ts';
import { flagProblem } from './flags.ts';
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

const identity = {
  schema_version: z.literal('job_spec_v1'),
  title: z.string().min(1).max(200),
  /** A deliberate re-run of the same work is another job: count up. */
  run: z.int().min(1).max(1_000_000).default(1),
};

const research = {
  ...identity,
  snapshot_id: SnapshotId,
  policy_bundle: PolicyBundleId,
  /** Can only ask for something safer than the environment allows. */
  llm: z.strictObject({ mode: Mode }).optional(),
};

const IdeaJob = z.strictObject({ ...research, kind: z.literal('idea'), idea: Idea }).refine((spec) => spec.idea.start < spec.idea.end, {
  path: ['idea', 'end'],
  message: 'must be after idea.start',
});
const BlueprintJob = z.strictObject({ ...research, kind: z.literal('blueprint'), blueprint: Blueprint });

/** What a rollout brings in, stage by stage: the system's own features, or any flags. */
export const RolloutTarget = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('features') }),
  z.strictObject({
    kind: z.literal('flags'),
    /** Values the flags are to have. Which flags there are is no part of the document's version. */
    set: z
      .record(z.string().max(64), z.json())
      .refine((set) => Object.keys(set).length > 0, 'names no flag')
      .superRefine((set, context) => {
        for (const [name, value] of Object.entries(set)) {
          const problem = flagProblem(name, value);
          if (problem) context.addIssue({ code: 'custom', path: [name], message: problem });
        }
      }),
  }),
]);
export type RolloutTarget = z.infer<typeof RolloutTarget>;

/** The last stage there is: 0 validation, 1 telemetry, 2 history pack, 3 extended contexts. */
export const LAST_STAGE = 3;
/** Stages of a rollout, by number. */
export const RolloutStage = z.int().min(0).max(LAST_STAGE);
export type RolloutStage = z.infer<typeof RolloutStage>;

/** `rollout_v1`: what is brought in, how far, and the jobs that show whether it works. */
export const Rollout = z.strictObject({
  schema_version: z.literal('rollout_v1'),
  target: RolloutTarget,
  /** Where to stop climbing. 0: validation only. */
  through: RolloutStage.default(LAST_STAGE),
  /** Specs of canary jobs, taken in turn. Each canary has a title and a `run` of its own, made from rollout, stage and index. */
  canaries: z
    .array(z.discriminatedUnion('kind', [IdeaJob, BlueprintJob]))
    .min(1)
    .max(10),
});
export type Rollout = z.infer<typeof Rollout>;

const RolloutJob = z.strictObject({ ...identity, kind: z.literal('rollout'), rollout: Rollout });

/** `job_spec_v1`: everything that makes a job that job, and nothing about who asked. */
export const JobSpec = z.discriminatedUnion('kind', [IdeaJob, BlueprintJob, RolloutJob]);
export type JobSpec = z.infer<typeof JobSpec>;

/** A rollout as a job. */
export type RolloutJob = z.infer<typeof RolloutJob>;
/** Research: everything but rollouts. */
export type ResearchJob = Exclude<JobSpec, RolloutJob>;
