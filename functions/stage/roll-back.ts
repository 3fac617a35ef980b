import type { World } from '../../adapters/world.ts';
import { type Channel, Refusal } from '../../contracts/commands.ts';
import { asError } from '../../contracts/errors.ts';
import type { Actor, JobEvent } from '../../contracts/events.ts';
import type { JobState } from '../../contracts/job-state.ts';
import { fold, toRecord } from '../lib/fold.ts';
import { canaryActor } from '../lib/rollout/canaries.ts';
import { flagsAfterRollback, rollbackStage, type Settings } from '../lib/rollout/flags.ts';
import { progressOf } from '../lib/rollout/progress.ts';
import { BY_A_PERSON, rolloutFacts } from '../lib/rollout/view.ts';
import { cancelJob } from './cancel.ts';
import { openCanaries } from './open-canaries.ts';
import { soon } from './open-job.ts';
import { setFlagsBack } from './rollout.ts';
import { appendDecided, finishCancel } from './settle.ts';

/** Until the reconciler completes a rollback that was cut off, in ms. */
const COMPLETE_AFTER_MS = 2_000;
const MAX_REASON = 2000;

/** What a rollback sets, and from where to where it leads. */
export const undoing = (state: JobState, events: readonly JobEvent[]) => {
  const { reached, before } = progressOf(events);
  const to_stage = rollbackStage(reached ?? 0);
  // Stage 0 has set nothing: there is nothing to set back.
  const flags = (reached ?? 0) === 0 ? {} : flagsAfterRollback(rolloutFacts(state, events).target, before, to_stage);
  return { from_stage: reached, to_stage, flags };
};

/** @throws Refusal for what is no rollout, or one that is over */
const refuseEnded = (state: JobState): void => {
  const { job_id } = state;
  if (state.kind !== 'rollout')
    throw new Refusal('DECISION_CONFLICT', `job ${job_id} is of kind ${state.kind}; only a rollout is rolled back`);
  if (state.status !== 'DONE' || state.outcome === 'rolled_back') return;
  const remedy =
    state.outcome === 'succeeded'
      ? 'to take its features back, use "holdpoint kill --to stage1"'
      : 'set its flags with "holdpoint flags set"';
  throw new Refusal('DECISION_CONFLICT', `rollout ${job_id} is over (${state.outcome}); nothing was rolled back: ${remedy}`);
};

/** Canaries must not go on under flags that nobody judges any more. One that cannot be stopped does not undo the rollback. */
const stopCanaries = async (world: World, state: JobState, events: readonly JobEvent[]): Promise<void> => {
  for (const { job_id, status } of await openCanaries(world, state, events)) {
    if (status === null || status === 'DONE') continue;
    const reason = `rollout ${state.job_id} was rolled back`;
    await cancelJob(world, job_id, { reason, actor: canaryActor(state.job_id) }).catch((thrown: unknown) => world.report(asError(thrown)));
  }
};

/**
 * A person rolls a rollout back. Flags first, so that a crash leaves the safe state; then ROLLED_BACK, after which no stage can write;
 * flags again, for a stage that was being entered meanwhile; then the execution is stopped and DONE written, as in a cancellation.
 */
export const rollBackJob = async (
  world: World,
  jobId: string,
  { reason, actor, channel }: { reason: string | null; actor: Actor; channel: Channel },
): Promise<JobState> => {
  const events = await world.log.read(jobId);
  const known = fold(events);
  if (!known) throw new Refusal('NOT_FOUND', `there is no job ${jobId}`);
  refuseEnded(known);
  if (known.status === 'DONE') return known;
  await world.index.checkSoon(jobId, soon(world, COMPLETE_AFTER_MS));
  const why = `rollout ${jobId} is rolled back by ${actor.id}: ${reason ?? 'no reason given'}`.slice(0, MAX_REASON);
  const setBack = (flags: Settings) => setFlagsBack(world, flags, { reason: why, actor });
  await setBack(undoing(known, events).flags);
  const place = { event_type: 'ROLLED_BACK', state: 'Control', visit: 1, actor, message: reason } as const;
  const { state } = await appendDecided<null>(world, jobId, (now, log) => {
    refuseEnded(now);
    const already = log.some(({ event_type }) => event_type === 'ROLLED_BACK');
    return already ? { settled: null } : { draft: { ...place, outputs: { reason: BY_A_PERSON, ...undoing(now, log), channel } } };
  });
  await world.index.put(toRecord(state), soon(world, 0));
  const log = (await world.log.read(jobId)).filter(({ event_type }) => event_type !== 'ROLLED_BACK');
  await world.executions('rollout').stop(state.owner_run, 'rolled_back', `rollout ${jobId} was rolled back`);
  await setBack(undoing(state, log).flags);
  await stopCanaries(world, fold(log) ?? known, log);
  return finishCancel(world, jobId);
};
