import type { World } from '../../adapters/world.ts';
import { type Channel, Refusal } from '../../contracts/commands.ts';
import { asError } from '../../contracts/errors.ts';
import type { Actor, EventDraft, JobEvent } from '../../contracts/events.ts';
import { type JobState, REDRIVABLE } from '../../contracts/job-state.ts';
import type { JobRecord, TaskToken } from '../../contracts/ports.ts';
import { linkedApprovers } from '../lib/capability.ts';
import { eventId, sealEvent } from '../lib/event.ts';
import { dueEvent } from '../lib/expiry.ts';
import { evolve, findApproval, fold, toRecord } from '../lib/fold.ts';
import { executionName } from '../lib/open-job.ts';
import { issueLink } from './approval-commands.ts';
import { deliver } from './deliver.ts';
import { indexLinks } from './hold.ts';
import { jobSpecKey, LOOK_AFTER_MS, nextLook, soon } from './open-job.ts';
import { appendDecided, finishCancel } from './settle.ts';
import { showEnded } from './telemetry.ts';
import { tell } from './tell.ts';

export type ReconcileReport = { checked: number; repaired: number; redelivered: number; redriven: number; failed: number };

/** When a row without a log is looked at again, in ms. */
const LOST_SUBMISSION_MS = 60 * 60_000;
/** Jobs one pass takes on; the next pass takes the rest. */
const BATCH = 100;
/** Executions a job is given without a person asking for another. */
const MAX_AUTOMATIC_REDRIVES = 3;

const RECONCILER: Actor = { type: 'system', id: 'reconcile', identity: 'none' };

type Job = { events: JobEvent[]; state: JobState };

/** Who asks for another execution; only people come through a channel. */
type Asker = { actor: Actor; channel?: Channel };

const readSpec = async (world: World, jobId: string): Promise<string> => {
  const spec = await world.artifacts.get(jobSpecKey(jobId));
  if (!spec) throw new Error(`job ${jobId} has no ${jobSpecKey(jobId)}; restore it from its versions`);
  return new TextDecoder().decode(spec.body);
};

/**
 * Gives the job to a new execution that runs it from its log: REDRIVEN first, so that the old one, should it
 * still live, learns that it was superseded.
 */
export const redrive = async (
  world: World,
  { state }: Job,
  reason: string | null,
  { actor, channel }: Asker = { actor: RECONCILER },
): Promise<boolean> => {
  const owner_run = executionName(state.job_id, state.redrives + 2);
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
  await world.executions.stop(state.owner_run, 'Superseded', `execution ${owner_run} owns job ${state.job_id} now`);
  await world.executions.start(owner_run, await readSpec(world, state.job_id));
  await world.index.put(toRecord(evolve(state, event)), soon(world, LOOK_AFTER_MS));
  return true;
};

/** Starts the execution that the log names, where a crash came between the two. True when it had to. */
const startOwner = async (world: World, state: JobState): Promise<boolean> => {
  if ((await world.executions.status(state.owner_run)) !== 'NOT_FOUND') return false;
  await world.executions.start(state.owner_run, await readSpec(world, state.job_id));
  return true;
};

/** A person gives a job that ended badly another execution. */
export const redriveJob = async (world: World, jobId: string, asked: Asker & { reason: string | null }): Promise<JobState> => {
  for (;;) {
    const events = await world.log.read(jobId);
    const state = fold(events);
    if (!state) throw new Refusal('NOT_FOUND', `there is no job ${jobId}`);
    if (state.status !== 'DONE') {
      if (await startOwner(world, state)) return state;
      throw new Refusal('DECISION_CONFLICT', `job ${jobId} is ${state.status}, not done; there is nothing to redrive`);
    }
    if (!REDRIVABLE.includes(state.outcome)) {
      throw new Refusal(
        'DECISION_CONFLICT',
        `job ${jobId} ended ${state.outcome}; only ${REDRIVABLE.join(', ')} can be redriven. Submit it with another "run" instead`,
      );
    }
    if (await redrive(world, { state, events }, asked.reason, asked)) {
      const after = fold(await world.log.read(jobId));
      if (after) return after;
    }
  }
};

/** True when the log waits, or was just decided, at a hold whose token nobody has any more. */
const lostItsToken = ({ state, events }: Job, tokens: TaskToken[]): boolean => {
  if (tokens.length > 0) return false;
  const last = events.at(-1);
  const decidedLast =
    last !== undefined &&
    ['APPROVED', 'REVISION_REQUESTED', 'REJECTED', 'RESUMED'].includes(last.event_type) &&
    last.outputs['auto'] !== true;
  return state.status === 'WAITING_APPROVAL' || state.status === 'WAITING_HUMAN' || decidedLast;
};

/** Reminders and expiry of an open approval: settled by the log like any decision. Returns the state after. */
const passTime = async (world: World, before: JobState): Promise<JobState> => {
  let state = before;
  while (state.status === 'WAITING_APPROVAL') {
    const at = world.clock().toISOString();
    const draft = dueEvent(state.approval, at);
    if (!draft) break;
    const { job_id, owner_run: run_id, last_seq, last_hash } = state;
    const event = sealEvent(draft, { job_id, run_id, last_seq, last_hash, at });
    // Somebody was faster: the next pass looks at what they made of it.
    if ((await world.log.append(event)) === 'conflict') break;
    state = evolve(state, event);
  }
  return state;
};

/** What was asked and what time did, to those who can still decide. Told again, it is sent once. */
const tellAll = async (world: World, state: JobState, events: readonly JobEvent[]): Promise<void> => {
  if (state.status !== 'WAITING_APPROVAL' && state.status !== 'WAITING_HUMAN') return;
  const { approval } = state;
  await tell(world, 'opened', state, approval, 1);
  if (approval.reminders > 0) await tell(world, 'reminded', state, approval, approval.reminders);
  if (approval.expiries === 0) return;
  const last = events.findLast(({ event_type }) => event_type === 'APPROVAL_EXPIRED');
  await tell(world, last?.outputs['action'] === 'escalate' ? 'escalated' : 'expired', state, approval, approval.expiries);
};

/** Every named approver has a link that is good for as long as the approval asks, unless somebody revoked it. */
const ensureLinks = async (world: World, state: JobState): Promise<JobState> => {
  let after: JobState = state;
  if (state.status !== 'WAITING_APPROVAL') return after;
  for (const approver of linkedApprovers(state.approval)) {
    const latest = state.approval.links.findLast((link) => link.approver === approver);
    if (latest && (latest.revoked || latest.expires_at >= state.approval.expires_at)) continue;
    after = await issueLink(world, after, state.approval, approver);
  }
  return after;
};

/** What the execution's end or a lost token asks for; null when all is well. */
const whyRedrive = async (world: World, job: Job, tokens: TaskToken[], restartWaiters: boolean): Promise<string | null> => {
  const status = await world.executions.status(job.state.owner_run);
  if (status === 'RUNNING' || status === 'PENDING_REDRIVE') {
    world.meter.add('HistoryEvents', await world.executions.historyLength(job.state.owner_run));
    return restartWaiters && lostItsToken(job, tokens) ? 'its task token was lost; the wait is opened again' : null;
  }
  // Named by the log but never started: the start itself was lost.
  if (status === 'NOT_FOUND' && (await startOwner(world, job.state))) return null;
  return `execution ${job.state.owner_run} is ${status} but the job is not done`;
};

const secondsSince = (world: World, at: string | null | undefined): number =>
  at ? Math.max(0, (world.timer().getTime() - Date.parse(at)) / 1000) : 0;

/** True where the row shows something else than the log says. A row may miss events that change nothing it shows. */
const isBehind = (row: JobRecord | null, state: JobState): boolean => {
  const { status, step, outcome } = toRecord(state);
  return row?.status !== status || row.step !== step || row.outcome !== outcome;
};

/** How long the oldest open question waits. */
const measureApprovals = async (world: World): Promise<void> => {
  const { items } = await world.index.waiting({ limit: 1 });
  world.meter.add('OldestApprovalAge', secondsSince(world, items[0]?.opened_at));
};

/** A job whose executions keep going away ends, with the reason, instead of starting for ever. */
const giveUp = async (world: World, { state }: Job, reason: string): Promise<void> => {
  const timedOut = (await world.executions.status(state.owner_run)) === 'TIMED_OUT';
  const place = { state: 'Control', visit: 1, ordinal: state.redrives, actor: RECONCILER, message: reason };
  const status = timedOut ? 'timed_out' : 'error';
  const drafts: EventDraft[] = [
    {
      ...place,
      event_type: timedOut ? 'JOB_TIMEOUT' : 'ERROR',
      outputs: { reason: timedOut ? 'JOB_TIMEOUT' : 'EXECUTION_GONE', detail: reason },
    },
    { ...place, event_type: 'DONE', outputs: { status, reason } },
  ];
  let after = state;
  for (const draft of drafts) {
    const settled = await appendDecided<null>(world, state.job_id, (now, events) => {
      const known = events.some(({ event_id }) => event_id === eventId(state.job_id, draft));
      return now.status === 'DONE' || known ? { settled: null } : { draft };
    });
    after = settled.state;
  }
  await showEnded(world, after);
};

const reconcileJob = async (world: World, jobId: string, restartWaiters: boolean, report: ReconcileReport): Promise<void> => {
  const events = await world.log.read(jobId);
  const folded = fold(events);
  report.checked += 1;
  // A row without a log: its submission died before event 1. The next submission completes it.
  if (!folded) return world.index.checkSoon(jobId, soon(world, LOST_SUBMISSION_MS));
  const before = await world.index.get(jobId);
  if (before?.last_seq !== folded.last_seq) report.repaired += 1;
  if (isBehind(before, folded)) world.meter.add('ProjectionLag', secondsSince(world, events.at(-1)?.at));
  if (folded.status === 'DONE') return showEnded(world, folded, events);
  const state = await ensureLinks(world, await passTime(world, folded));
  await world.index.put(toRecord(state), nextLook(world, state));
  if (state.cancelled) {
    await finishCancel(world, jobId);
    report.repaired += 1;
    return;
  }
  if (state.status === 'WAITING_APPROVAL') await indexLinks(world, jobId, state.approval);
  await tellAll(world, state, state.last_seq === folded.last_seq ? events : await world.log.read(jobId));
  await world.outbox.flush(jobId);
  const tokens = await world.tokens.list(jobId);
  const decided = tokens.filter((token) => findApproval(state, token)?.decision);
  if (decided.length > 0) {
    report.redelivered += await deliver(world, state, decided);
    return;
  }
  const reason = await whyRedrive(world, { events, state }, tokens, restartWaiters);
  if (!reason) return;
  if (state.automatic_redrives >= MAX_AUTOMATIC_REDRIVES) await giveUp(world, { events, state }, reason);
  else if (await redrive(world, { events, state }, reason)) report.redriven += 1;
};

/** One job that cannot be brought in line must not keep the others waiting. */
const reconcileApart = async (world: World, jobId: string, restartWaiters: boolean, report: ReconcileReport): Promise<void> => {
  try {
    await reconcileJob(world, jobId, restartWaiters, report);
  } catch (thrown) {
    const error = asError(thrown);
    report.failed += 1;
    world.report(new Error(`job ${jobId} could not be reconciled: ${error.message}`, { cause: error }));
    await world.index.checkSoon(jobId, soon(world, LOOK_AFTER_MS));
  }
};

/**
 * One pass: brings projection, deliveries and executions in line with the log. `all` looks at every job that
 * has a log; otherwise only at those whose check is due. Runs concurrently with everything else: whatever
 * it decides is settled by the log.
 */
export const reconcile = async (world: World, options: { restartWaiters: boolean; all: boolean }): Promise<ReconcileReport> => {
  const report: ReconcileReport = { checked: 0, repaired: 0, redelivered: 0, redriven: 0, failed: 0 };
  await measureApprovals(world);
  // Lost tokens are nobody's due date.
  if (options.all || options.restartWaiters) {
    for await (const jobId of world.log.jobs()) await reconcileApart(world, jobId, options.restartWaiters, report);
    return report;
  }
  for (const jobId of await world.index.due(world.timer().toISOString(), BATCH)) {
    await reconcileApart(world, jobId, options.restartWaiters, report);
  }
  return report;
};
