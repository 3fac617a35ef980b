import type { World } from '../../adapters/world.ts';
import { asError } from '../../contracts/errors.ts';
import { AUDIT } from '../../contracts/events.ts';
import type { JobRecord } from '../../contracts/ports.ts';
import type { FoundDocument, SmokeFindings } from '../../contracts/smoke.ts';
import type { SmokeEffects } from '../../contracts/stage.ts';
import type { MoreEffects } from './run-stage.ts';
import { verifyJob } from './verification.ts';

/** Jobs whose log and documents are looked at: the newest. */
const NEWEST = 5;
/** Rows among which rollouts that wait are looked for. */
const ROWS = 50;

const versionOf = (text: string): string | null => {
  try {
    const value: unknown = JSON.parse(text);
    const version = typeof value === 'object' && value !== null ? Reflect.get(value, 'schema_version') : null;
    return typeof version === 'string' ? version : null;
  } catch {
    return null;
  }
};

/** The first event and the spec of a job, as far as they are there. */
const documentsOf = async ({ artifacts, proof }: World, jobId: string): Promise<FoundDocument[]> => {
  const [event, spec] = await Promise.all([proof.logs.text(jobId, 1), artifacts.get(`jobs/${jobId}/job_spec.json`)]);
  return [
    ...(event === null ? [] : [{ key: `event 1 of job ${jobId}`, version: versionOf(event), reads: 'job_event_v1' }]),
    ...(spec === null
      ? []
      : [{ key: `jobs/${jobId}/job_spec.json`, version: versionOf(new TextDecoder().decode(spec.body)), reads: 'job_spec_v1' }]),
  ];
};

type Rows = { rows: JobRecord[]; unread: string | null };

const newestRows = async ({ index }: World): Promise<Rows> => {
  try {
    return { rows: (await index.list({ limit: ROWS })).items, unread: null };
  } catch (error) {
    return { rows: [], unread: `rows of the table (${asError(error).name})` };
  }
};

/** A rollout that waits for the approval of stage N stands at stage N-1. */
const climbingOf = (rows: readonly JobRecord[]): SmokeFindings['climbing'] =>
  rows.flatMap(({ job_id, kind, step }) => {
    const stage = kind === 'rollout' ? Number(/^stage_(\d)$/.exec(step ?? '')?.[1] ?? 0) - 1 : 0;
    return stage >= 1 ? [{ job_id, stage }] : [];
  });

const look = async (world: World): Promise<SmokeFindings> => {
  const { probes, env, switches } = world;
  const [buckets, table, providers, current] = await Promise.all([
    probes.buckets(),
    probes.table(),
    probes.providers(),
    switches.current(),
  ]);
  const known = { env: env.HOLDPOINT_ENV, mode: env.llm.mode, buckets, table, providers, switches: current };
  const nothing = { documents: [], unread: null, climbing: [], logs: [] };
  // Without them every further look would only say the same in other words.
  if (table.state !== 'ok' || buckets.some(({ state }) => state !== 'ok')) return { ...known, ...nothing };
  const { rows, unread } = await newestRows(world);
  const jobs = rows.slice(0, NEWEST).map(({ job_id }) => job_id);
  const documents = (await Promise.all(jobs.map((id) => documentsOf(world, id)))).flat();
  const logs = await Promise.all([AUDIT.job_id, ...jobs].map((id) => verifyJob(world, id)));
  return { ...known, documents, unread, climbing: climbingOf(rows), logs: logs.filter((report) => report !== null) };
};

/** What the state Smoke may look at. */
export const smokeEffects: MoreEffects = (world: World): { smoke: SmokeEffects } => ({ smoke: { look: () => look(world) } });
