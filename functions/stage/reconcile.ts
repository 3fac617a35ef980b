import type { World } from '../../adapters/world.ts';
import type { JobEvent } from '../../contracts/events.ts';
import type { JobState } from '../../contracts/job-state.ts';
import type { TaskToken } from '../../contracts/ports.ts';
import { sealEvent } from '../lib/event.ts';
import { evolve, findApproval, fold, toRecord } from '../lib/fold.ts';
import { executionName } from '../lib/open-job.ts';
import { deliver } from './deliver.ts';
import { jobSpecKey, LOOK_AFTER_MS, soon } from './open-job.ts';
import { finishCancel } from './settle.ts';

export type ReconcileReport = { checked: number; repaired: number; redelivered: number; redriven: number };

/** Jobs one pass takes on; the next pass takes the rest. */
const BATCH = 100;
/** Executions a job is given without a person asking for another. */
const MAX_AUTOMATIC_REDRIVES = 3;

type Job = { events: JobEvent[]; state: JobState };

const readSpec = async (world: World, jobId: string): Promise<string> => {
  const spec = await world.artifacts.get(jobSpecKey(jobId));
  if (!spec) throw new Error(`job ${jobId} has no ${jobSpecKey(jobId)}; restore it from its versions`);
  return new TextDecoder().decode(spec.body);
};

/**
 * Gives the job to a new execution that runs it from its log: REDRIVEN first, so that the old one, should it
 * still live, learns that it was superseded.
 */
export const redrive = async (world: World, { state }: Job, reason: string): Promise<boolean> => {
  const owner_run = executionName(state.job_id, state.redrives + 2);
  const event = sealEvent(
    {
      event_type: 'REDRIVEN',
      state: 'Control',
      visit: 1,
      ordinal: state.redrives,
      actor: { type: 'system', id: 'reconcile', identity: 'none' },
      message: reason,
      outputs: { owner_run, previous_run: state.owner_run },
    },
    { ...state, run_id: owner_run, at: world.clock().toISOString() },
  );
  // Somebody else moved the job on: the next pass sees what that led to.
  if ((await world.log.append(event)) === 'conflict') return false;
  await world.executions.stop(state.owner_run, 'Superseded', `execution ${owner_run} owns job ${state.job_id} now`);
  await world.executions.start(owner_run, await readSpec(world, state.job_id));
  await world.index.put(toRecord(evolve(state, event)), soon(world, LOOK_AFTER_MS));
  return true;
};

/** True when the log waits, or was just decided, at a hold whose token nobody has any more. */
const lostItsToken = ({ state, events }: Job, tokens: TaskToken[]): boolean => {
  if (tokens.length > 0) return false;
  const last = events.at(-1);
  const decidedLast =
    last !== undefined && ['APPROVED', 'REVISION_REQUESTED', 'REJECTED'].includes(last.event_type) && last.outputs['auto'] !== true;
  return state.status === 'WAITING_APPROVAL' || decidedLast;
};

/** What the execution's end or a lost token asks for; null when all is well. */
const whyRedrive = async (world: World, job: Job, tokens: TaskToken[], restartWaiters: boolean): Promise<string | null> => {
  const status = await world.executions.status(job.state.owner_run);
  if (status === 'RUNNING' || status === 'PENDING_REDRIVE') {
    return restartWaiters && lostItsToken(job, tokens) ? 'its task token was lost; the wait is opened again' : null;
  }
  if (status === 'NOT_FOUND' && job.state.last_seq === 1) {
    await world.executions.start(job.state.owner_run, await readSpec(world, job.state.job_id));
    return null;
  }
  return job.state.redrives < MAX_AUTOMATIC_REDRIVES ? `execution ${job.state.owner_run} is ${status} but the job is not done` : null;
};

const nextLook = (world: World, state: JobState): string | null => {
  if (state.status === 'DONE') return null;
  const later = soon(world, LOOK_AFTER_MS);
  return state.status === 'WAITING_APPROVAL' && state.approval.expires_at > later ? state.approval.expires_at : later;
};

const reconcileJob = async (world: World, jobId: string, restartWaiters: boolean, report: ReconcileReport): Promise<void> => {
  const events = await world.log.read(jobId);
  const state = fold(events);
  report.checked += 1;
  // A row without a log: its submission died before event 1. The next submission completes it.
  if (!state) return;
  const before = await world.index.get(jobId);
  if (before?.last_seq !== state.last_seq) report.repaired += 1;
  await world.index.put(toRecord(state), nextLook(world, state));
  if (state.status === 'DONE') return;
  if (state.cancelled) {
    await finishCancel(world, jobId);
    report.repaired += 1;
    return;
  }
  const tokens = await world.tokens.list(jobId);
  const decided = tokens.filter((token) => findApproval(state, token)?.decision);
  if (decided.length > 0) {
    report.redelivered += await deliver(world, state, decided);
    return;
  }
  const reason = await whyRedrive(world, { events, state }, tokens, restartWaiters);
  if (reason && (await redrive(world, { events, state }, reason))) report.redriven += 1;
};

/**
 * One pass: brings projection, deliveries and executions in line with the log. `all` looks at every job that
 * has a log; otherwise only at those whose check is due. Runs concurrently with everything else: whatever
 * it decides is settled by the log.
 */
export const reconcile = async (world: World, options: { restartWaiters: boolean; all: boolean }): Promise<ReconcileReport> => {
  const report: ReconcileReport = { checked: 0, repaired: 0, redelivered: 0, redriven: 0 };
  // Lost tokens are nobody's due date.
  if (options.all || options.restartWaiters) {
    for await (const jobId of world.log.jobs()) await reconcileJob(world, jobId, options.restartWaiters, report);
    return report;
  }
  for (const jobId of await world.index.due(world.timer().toISOString(), BATCH)) {
    await reconcileJob(world, jobId, options.restartWaiters, report);
  }
  return report;
};
