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
import { isCanary } from '../lib/rollout/canaries.ts';
import { whyNoJobs } from '../lib/switches/allow.ts';
import { findOpened, findReferences, jobSpecKey, openJob } from './open-job.ts';
import { parsePayload } from './run-stage.ts';

/** Who starts an execution without a submission is known to the CI role only, not to the log. */
const CI: Actor = { type: 'user', id: 'ci', identity: 'ci' };

const refOf = (key: string, body: string): ArtifactRef => ({ key, sha256: sha256Hex(body), bytes: Buffer.byteLength(body) });

/** Where the context begins: the state that opens jobs, in the execution that owns this one. */
type Entry = { state: string; run_id: string };

/** Evidence that later states read: of a rollout only the spec. */
const refsOf = async (world: World, { spec, job_id, canonical }: Identified, snapshot: Snapshot | null): Promise<JobContext['refs']> => {
  const refs: JobContext['refs'] = { spec: refOf(jobSpecKey(job_id), canonical) };
  if (snapshot) {
    refs['snapshot'] = refOf(snapshotManifestKey(snapshot.snapshot_id), canonicalJson(snapshot));
    refs['snapshot_data'] = { key: snapshotDataKey(snapshot.sha256), sha256: snapshot.sha256, bytes: snapshot.bytes };
  }
  if (spec.kind === 'blueprint') {
    const key = `jobs/${job_id}/outputs/blueprint.json`;
    refs['blueprint'] = await world.artifacts.put(key, canonicalJson(spec.blueprint), 'application/json');
  }
  return refs;
};

/** Small verdicts from the start: which work, whose canary, which stage. */
const factsOf = (job: Identified, { submitted_by }: JobState): JobContext['facts'] => ({
  kind: job.spec.kind,
  ...(isCanary(submitted_by) ? { canary: submitted_by.id } : {}),
});

const firstContext = async (
  world: World,
  job: Identified,
  snapshot: Snapshot | null,
  state: JobState,
  entry: Entry,
): Promise<JobContext> => {
  const { spec } = job;
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
    refs: await refsOf(world, job, snapshot),
    facts: factsOf(job, state),
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
const openForRun = async (world: World, job: Identified, snapshot: Snapshot | null, runId: string): Promise<JobState> => {
  const opened = await findOpened(world, job);
  if (opened) return opened;
  await refuseWhileHalted(world);
  return (await openJob(world, job, snapshot, CI, runId)).state;
};

/** First state of the machine that runs rollouts. */
const ROLLOUT_ENTRY = 'RolloutIntake';

/** The other machine has no states for this work. */
const refuseElsewhere = (entry: string, { spec }: Identified): void => {
  if ((entry === ROLLOUT_ENTRY) === (spec.kind === 'rollout')) return;
  const machine = spec.kind === 'rollout' ? 'rollout' : 'job';
  throw new InvalidInput(
    `a spec of kind "${spec.kind}" was started on the wrong state machine; start it on the one whose name ends in "-${machine}"`,
  );
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
  refuseElsewhere(entry, identified.job);
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
