import type { World } from '../../../adapters/world.ts';
import type { ReconcileReport } from '../../../contracts/commands.ts';
import type { JobEvent } from '../../../contracts/events.ts';
import type { JobState } from '../../../contracts/job-state.ts';
import type { JobRecord } from '../../../contracts/ports.ts';
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

/** How long the oldest open question waits. */
export const measureApprovals = async (world: World): Promise<void> => {
  const { items } = await world.index.waiting({ limit: 1 });
  world.meter.add('OldestApprovalAge', secondsSince(world, items[0]?.opened_at));
};

/** True where the row shows something else than the log says. A row may miss events that change nothing it shows. */
const isBehind = (row: JobRecord | null, state: JobState): boolean => {
  const { status, step, outcome } = toRecord(state);
  return row?.status !== status || row.step !== step || row.outcome !== outcome;
};

/** A row is made before event 1, which it counts. */
const EMPTY = { last_seq: 1 };

/** @throws Error where the row knows events that the log has lost: nothing may be appended over the gap */
const refuseLostEvents = async (world: World, row: JobRecord | null, state: JobState | null): Promise<void> => {
  if (!row || ROW_PRECEDENCE[rowSays(row, state ?? EMPTY)] === 'write') return;
  // The row was read after the log: somebody may have appended in between.
  const again = fold(await world.log.read(row.job_id)) ?? EMPTY;
  if (ROW_PRECEDENCE[rowSays(row, again)] === 'write') return;
  world.meter.add('VerificationFailures', 1);
  const ends = state ? `its log ends at ${again.last_seq}` : 'it has no log';
  throw new Error(`its row knows event ${row.last_seq} but ${ends}: events are missing; see "holdpoint verify ${row.job_id}"`);
};

type Shown = {
  events: readonly JobEvent[];
  /** What time does to the job before it is shown. */
  settled: (state: JobState) => Promise<JobState>;
  report: ReconcileReport;
};

/** Brings the job's row in line with its log. Null where the log has nothing to show. */
export const showLog = async (world: World, jobId: string, { events, settled, report }: Shown): Promise<JobState | null> => {
  const folded = fold(events);
  const row = await world.index.get(jobId);
  await refuseLostEvents(world, row, folded);
  if (!folded) {
    // A row without a log: its submission died before event 1. The next submission completes it.
    await world.index.checkSoon(jobId, soon(world, LOST_SUBMISSION_MS));
    return null;
  }
  if (row?.last_seq !== folded.last_seq) {
    report.repaired += 1;
    if (isBehind(row, folded)) say(report, jobId, `its row was brought to event ${folded.last_seq}`);
  }
  if (isBehind(row, folded)) world.meter.add('ProjectionLag', secondsSince(world, events.at(-1)?.at));
  if (folded.status === 'DONE') {
    const { kept } = await showEnded(world, folded, events);
    if (!kept) {
      say(report, jobId, MISSING_ROWS);
      await tellAlert(world, folded, MISSING_ROWS, folded.last_seq);
    }
    return folded;
  }
  const state = await settled(folded);
  await world.index.put(toRecord(state), nextLook(world, state));
  return state;
};
