import type { World } from '../../../adapters/world.ts';
import type { ReconcileOptions, ReconcileReport } from '../../../contracts/commands.ts';
import { asError } from '../../../contracts/errors.ts';
import type { JobEvent } from '../../../contracts/events.ts';
import type { JobState } from '../../../contracts/job-state.ts';
import type { TaskToken } from '../../../contracts/ports.ts';
import { fold } from '../../lib/fold.ts';
import { type Act, asksExecution, logSays, PRECEDENCE } from '../../lib/precedence.ts';
import { indexLinks } from '../hold.ts';
import { LOOK_AFTER_MS, soon } from '../open-job.ts';
import { finishCancel } from '../settle.ts';
import { tellNewest } from '../tell.ts';
import { lostItsToken, redeliver, undelivered } from './deliveries.ts';
import { findSpec, type Job, observe, redrive, type Seen, startOwner } from './executions.ts';
import { measureApprovals, showLog } from './projection.ts';
import { emptyReport, say } from './report.ts';
import { ensureLinks, passTime } from './time.ts';
import { carryOut, recover, stopExecution } from './watchdog.ts';

/** Jobs one pass takes on; the next pass takes the rest. */
const BATCH = 100;
/** Jobs of one pass that looks at everything that is not done. */
const OPEN_BATCH = 1000;
/** Later than any check is due. */
const EVER = '9999';

type Look = { job: Job; seen: Seen; report: ReconcileReport };

/** A recovery that was written down gets its execution. */
const goOn = async (world: World, { job, report }: Look): Promise<void> => {
  const { state, events } = job;
  const done = (await carryOut(world, job)) || (await redrive(world, job, events.at(-1)?.message ?? null));
  if (!done) return;
  report.redriven += 1;
  say(report, state.job_id, 'given another execution');
};

/** What each act does. */
const ACTS: Record<Exclude<Act, 'nothing' | 'deliver'>, (world: World, look: Look) => Promise<void>> = {
  finish_cancel: async (world, { job, report }) => {
    await finishCancel(world, job.state.job_id);
    report.repaired += 1;
    say(report, job.state.job_id, 'its cancellation was completed');
  },
  end: async (world, { job, report }) => {
    await carryOut(world, job);
    report.repaired += 1;
    say(report, job.state.job_id, 'ended, as the watchdog was told');
  },
  redrive: goOn,
  start: async (world, { job, seen, report }) => {
    // Without its input nobody can start it: a person is asked.
    if ((await findSpec(world, job.state.job_id)) === null) return recover(world, job, seen, report);
    await startOwner(world, job.state);
    say(report, job.state.job_id, `execution ${job.state.owner_run} was started`);
  },
  stop: async (world, { job }) => stopExecution(world, job.state),
  recover: (world, { job, seen, report }) => recover(world, job, seen, report),
};

const UNSEEN: Seen = { status: 'NOT_FOUND', says: 'absent', newest_at: null };

const reopen = async (world: World, job: Job, report: ReconcileReport): Promise<void> => {
  if (!(await redrive(world, job, 'its task token was lost; the wait is opened again'))) return;
  report.redriven += 1;
  say(report, job.state.job_id, 'its task token was lost; the wait is opened again');
};

/** Brings the execution in line with the log, by the order of precedence. */
const bringInLine = async (world: World, job: Job, restartWaiters: boolean, report: ReconcileReport): Promise<void> => {
  const { state, events } = job;
  const last = events.at(-1);
  let tokens: TaskToken[] = state.cancelled ? [] : await world.tokens.list(state.job_id);
  let says = logSays(state, last, undelivered(state, tokens).length > 0);
  if (PRECEDENCE[says].alive === 'deliver') {
    const { sent, left } = await redeliver(world, state, tokens);
    report.redelivered += sent;
    if (sent > 0) return say(report, state.job_id, `${sent} answers were sent again`);
    // Nobody took them: what is left of the execution says what to do.
    tokens = left;
    says = logSays(state, last, false);
  }
  const seen = asksExecution(says) ? await observe(world, job) : UNSEEN;
  const act = PRECEDENCE[says][seen.says];
  if (act !== 'nothing' && act !== 'deliver') await ACTS[act](world, { job, seen, report });
  else if (restartWaiters && says !== 'asks' && lostItsToken(state, last, tokens)) await reopen(world, job, report);
};

const reconcileJob = async (world: World, jobId: string, restartWaiters: boolean, report: ReconcileReport): Promise<void> => {
  const events = await world.log.read(jobId);
  report.checked += 1;
  const settled = async (folded: JobState): Promise<JobState> => ensureLinks(world, await passTime(world, folded));
  const state = await showLog(world, jobId, { events, settled, report });
  if (!state || state.status === 'DONE') return;
  const now: JobEvent[] = state.last_seq === events.length ? events : await world.log.read(jobId);
  if (!state.cancelled) {
    if (state.status === 'WAITING_APPROVAL') await indexLinks(world, jobId, state.approval);
    await tellNewest(world, state, now);
    await world.outbox.flush(jobId);
  }
  await bringInLine(world, { state: fold(now) ?? state, events: now }, restartWaiters, report);
};

/** One job that cannot be brought in line must not keep the others waiting. */
const reconcileApart = async (world: World, jobId: string, restartWaiters: boolean, report: ReconcileReport): Promise<void> => {
  try {
    await reconcileJob(world, jobId, restartWaiters, report);
  } catch (thrown) {
    const error = asError(thrown);
    report.failed += 1;
    say(report, jobId, `could not be reconciled: ${error.message}`);
    world.report(new Error(`job ${jobId} could not be reconciled: ${error.message}`, { cause: error }));
    await world.index.checkSoon(jobId, soon(world, LOOK_AFTER_MS));
  }
};

/**
 * One pass: brings projection, deliveries and executions in line with the log. `all` looks at every job that has a log, `open` at
 * those that are not done; otherwise only at those whose check is due. Runs concurrently with everything else:
 * whatever it decides is settled by the log.
 */
export const reconcile = async (world: World, options: ReconcileOptions): Promise<ReconcileReport> => {
  const { all, restartWaiters, open = false } = options;
  const report = emptyReport();
  await measureApprovals(world);
  // Lost tokens are nobody's due date.
  if (all || restartWaiters) {
    for await (const jobId of world.log.jobs()) await reconcileApart(world, jobId, restartWaiters, report);
    return report;
  }
  const due = open ? await world.index.due(EVER, OPEN_BATCH) : await world.index.due(world.timer().toISOString(), BATCH);
  for (const jobId of due) await reconcileApart(world, jobId, restartWaiters, report);
  return report;
};
