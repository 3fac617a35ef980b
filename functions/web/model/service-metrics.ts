import { Refusal } from '../../../contracts/commands.ts';
import { JobId } from '../../../contracts/ids.ts';
import type { RunMetrics, ServiceMetrics, TelemetryDay } from '../../../contracts/metrics.ts';
import type { JobIndex, JobRecord, Telemetry } from '../../../contracts/ports.ts';
import { alertsOf } from './alerts.ts';
import { figuresOf, type Measured, ofRun } from './figures.ts';
import { measuredReader } from './measured.ts';
import { type Census, census, metricsOf } from './metrics.ts';

/** Measured jobs that are looked at: the newest. */
const MEASURED = 200;
/** Days that are plotted. */
const DAYS = 30;
/** Finished jobs that are counted: the newest. What is not done is counted whole. */
const DONE = 1_000;
/** How long figures are good for, in ms: whoever scrapes often, or several who look, cost one count. */
const GOOD_MS = 3_000;

const OPEN = ['RUNNING', 'WAITING_APPROVAL', 'WAITING_HUMAN'] as const;

/** Every open job and the newest finished ones: reading the whole index grows with every job there ever was. */
const recent = async (index: JobIndex): Promise<Census> => {
  const parts = await Promise.all([...OPEN.map((status) => census(index, status)), census(index, 'DONE', DONE)]);
  const rows = parts.flatMap((part) => part.rows).toSorted((a, b) => (a.created_at < b.created_at ? 1 : -1));
  return { rows, complete: parts.every((part) => part.complete) };
};

const isMeasured = (row: JobRecord): boolean => row.telemetry !== undefined && (row.endings ?? 0) > 0;
const placeOf = ({ job_id, created_at, endings = 0 }: JobRecord) => ({ job_id, created_at, endings });

const daysOf = (jobs: readonly Measured[]): TelemetryDay[] =>
  [...Map.groupBy(jobs, ({ created_at }) => created_at.slice(0, 10))]
    .map(([day, all]) => ({ day, jobs: all.length, figures: figuresOf(all) }))
    .toSorted((a, b) => (a.day < b.day ? -1 : 1))
    .slice(-DAYS);

export type MetricsReader = {
  /** At most some seconds old. */
  all(): Promise<ServiceMetrics>;
  /** @throws Refusal for an execution that left no rows */
  ofRun(runId: string): Promise<RunMetrics>;
};

/** Figures over the index and the telemetry. */
export const metricsReader = (
  { index, telemetry }: { index: JobIndex; telemetry: Pick<Telemetry, 'rows'> },
  clock: () => Date,
): MetricsReader => {
  const read = measuredReader(telemetry);
  let last: { at: number; value: Promise<ServiceMetrics> } | undefined;
  let newest: readonly Measured[] = [];

  const fresh = async (): Promise<ServiceMetrics> => {
    const counted = await recent(index);
    const measured = counted.rows.filter(isMeasured);
    newest = await read(measured.slice(0, MEASURED).map(placeOf));
    const { alerts: _, ...base } = metricsOf(counted, clock());
    const telemetryPart = { jobs: newest.length, complete: counted.complete && measured.length <= MEASURED, days: daysOf(newest) };
    const figures = { ...base, ...figuresOf(newest), telemetry: telemetryPart };
    return { ...figures, alerts: alertsOf(figures) };
  };

  const all = (): Promise<ServiceMetrics> => {
    const now = performance.now();
    if (!last || now - last.at > GOOD_MS) {
      const value = fresh();
      last = { at: now, value };
      // A failure is nobody's answer but that of who asked for it.
      value.catch(() => (last = undefined));
    }
    return last.value;
  };

  /** An execution that Holdpoint named says which job it is of; others are looked for among the newest. */
  const jobOf = async (runId: string): Promise<Measured | undefined> => {
    const id = JobId.safeParse(/^job-([0-9a-f]{12})-\d+$/.exec(runId)?.[1]);
    if (!id.success) {
      await all();
      return newest.find(({ efficiency }) => efficiency.some((row) => row.run_id === runId));
    }
    const row = await index.get(id.data);
    return row && isMeasured(row) ? (await read([placeOf(row)]))[0] : undefined;
  };

  return {
    all,
    ofRun: async (run_id) => {
      const job = await jobOf(run_id);
      const part = job && ofRun(job, run_id);
      if (!part || part.efficiency.length === 0)
        throw new Refusal(
          'NOT_FOUND',
          `execution ${run_id} left no telemetry: rows are written when a job ends that was opened with the flag "telemetry" on`,
        );
      return { run_id, job_id: part.job_id, ...figuresOf([part]) };
    },
  };
};
