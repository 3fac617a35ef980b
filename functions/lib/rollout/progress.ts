import * as z from 'zod';
import type { JobEvent } from '../../../contracts/events.ts';
import { RolloutStage } from '../../../contracts/job-spec.ts';
import { CanaryResult, StageEvidence } from '../../../contracts/rollout.ts';
import type { Settings } from './flags.ts';

/** Outputs of ROLLOUT_STAGE_SET. */
const StageSet = z.object({ stage: RolloutStage, before: z.record(z.string(), z.unknown()).optional() });
/** Outputs of CANARY_COMPLETED. */
const Completed = z.object({ stage: RolloutStage, canary: CanaryResult });

/** How far a rollout is, from its events. */
export type Progress = {
  /** The highest stage that was entered; null before the first. */
  reached: number | null;
  /** Flags as they were before the rollout touched them. */
  before: Settings;
  canaries: { stage: number; result: CanaryResult }[];
  /** Of the stages that were judged, in order. */
  evidence: StageEvidence[];
};

export const progressOf = (events: readonly JobEvent[]): Progress => {
  const progress: Progress = { reached: null, before: {}, canaries: [], evidence: [] };
  for (const { event_type, outputs } of events) {
    if (event_type === 'ROLLOUT_STAGE_SET') {
      const { stage, before } = StageSet.parse(outputs);
      progress.reached = Math.max(progress.reached ?? 0, stage);
      if (before) progress.before = before;
    }
    if (event_type === 'CANARY_COMPLETED') {
      const { stage, canary: result } = Completed.parse(outputs);
      progress.canaries.push({ stage, result });
    }
    if (event_type === 'STAGE_EVALUATED') progress.evidence.push(StageEvidence.parse(outputs['evidence']));
  }
  return progress;
};

/** Share of the validation's canaries that succeeded: what later stages are compared with. Null before stage 0 was judged. */
export const baselineOf = ({ evidence }: Progress): number | null => evidence.find(({ stage }) => stage === 0)?.success_rate ?? null;
