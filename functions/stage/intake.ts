import type { World } from '../../adapters/world.ts';
import { type JobContext, StagePayload } from '../../contracts/context.ts';
import { DuplicateJob, InvalidInput, JobsHalted, KillSwitchActive } from '../../contracts/errors.ts';
import type { Actor } from '../../contracts/events.ts';
import { nextState } from '../../contracts/flow.ts';
import type { ArtifactRef, JobState } from '../../contracts/job-state.ts';
import { type Snapshot, snapshotDataKey, snapshotManifestKey } from '../../contracts/snapshot.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import { signContext } from '../lib/context.ts';
import { sha256Hex } from '../lib/hash.ts';
import { type Identified, identifyJob } from '../lib/open-job.ts';
import { whyNoJobs } from '../lib/switches/allow.ts';
import { findOpened, findReferences, jobSpecKey, openJob } from './open-job.ts';
import { parsePayload } from './run-stage.ts';

/** Who starts an execution without a submission is known to the CI role only, not to the log. */
const CI: Actor = { type: 'user', id: 'ci', identity: 'ci' };

const refOf = (key: string, body: string): ArtifactRef => ({ key, sha256: sha256Hex(body), bytes: Buffer.byteLength(body) });

/** Where the context begins: the state that opens jobs, in the execution that owns this one. */
type Entry = { state: string; run_id: string };

const firstContext = async (world: World, job: Identified, snapshot: Snapshot, state: JobState, entry: Entry): Promise<JobContext> => {
  const { spec } = job;
  const blueprint: Record<string, ArtifactRef> = {};
  if (spec.kind === 'blueprint') {
    const key = `jobs/${job.job_id}/outputs/blueprint.json`;
    blueprint['blueprint'] = await world.artifacts.put(key, canonicalJson(spec.blueprint), 'application/json');
  }
  return signContext(await world.keyRing(), {
    schema_version: 'context_v1',
    job_id: job.job_id,
    run_id: entry.run_id,
    state: nextState(entry.state, { kind: spec.kind }),
    last_seq: 1,
    last_at: state.created_at,
    // A job that has moved on is run from its log: its head is newer than its first event.
    last_hash: state.last_seq === 1 ? state.last_hash : await firstHash(world, job.job_id),
    replay_until: state.last_seq === 1 ? 0 : state.last_seq,
    visits: { [entry.state]: 1 },
    refs: {
      spec: refOf(jobSpecKey(job.job_id), job.canonical),
      snapshot: refOf(snapshotManifestKey(spec.snapshot_id), canonicalJson(snapshot)),
      snapshot_data: { key: snapshotDataKey(snapshot.sha256), sha256: snapshot.sha256, bytes: snapshot.bytes },
      ...blueprint,
    },
    facts: { kind: spec.kind },
    mode: state.mode,
  });
};

const firstHash = async (world: World, jobId: string): Promise<string> => (await world.log.read(jobId))[0]?.hash ?? '';

const refuseWhileHalted = async (world: World): Promise<void> => {
  const now = await world.switches.current();
  const why = whyNoJobs(now);
  if (why !== null) throw now.readable ? new JobsHalted(why) : new KillSwitchActive(why);
};

/**
 * Most executions are started for a job that is open already: looking first costs less than losing the race for its first
 * event. Such a job also goes on while new ones are refused, to where its next model call or external write waits.
 */
const openForRun = async (world: World, job: Identified, snapshot: Snapshot, runId: string): Promise<JobState> => {
  const opened = await findOpened(world, job);
  if (opened) return opened;
  await refuseWhileHalted(world);
  return (await openJob(world, job, snapshot, CI, runId)).state;
};

const standing = (state: JobState): string => (state.status === 'DONE' ? `is done (${state.outcome})` : `is ${state.status}`);

/**
 * The first state: reads the raw execution input, opens the job or finds it opened for this execution,
 * and signs the first context.
 * @throws InvalidInput naming what is wrong; nothing was created
 * @throws JobsHalted where the kill switch refuses new jobs; nothing was created
 * @throws DuplicateJob naming the job and the execution that owns it; nothing was written
 */
export const runIntake = async (world: World, raw: unknown): Promise<Record<string, unknown>> => {
  const { state: entry, run_id, input } = parsePayload(StagePayload, raw);
  const identified = identifyJob(input, world.env.knownSecrets);
  if (!identified.ok) throw new InvalidInput(identified.problem);
  const found = await findReferences(world, identified.job);
  if ('problem' in found) throw new InvalidInput(found.problem);
  const state = await openForRun(world, identified.job, found.snapshot, run_id);
  if (state.owner_run !== run_id) {
    throw new DuplicateJob(
      `job ${state.job_id} ${standing(state)} and is owned by execution ${state.owner_run}; change "run" in the spec for a deliberate re-run`,
    );
  }
  const context = await firstContext(world, identified.job, found.snapshot, state, { state: entry, run_id });
  return { context, kind: identified.job.spec.kind };
};
