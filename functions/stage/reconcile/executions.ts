import type { World } from '../../../adapters/world.ts';
import { type Channel, Refusal } from '../../../contracts/commands.ts';
import type { Actor, JobEvent } from '../../../contracts/events.ts';
import { longestSilence } from '../../../contracts/flow.ts';
import { type JobState, REDRIVABLE } from '../../../contracts/job-state.ts';
import type { ExecutionStatus } from '../../../contracts/ports.ts';
import { sealEvent } from '../../lib/event.ts';
import { asksWatchdog, evolve, fold, toRecord } from '../../lib/fold.ts';
import { executionName } from '../../lib/open-job.ts';
import { type ExecutionSays, executionSays } from '../../lib/precedence.ts';
import { jobSpecKey, LOOK_AFTER_MS, soon } from '../open-job.ts';

export type Job = { events: JobEvent[]; state: JobState };

/** Who asks for another execution; only people come through a channel. */
export type Asker = { actor: Actor; channel?: Channel };

const RECONCILER: Actor = { type: 'system', id: 'reconcile', identity: 'none' };

/** The input of the job's executions; null where it was lost. */
export const findSpec = async (world: World, jobId: string): Promise<string | null> => {
  const spec = await world.artifacts.get(jobSpecKey(jobId));
  return spec && new TextDecoder().decode(spec.body);
};

export const specIsMissing = (jobId: string): string => `${jobSpecKey(jobId)} is missing; restore it from its versions`;

const readSpec = async (world: World, jobId: string): Promise<string> => {
  const spec = await findSpec(world, jobId);
  if (spec === null) throw new Error(`job ${jobId} cannot be given an execution: ${specIsMissing(jobId)}`);
  return spec;
};

/**
 * Gives the job to a new execution that runs it from its log: REDRIVEN first, so that the old one, should it
 * still live, learns that it was superseded.
 */
export const redrive = async (
  world: World,
  { state }: Pick<Job, 'state'>,
  reason: string | null,
  { actor, channel }: Asker = { actor: RECONCILER },
): Promise<boolean> => {
  const owner_run = executionName(state.job_id, state.redrives + 2);
  const spec = await readSpec(world, state.job_id);
  // Before the event: a crash right after it must leave a job that is looked at.
  await world.index.checkSoon(state.job_id, soon(world, LOOK_AFTER_MS));
  const event = sealEvent(
    {
      event_type: 'REDRIVEN',
      state: 'Control',
      visit: 1,
      ordinal: state.redrives,
      actor,
      message: reason,
      outputs: { owner_run, previous_run: state.owner_run, ...(channel ? { channel } : {}) },
    },
    { ...state, run_id: owner_run, at: world.clock().toISOString() },
  );
  if ((await world.log.append(event)) === 'conflict') {
    // The same event there is this one, written by a try whose answer was lost. Anything else moved the job on.
    const now = await world.log.read(state.job_id);
    if (!now.some(({ event_id }) => event_id === event.event_id)) return false;
  }
  await world.executions(state.kind).stop(state.owner_run, 'Superseded', `execution ${owner_run} owns job ${state.job_id} now`);
  await world.executions(state.kind).start(owner_run, spec);
  await world.index.put(toRecord(evolve(state, event)), soon(world, LOOK_AFTER_MS));
  return true;
};

/** Starts the execution that the log names and nobody started. */
export const startOwner = async (world: World, { owner_run, job_id, kind }: JobState): Promise<void> =>
  world.executions(kind).start(owner_run, await readSpec(world, job_id));

/** A person gives a job that ended badly another execution. */
export const redriveJob = async (world: World, jobId: string, asked: Asker & { reason: string | null }): Promise<JobState> => {
  for (;;) {
    const events = await world.log.read(jobId);
    const state = fold(events);
    if (!state) throw new Refusal('NOT_FOUND', `there is no job ${jobId}`);
    if (state.status !== 'DONE') {
      if (asksWatchdog(state)) {
        const remedy = `answer it with "holdpoint resume ${jobId} continue", or stop`;
        throw new Refusal('DECISION_CONFLICT', `job ${jobId} waits for an answer to the watchdog; ${remedy}`);
      }
      // A crash came between the log and the start.
      if ((await world.executions(state.kind).status(state.owner_run)) === 'NOT_FOUND') {
        await startOwner(world, state);
        return state;
      }
      throw new Refusal('DECISION_CONFLICT', `job ${jobId} is ${state.status}, not done; there is nothing to redrive`);
    }
    if (!REDRIVABLE.includes(state.outcome)) {
      throw new Refusal(
        'DECISION_CONFLICT',
        `job ${jobId} ended ${state.outcome}; only ${REDRIVABLE.join(', ')} can be redriven. Submit it with another "run" instead`,
      );
    }
    if (await redrive(world, { state }, asked.reason, asked)) {
      const after = fold(await world.log.read(jobId));
      if (after) return after;
    }
  }
};

export type Seen = { status: ExecutionStatus | 'NOT_FOUND'; says: ExecutionSays; newest_at: string | null };

/**
 * Looks at the execution that owns the job. Signs of life are what is there anyway: the newest event of the log, and the newest line of the
 * execution's history, which every attempt at every state writes.
 */
export const observe = async (world: World, { state, events }: Job): Promise<Seen> => {
  const status = await world.executions(state.kind).status(state.owner_run);
  if (status !== 'RUNNING' && status !== 'PENDING_REDRIVE') return { status, says: executionSays(status, false), newest_at: null };
  const { events: count, newest_at } = await world.executions(state.kind).history(state.owner_run);
  world.meter.add('HistoryEvents', count);
  const signs = [events.at(-1)?.at, newest_at].flatMap((at) => (at ? [Date.parse(at)] : []));
  const quiet = world.timer().getTime() - Math.max(...signs) > longestSilence(state.kind) * 1000;
  return { status, says: executionSays(status, quiet), newest_at };
};
