import { pathToFileURL } from 'node:url';
import { HOLD_POINTS, type HoldPoint, type SpecOf, sampleSpecs, settled } from './holds.ts';
import { DoesNotStart, type JobDetail, type Running, runBuild } from './running.ts';

/** A job that waits, left by the old build. */
export type Parked = { hold: HoldPoint; job_id: string };

/** A hold that the old build did not come to. */
export type NotParked = { hold: HoldPoint; why: string };

/** What became of a waiting job under the new build. `why` is null where it went on to its end. */
export type Verdict = { hold: string; job_id: string; outcome: string | null; how: string; why: string | null };

/** What a job may come to that was not harmed: its own work decides which. */
const UNHARMED = ['succeeded', 'gates_failed'];

/** A decided job that shows nothing new for so long, in ms, is stuck: the reconciler has looked at it several times. */
const STUCK_MS = 15_000;

const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));

/** Another model than the one live calls were confirmed for. */
const OTHER_MODEL = { HOLDPOINT_LLM_MODEL_1: 'claude-haiku-4-5' };

type Attempt = { hold: HoldPoint; job_id: string | null; why: string };

const attempt = async (hold: HoldPoint, work: () => Promise<string>): Promise<Attempt> => {
  try {
    return { hold, job_id: await work(), why: '' };
  } catch (thrown) {
    return { hold, job_id: null, why: messageOf(thrown) };
  }
};

const withBuild = async <T>(build: Running, work: (build: Running) => Promise<T>): Promise<T> => {
  try {
    return await work(build);
  } finally {
    await build.stop();
  }
};

/** One after the other: what the simulated model answers is set for each. */
const first = async (build: Running, holds: readonly HoldPoint[], specs: SpecOf): Promise<Attempt[]> => {
  const made: Attempt[] = [];
  for (const hold of holds) made.push(await attempt(hold, () => hold.park(build, specs)));
  return made;
};

const further = (build: Running, made: readonly Attempt[]): Promise<Attempt[]> =>
  Promise.all(
    made.map(async (one) => {
      const { hold, job_id } = one;
      const { afterChange } = hold;
      return job_id === null || !afterChange ? one : attempt(hold, () => afterChange(build, job_id).then(() => job_id));
    }),
  );

/**
 * Parks one job at each hold on a build, and stops it. The data folder then is what a deployment would find.
 * @throws DoesNotStart
 */
export const park = async (
  folder: string,
  dataDir: string,
  holds: readonly HoldPoint[] = HOLD_POINTS,
): Promise<{ parked: Parked[]; missed: NotParked[] }> => {
  const specs = sampleSpecs(new URL('docs/examples/', pathToFileURL(`${folder}/`)));
  let made = await withBuild(await runBuild(folder, dataDir), (build) => first(build, holds, specs));
  if (holds.some(({ afterChange }) => afterChange)) {
    made = await withBuild(await runBuild(folder, dataDir, OTHER_MODEL), (build) => further(build, made));
  }
  const parked = made.flatMap(({ hold, job_id }) => (job_id === null ? [] : [{ hold, job_id }]));
  return { parked, missed: made.flatMap(({ hold, job_id, why }) => (job_id === null ? [{ hold, why }] : [])) };
};

/** Sends what waits on; what the service says against it, or null. */
const decide = async (build: Running, jobId: string, { job }: JobDetail, choice: HoldPoint['decision']): Promise<string | null> =>
  job.status === 'WAITING_HUMAN'
    ? build.post(`/jobs/${jobId}/resume`, { step: job.step, answer: 'About a quarter.' })
    : build.post(`/jobs/${jobId}/${choice}?step=${job.step}`, { subject_digest: job.subject_digest, comment: 'rehearsed' });

const stops = (after: number) => (detail: JobDetail) =>
  detail.job.status === 'DONE' || (detail.job.status !== 'RUNNING' && detail.events.length > after);

/** Takes a waiting job to its end: the first decision as the hold asks for, every later one a yes. */
const driveToEnd = async (
  build: Running,
  { hold, job_id }: Parked,
  before: JobDetail,
  stuckMs: number,
): Promise<{ detail: JobDetail; refusal: string | null }> => {
  let detail = before;
  for (let choice = hold.decision; detail.job.status.startsWith('WAITING'); choice = 'approve') {
    const refusal = await decide(build, job_id, detail, choice);
    if (refusal !== null) return { detail, refusal };
    detail = await settled(build, job_id, stops(detail.events.length + 1), stuckMs);
  }
  return { detail, refusal: null };
};

const lastError = ({ events }: JobDetail): string => {
  const error = events.findLast(({ event_type }) => event_type === 'ERROR');
  return error
    ? [error.outputs['reason'], error.outputs['detail'] ?? error.message].filter((part) => typeof part === 'string').join(': ')
    : 'its log does not say why';
};

/** How the job was carried on: by the execution it waited in, or by another that ran it from its log. */
const wayOf = ({ events }: JobDetail, from: number): string =>
  events.slice(from).some(({ event_type }) => event_type === 'REDRIVEN')
    ? 'run again from its log by the new definition'
    : 'by the definition and functions it began with';

const judge = async (build: Running, parked: Parked, stuckMs: number): Promise<Verdict> => {
  const { hold, job_id } = parked;
  const verdict = (outcome: string | null, why: string | null, how = ''): Verdict => ({ hold: hold.name, job_id, outcome, how, why });
  try {
    const before = await build.read(job_id);
    if (before.job.step !== hold.step) return verdict(before.job.outcome, `it no longer waits at ${hold.step}: ${lastError(before)}`);
    const { detail, refusal } = await driveToEnd(build, parked, before, stuckMs);
    const { status, step, outcome } = detail.job;
    if (refusal !== null) return verdict(null, `its decision at ${step} is refused: ${refusal}`);
    if (status !== 'DONE') {
      const heard = build.complaint(job_id);
      return verdict(
        null,
        `it was decided and is still ${status}${step === null ? '' : ` at ${step}`}${heard === null ? '' : `; the build says: ${heard}`}`,
      );
    }
    const way = wayOf(detail, before.events.length);
    return verdict(outcome, UNHARMED.includes(outcome ?? '') ? null : `it ended ${outcome}: ${lastError(detail)}`, way);
  } catch (thrown) {
    return verdict(null, `it cannot be read: ${messageOf(thrown)}`);
  }
};

/** Runs a build on the data that another left, decides every waiting job, and says what became of each. */
export const carryOn = async (folder: string, dataDir: string, parked: readonly Parked[], stuckMs = STUCK_MS): Promise<Verdict[]> => {
  let build: Running;
  try {
    build = await runBuild(folder, dataDir);
  } catch (thrown) {
    if (!(thrown instanceof DoesNotStart)) throw thrown;
    const why = `the new build does not run on the data of the old one: ${thrown.message}`;
    return parked.map(({ hold, job_id }) => ({ hold: hold.name, job_id, outcome: null, how: '', why }));
  }
  return withBuild(build, (running) => Promise.all(parked.map((one) => judge(running, one, stuckMs))));
};
