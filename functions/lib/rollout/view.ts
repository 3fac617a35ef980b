import * as z from 'zod';
import type { JobEvent } from '../../../contracts/events.ts';
import { RolloutStage, RolloutTarget } from '../../../contracts/job-spec.ts';
import type { JobState } from '../../../contracts/job-state.ts';
import { STAGES, type StageEvidence } from '../../../contracts/rollout.ts';
import type { CanaryView, RollbackView, RolloutView, StageStanding, StageView } from '../../../contracts/rollout-http.ts';
import { type Progress, progressOf } from './progress.ts';

const Submitted = z.object({ target: RolloutTarget, through: RolloutStage });
const Entered = z.object({ stage: RolloutStage, flags: z.record(z.string(), z.unknown()), canaries: z.int() });
type Entered = z.infer<typeof Entered> & { at: string };
const RolledBack = z.object({
  reason: z.string(),
  from_stage: z.int().nullable(),
  to_stage: z.int(),
  flags: z.record(z.string(), z.unknown()),
});

/** Reason of a rollback that nothing but a person's decision led to. */
export const BY_A_PERSON = 'ROLLED_BACK_BY_A_PERSON';

/** A canary that has not ended, as its job stands. */
export type OpenCanary = Omit<CanaryView, 'result'> & { stage: number };

/** What a rollout is, beyond any job. */
export type RolloutFacts = Omit<RolloutView, 'job_id' | 'title' | 'kind' | 'status' | 'step' | 'outcome' | JobOnly>;
type JobOnly = 'subject_digest' | 'mode' | 'degraded' | 'created_at' | 'updated_at' | 'links';

const enteredIn = (events: readonly JobEvent[]): Map<number, Entered> =>
  new Map(
    events.flatMap(({ event_type, outputs, at }) => {
      if (event_type !== 'ROLLOUT_STAGE_SET') return [];
      const entered = Entered.parse(outputs);
      return [[entered.stage, { ...entered, at }] as const];
    }),
  );

const rollbackIn = (events: readonly JobEvent[]): RollbackView | null => {
  const event = events.findLast(({ event_type }) => event_type === 'ROLLED_BACK');
  return event ? { ...RolledBack.parse(event.outputs), message: event.message, by: event.actor.id, at: event.at } : null;
};

type Known = { state: JobState; progress: Progress; through: number; rollback: RollbackView | null };

/** The stage whose entry waits for an approval; null where none does. */
export const awaitedStage = (state: JobState): number | null => {
  const [, stage] = (state.status === 'WAITING_APPROVAL' && /^stage_(\d)$/.exec(state.step)) || [];
  return stage === undefined ? null : Number(stage);
};

const enteredStanding = (stage: number, evidence: StageEvidence | undefined, { state, rollback }: Known): StageStanding => {
  if (evidence?.verdict === 'breached') return 'breached';
  // A rollback to stage 0 undoes what stages set, not what the validation found.
  if (rollback !== null && stage > rollback.to_stage) return 'rolled_back';
  if (evidence) return 'passed';
  return state.status === 'DONE' || state.cancelled ? 'stopped' : 'running';
};

/** Before its canaries, the validation runs the project's checks, or asks a person about them. */
const validating = ({ state, rollback }: Known): StageStanding => {
  if (state.status === 'DONE') return rollback && rollback.reason !== BY_A_PERSON ? 'breached' : 'stopped';
  return state.status === 'WAITING_HUMAN' ? 'waiting' : 'running';
};

const standingOf = (stage: number, evidence: StageEvidence | undefined, known: Known): StageStanding => {
  const { state, progress, through } = known;
  if (stage > through) return 'not_planned';
  if (progress.reached !== null && stage <= progress.reached) return enteredStanding(stage, evidence, known);
  if (awaitedStage(state) === stage) return 'waiting';
  if (stage === 0) return validating(known);
  return state.status === 'DONE' || state.cancelled ? 'not_entered' : 'ahead';
};

const canariesOf = (stage: number, { progress }: Known, open: readonly OpenCanary[]): CanaryView[] => {
  const ended = progress.canaries
    .filter((canary) => canary.stage === stage)
    .map(({ result }): CanaryView => ({ index: result.index, job_id: result.job_id, status: result.status, step: null, result }));
  const running = open.filter((canary) => canary.stage === stage && !ended.some(({ index }) => index === canary.index));
  return [...ended, ...running.map(({ index, job_id, status, step }) => ({ index, job_id, status, step, result: null }))].toSorted(
    (a, b) => a.index - b.index,
  );
};

/** How far a rollout is: its ladder, from its own events alone. `open` are canaries that have not ended, for who knows them. */
export const rolloutFacts = (state: JobState, events: readonly JobEvent[], open: readonly OpenCanary[] = []): RolloutFacts => {
  const { target, through } = Submitted.parse(events[0]?.outputs);
  const progress = progressOf(events);
  const entered = enteredIn(events);
  const known: Known = { state, progress, through, rollback: rollbackIn(events) };
  const stages = STAGES.map(({ name }, stage): StageView => {
    const evidence = progress.evidence.find((one) => one.stage === stage);
    const at = entered.get(stage);
    return {
      stage,
      name,
      standing: standingOf(stage, evidence, known),
      flags: at?.flags ?? null,
      entered_at: at?.at ?? null,
      planned: at?.canaries ?? null,
      canaries: canariesOf(stage, known, open),
      evidence: evidence ?? null,
    };
  });
  return { target, through, stages, flags_before: progress.before, rollback: known.rollback };
};
