import type { World } from '../../../adapters/world.ts';
import type { ReconcileReport } from '../../../contracts/commands.ts';
import { asError } from '../../../contracts/errors.ts';
import type { JobEvent } from '../../../contracts/events.ts';
import type { JobState } from '../../../contracts/job-state.ts';
import type { StoredRow } from '../../../contracts/ports.ts';
import { fold, toRecord } from '../../lib/fold.ts';
import { ROW_PRECEDENCE, rowSays } from '../../lib/precedence.ts';
import { nextLook, soon } from '../open-job.ts';
import { showEnded } from '../telemetry.ts';
import { tellAlert } from '../tell.ts';
import { say } from './report.ts';

/** Told once per ending: the reconciler tries until the rows are there. */
const MISSING_ROWS =
  'its rows of telemetry could not be written; the reconciler goes on trying, see docs/runbooks/telemetry-write-failed.md';

/** When a row without a log is looked at again, in ms. */
const LOST_SUBMISSION_MS = 60 * 60_000;

const secondsSince = (world: World, at: string | null | undefined): number =>
  at ? Math.max(0, (world.timer().getTime() - Date.parse(at)) / 1000) : 0;

/** How long the oldest open question waits. Never throws: a row that cannot be read is repaired by the pass that this begins. */
export const measureApprovals = async (world: World): Promise<void> => {
  try {
    const { items } = await world.index.waiting({ limit: 1 });
    world.meter.add('OldestApprovalAge', secondsSince(world, items[0]?.opened_at));
  } catch (thrown) {
    world.report(asError(thrown));
  }
};

const UNREADABLE = 0;

/** What a list shows of a job. A row may miss events that change nothing of it. */
const SHOWN: readonly string[] = ['status', 'step', 'outcome'];

/** Counts and tells what the row says otherwise than the log. */
const tellDifferences = (world: World, row: StoredRow | null, state: JobState, { events, report }: Shown): void => {
  const differing = row ? row.differences(toRecord(state)) : SHOWN;
  // Ahead of a log that was read before it: somebody is writing.
  if (differing.length === 0 || rowSays(row, state) === 'ahead') return;
  report.repaired += 1;
  const shows = differing.some((name) => SHOWN.includes(name));
  if (row && [UNREADABLE, state.last_seq].includes(row.last_seq))
    say(report, state.job_id, `its row was not what event ${state.last_seq} makes it, and was written again: ${differing.join(', ')}`);
  else if (shows) say(report, state.job_id, `its row was brought to event ${state.last_seq}`);
  if (shows) world.meter.add('ProjectionLag', secondsSince(world, events.at(-1)?.at));
};

/** The row keeps an earlier check, or it would not be written: somebody may be about to decide. */
const checkOver = (world: World, row: StoredRow | null, state: JobState): string | null => {
  const next = nextLook(world, state);
  const kept = row?.last_seq === state.last_seq ? row.next_check_at : null;
  return next && kept && kept < next ? kept : next;
};

/** A row is made before event 1, which it counts. */
const EMPTY = { last_seq: 1 };

/** @throws Error where the row knows events that the log has lost: nothing may be appended over the gap */
const refuseLostEvents = async (world: World, jobId: string, row: StoredRow | null, state: JobState | null): Promise<void> => {
  if (!row || ROW_PRECEDENCE[rowSays(row, state ?? EMPTY)] === 'write') return;
  // The row was read after the log: somebody may have appended in between.
  const again = fold(await world.log.read(jobId)) ?? EMPTY;
  if (ROW_PRECEDENCE[rowSays(row, again)] === 'write') return;
  world.meter.add('VerificationFailures', 1);
  const ends = state ? `its log ends at ${again.last_seq}` : 'it has no log';
  throw new Error(`its row knows event ${row.last_seq} but ${ends}: events are missing; see "holdpoint verify ${jobId}"`);
};

type Shown = {
  events: readonly JobEvent[];
  /** What time does to the job before it is shown. */
  settled: (state: JobState) => Promise<JobState>;
  report: ReconcileReport;
};

/** Brings the job's row in line with its log. Null where the log has nothing to show. */
export const showLog = async (world: World, jobId: string, shown: Shown): Promise<JobState | null> => {
  const { events, settled, report } = shown;
  const folded = fold(events);
  const row = await world.index.inspect(jobId);
  await refuseLostEvents(world, jobId, row, folded);
  if (!folded) {
    // A row without a log: its submission died before event 1. The next submission completes it.
    await world.index.checkSoon(jobId, soon(world, LOST_SUBMISSION_MS));
    return null;
  }
  tellDifferences(world, row, folded, shown);
  if (folded.status === 'DONE') {
    const { kept } = await showEnded(world, folded, events);
    if (!kept) {
      say(report, jobId, MISSING_ROWS);
      await tellAlert(world, folded, MISSING_ROWS, folded.last_seq);
    }
    return folded;
  }
  const state = await settled(folded);
  await world.index.put(toRecord(state), checkOver(world, row, state));
  return state;
};
