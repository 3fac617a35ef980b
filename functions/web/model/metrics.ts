import { longestSilence } from '../../../contracts/flow.ts';
import type { MetricsView, QueueView } from '../../../contracts/http.ts';
import type { JobIndex, JobRecord } from '../../../contracts/ports.ts';
import { WATCHDOG } from '../../../contracts/watchdog.ts';

const PAGE = 200;
const MAX_PAGES = 50;

export type Census = { rows: JobRecord[]; complete: boolean };

/** Reads the index, newest first, up to 10,000 jobs or as many as are wanted. */
export const census = async (index: JobIndex, status?: string, most = PAGE * MAX_PAGES): Promise<Census> => {
  const rows: JobRecord[] = [];
  let cursor: string | null = null;
  while (rows.length < most) {
    const found: Awaited<ReturnType<JobIndex['list']>> = await index.list({
      limit: PAGE,
      ...(cursor === null ? {} : { cursor }),
      ...(status === undefined ? {} : { status }),
    });
    rows.push(...found.items);
    cursor = found.next_cursor;
    if (cursor === null) return { rows, complete: true };
  }
  return { rows, complete: false };
};

const seconds = (from: string, to: Date | string): number => (new Date(to).getTime() - Date.parse(from)) / 1000;

const countBy = (keys: string[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const key of keys) counts[key] = (counts[key] ?? 0) + 1;
  return counts;
};

const HOUR = 3600;
/** Lower bounds of the classes of age, in seconds. */
const AGES = [0, HOUR, 4 * HOUR, 24 * HOUR, 72 * HOUR, 168 * HOUR];

const WAITING: readonly string[] = ['WAITING_APPROVAL', 'WAITING_HUMAN'];

const waitingOf = (rows: JobRecord[], now: Date): MetricsView['waiting'] => {
  const ages = rows.filter((row) => WAITING.includes(row.status)).map((row) => Math.max(0, seconds(row.opened_at ?? row.updated_at, now)));
  const by_age = AGES.map((from_s, i) => {
    const to_s = AGES[i + 1] ?? null;
    return { from_s, to_s, jobs: ages.filter((age) => age >= from_s && (to_s === null || age < to_s)).length };
  });
  return { oldest_s: ages.length === 0 ? null : Math.max(...ages), by_age };
};

/** Agreement of models with the gates they were asked beside; null where none was. */
const shadowOf = (rows: JobRecord[]): Pick<MetricsView, 'shadow_agreement' | 'shadow_compared'> => {
  const counts = rows.flatMap(({ shadow }) => shadow ?? []);
  const compared = counts.reduce((sum, count) => sum + count.compared, 0);
  const agreed = counts.reduce((sum, count) => sum + count.agreed, 0);
  return { shadow_agreement: compared === 0 ? null : agreed / compared, shadow_compared: counts.length === 0 ? null : compared };
};

const isStalled = (row: JobRecord, now: Date): boolean =>
  row.status === 'RUNNING' && seconds(row.updated_at, now) > longestSilence(row.kind);

/** Decided waits whose next stage is not seen, and will not start by itself any more. */
const failedResumes = (row: JobRecord, now: Date): number => {
  const over = row.status === 'DONE' || row.step === WATCHDOG.step || isStalled(row, now);
  return over ? row.resumes - row.resumed_ok : 0;
};

const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);

/** Decided waits whose next stage was seen to start, of those and the ones where it did not. What is under way counts as neither. */
const resumeRate = (rows: JobRecord[], now: Date): number | null => {
  const started = sum(rows.map(({ resumed_ok }) => resumed_ok));
  const failed = sum(rows.map((row) => failedResumes(row, now)));
  return started + failed === 0 ? null : started / (started + failed);
};

/** What the index alone can say; a rate it has no record of is null, never a guess. */
export const metricsOf = ({ rows, complete }: Census, now: Date): MetricsView => {
  const done = rows.filter((row) => row.status === 'DONE');
  const stalled = rows.filter((row) => isStalled(row, now));
  const times = done.map((row) => seconds(row.created_at, row.updated_at));
  return {
    stalled_count: rows.length === 0 ? null : stalled.length,
    resume_success_rate: resumeRate(rows, now),
    mean_converge_time: times.length === 0 ? null : sum(times) / times.length,
    alerts: [],
    jobs: countBy(rows.map((row) => row.status)),
    outcomes: countBy(done.flatMap((row) => row.outcome ?? [])),
    degraded_answers: rows.length === 0 ? null : rows.filter((row) => row.degraded).length,
    ...shadowOf(rows),
    waiting: waitingOf(rows, now),
    complete,
  };
};

/** Load and order of work, from running and waiting rows. */
export const queueOf = (running: JobRecord[], waiting: JobRecord[], now: Date): QueueView => {
  const ages = [...running, ...waiting].map((row) => seconds(row.created_at, now));
  return {
    running: running.length,
    waiting: waiting.length,
    oldest_s: ages.length === 0 ? null : Math.max(0, ...ages),
    serial_gate: running.length === 0 ? 'open' : 'closed',
  };
};

export const gauge = (name: string, help: string, samples: [labels: string, value: number][]): string =>
  samples.length === 0
    ? ''
    : `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${samples.map(([labels, value]) => `${name}${labels} ${value}\n`).join('')}`;

export const one = (value: number | null): [string, number][] => (value === null ? [] : [['', value]]);
export const labelled = (label: string, counts: Record<string, number>): [string, number][] =>
  Object.entries(counts).map(([key, count]) => [`{${label}="${key}"}`, count]);

/** Prometheus text format 0.0.4; what has no value has no line. */
export const prometheus = (metrics: MetricsView): string =>
  [
    gauge('holdpoint_jobs', 'Jobs by status.', labelled('status', metrics.jobs)),
    gauge('holdpoint_jobs_done', 'Finished jobs by outcome.', labelled('outcome', metrics.outcomes)),
    gauge('holdpoint_degraded_answers', 'Jobs in which a recorded answer stood in for a failed provider.', one(metrics.degraded_answers)),
    gauge(
      'holdpoint_shadow_agreement',
      'Share of gate decisions that a model beside them would have made the same.',
      one(metrics.shadow_agreement),
    ),
    gauge('holdpoint_shadow_compared', 'Gate decisions that a model was compared with.', one(metrics.shadow_compared)),
    gauge('holdpoint_oldest_wait_seconds', 'How long the oldest open question has waited.', one(metrics.waiting.oldest_s)),
    gauge('holdpoint_stalled_count', 'Running jobs without an event for 15 minutes.', one(metrics.stalled_count)),
    gauge('holdpoint_resume_success_rate', 'Decided waits whose next stage started.', one(metrics.resume_success_rate)),
    gauge('holdpoint_mean_converge_time_seconds', 'Mean time from submission to DONE.', one(metrics.mean_converge_time)),
  ].join('');
