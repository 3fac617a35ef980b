import type { World } from '../../adapters/world.ts';
import { ContextPack } from '../../contracts/context-pack.ts';
import { asError } from '../../contracts/errors.ts';
import type { JobEvent } from '../../contracts/events.ts';
import type { JobState } from '../../contracts/job-state.ts';
import type { TelemetryRows, TelemetryTable } from '../../contracts/telemetry.ts';
import { json } from '../lib/decode.ts';
import { toRecord } from '../lib/fold.ts';
import { nextLook, soon } from './open-job.ts';

/** When rows that could not be written are tried again, in ms. */
const AGAIN_MS = 60_000;

const decodePack = json(ContextPack);

// Loaded with the first job that is measured: by default none is.
const library = () => import('../lib/telemetry/rows.ts');

const readPacks = async ({ artifacts }: World, jobId: string, paths: ReadonlyMap<string, string>): Promise<Map<string, ContextPack>> => {
  const read = await Promise.all(
    [...paths].map(async ([phase, path]) => {
      const object = await artifacts.get(`jobs/${jobId}/${path}`);
      return object ? [[phase, decodePack(new TextDecoder('utf-8', { fatal: true }).decode(object.body))] as const] : [];
    }),
  );
  return new Map(read.flat());
};

/** The rows of a job, from its log and its context packs. */
export const rowsOfJob = async (world: World, jobId: string, events: readonly JobEvent[]): Promise<TelemetryRows[]> => {
  const { packPaths, telemetryRows } = await library();
  return telemetryRows(events, await readPacks(world, jobId, packPaths(events)));
};

/** Whether rows of this job are to be written now. Throws where that cannot be known. */
const isWanted = async (world: World, { telemetry }: JobState): Promise<boolean> => {
  if (telemetry !== 'on') return telemetry === 'forced';
  const { flags, readable } = await world.switches.current();
  if (!readable) throw new Error('flags cannot be read, so nobody knows whether telemetry is on');
  return flags.telemetry;
};

const writeTable = async (world: World, table: TelemetryTable, job: JobState, sets: readonly TelemetryRows[]): Promise<void> => {
  const { job_id, created_at } = job;
  for (const [i, set] of sets.entries()) {
    const rows = set[table];
    // A table that a job adds nothing to has no object of it.
    if (rows.length > 0) await world.telemetry.write(table, { job_id, created_at, ending: i + 1 }, rows);
  }
};

/**
 * Writes the rows of a job that is over, unless they are there already. Never throws: false where they could not be written, which
 * is reported and counted, and decides nothing about the job.
 */
export const keepTelemetry = async (world: World, job: JobState, events?: readonly JobEvent[]): Promise<boolean> => {
  if (job.status !== 'DONE' || job.telemetry === 'off') return true;
  try {
    if (!(await isWanted(world, job))) return true;
    const log = events?.at(-1)?.seq === job.last_seq ? events : await world.log.read(job.job_id, 0, job.last_seq);
    const sets = await rowsOfJob(world, job.job_id, log);
    const { WRITE_ORDER } = await library();
    for (const table of WRITE_ORDER) await writeTable(world, table, job, sets);
    return true;
  } catch (thrown) {
    const { message } = asError(thrown);
    world.report(new Error(`telemetry of job ${job.job_id} was not written and is tried again: ${message}`, { cause: thrown }));
    world.meter.add('TelemetryWriteFailed', 1);
    return false;
  }
};

/**
 * The last words about a job that ended: its rows, then its place in lists. While its rows are missing the reconciler looks at it
 * again. `kept`: nothing is missing.
 */
export const showEnded = async (world: World, job: JobState, events?: readonly JobEvent[]): Promise<{ kept: boolean }> => {
  const kept = await keepTelemetry(world, job, events);
  await world.index.put(toRecord(job), kept ? nextLook(world, job) : soon(world, AGAIN_MS));
  return { kept };
};
