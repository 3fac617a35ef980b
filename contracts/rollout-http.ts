import * as z from 'zod';
import { JobView } from './http.ts';
import { JobId } from './ids.ts';
import { RolloutStage, RolloutTarget } from './job-spec.ts';
import { JobStatus } from './job-state.ts';
import { CanaryResult, StageEvidence } from './rollout.ts';

/**
 * Where a stage of a rollout stands. `waiting`: its entry waits for an approval, or its checks for an answer. `stopped`: the rollout ended in it without a verdict.
 * `not_entered`: the rollout ended before it.
 */
export const StageStanding = z.enum([
  'ahead',
  'waiting',
  'running',
  'passed',
  'breached',
  'rolled_back',
  'stopped',
  'not_entered',
  'not_planned',
]);
export type StageStanding = z.infer<typeof StageStanding>;

/** A canary of a stage. `status` is null before its job was opened; `result` is null before it ended. */
export const CanaryView = z.strictObject({
  index: z.int().min(0),
  job_id: JobId,
  status: JobStatus.nullable(),
  step: z.string().nullable(),
  result: CanaryResult.nullable(),
});
export type CanaryView = z.infer<typeof CanaryView>;

export const StageView = z.strictObject({
  stage: RolloutStage,
  name: z.string(),
  standing: StageStanding,
  /** Flags that entering it set; null before. */
  flags: z.record(z.string(), z.unknown()).nullable(),
  entered_at: z.string().nullable(),
  /** Canaries that were planned; null before the stage was entered. */
  planned: z.int().nullable(),
  canaries: z.array(CanaryView),
  evidence: StageEvidence.nullable(),
});
export type StageView = z.infer<typeof StageView>;

/** What a rollback did. `flags` are the values it set. */
export const RollbackView = z.strictObject({
  reason: z.string(),
  message: z.string().nullable(),
  by: z.string(),
  at: z.string(),
  from_stage: z.int().nullable(),
  to_stage: z.int(),
  flags: z.record(z.string(), z.unknown()),
});
export type RollbackView = z.infer<typeof RollbackView>;

/** A rollout as the API shows it: the job, and how far its stages are. */
export const RolloutView = z.strictObject({
  ...JobView.shape,
  target: RolloutTarget,
  through: RolloutStage,
  stages: z.array(StageView),
  /** Flags of the target as they were before the rollout touched them. */
  flags_before: z.record(z.string(), z.unknown()),
  rollback: RollbackView.nullable(),
});
export type RolloutView = z.infer<typeof RolloutView>;

export const RolloutList = z.strictObject({ rollouts: z.array(RolloutView), next_cursor: z.string().nullable() });

export const RollbackBody = z.strictObject({ reason: z.string().trim().min(1).max(4000).optional() });
export type RollbackBody = z.infer<typeof RollbackBody>;
