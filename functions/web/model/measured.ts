import type { JobRecord, Telemetry } from '../../../contracts/ports.ts';
import { telemetryKey } from '../../../contracts/telemetry-layout.ts';
import type { Measured } from './figures.ts';

/** Endings kept in memory: once written they never change. */
const KEPT = 2_000;
/** Jobs read at once. */
const AT_ONCE = 16;

type Ending = Pick<Measured, 'usage' | 'efficiency' | 'phase6'>;
type Job = Pick<JobRecord, 'job_id' | 'created_at'> & { endings: number };

/** Reads what jobs left in the tables. */
export type ReadMeasured = (jobs: readonly Job[]) => Promise<Measured[]>;

/** The rows of one ending; null while they are not written. */
const readEnding = async ({ rows }: Pick<Telemetry, 'rows'>, { job_id, created_at }: Job, ending: number): Promise<Ending | null> => {
  const key = <T extends Parameters<typeof telemetryKey>[0]>(table: T) => ({ table, key: telemetryKey(table, job_id, created_at, ending) });
  // Written last: where it is, the others are whole, or have nothing to say.
  const efficiency = await rows(key('token_efficiency_metrics'));
  if (efficiency.length === 0) return null;
  const [usage, phase6] = await Promise.all([rows(key('llm_usage_events')), rows(key('phase6_metrics'))]);
  return { usage, efficiency, phase6 };
};

/** A reader that remembers what it read, for as long as its process lives. */
export const measuredReader = (telemetry: Pick<Telemetry, 'rows'>): ReadMeasured => {
  const known = new Map<string, Ending>();

  const endingOf = async (job: Job, ending: number): Promise<Ending | null> => {
    const name = `${job.job_id} ${ending}`;
    const found = known.get(name) ?? (await readEnding(telemetry, job, ending));
    if (found) known.set(name, found);
    const [oldest] = known.keys();
    if (known.size > KEPT && oldest !== undefined) known.delete(oldest);
    return found;
  };

  const measured = async (job: Job): Promise<Measured> => {
    const { job_id, created_at, endings } = job;
    const found: Ending[] = [];
    for (let ending = 1; ending <= endings; ending++) {
      const one = await endingOf(job, ending);
      if (one) found.push(one);
    }
    return {
      ...{ job_id, created_at, endings, written: found.length },
      usage: found.flatMap(({ usage }) => usage),
      efficiency: found.flatMap(({ efficiency }) => efficiency),
      phase6: found.flatMap(({ phase6 }) => phase6),
    };
  };

  return async (jobs) => {
    const done: Measured[] = [];
    for (let i = 0; i < jobs.length; i += AT_ONCE) done.push(...(await Promise.all(jobs.slice(i, i + AT_ONCE).map(measured))));
    return done;
  };
};
