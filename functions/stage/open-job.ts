import type { World } from '../../adapters/world.ts';
import { PermanentError } from '../../contracts/errors.ts';
import type { Actor } from '../../contracts/events.ts';
import type { ResearchJob } from '../../contracts/job-spec.ts';
import type { JobState } from '../../contracts/job-state.ts';
import { strictest } from '../../contracts/llm.ts';
import { POLICY_BUNDLES } from '../../contracts/policy-bundle.ts';
import { Snapshot, snapshotManifestKey } from '../../contracts/snapshot.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import { json } from '../lib/decode.ts';
import { EMPTY_LOG, sealEvent } from '../lib/event.ts';
import { nextAttention } from '../lib/expiry.ts';
import { evolve, fold, toRecord } from '../lib/fold.ts';
import { type Identified, submittedDraft } from '../lib/open-job.ts';

/** Time after which a job that shows no progress is looked at, in ms. */
export const LOOK_AFTER_MS = 60_000;

export const jobSpecKey = (jobId: string): string => `jobs/${jobId}/job_spec.json`;

export const soon = (world: World, ms: number): string => new Date(world.timer().getTime() + ms).toISOString();

/** When the reconciler looks at a job next; null once it is done. */
export const nextLook = (world: World, state: JobState): string | null => {
  if (state.status === 'DONE') return null;
  const later = soon(world, LOOK_AFTER_MS);
  if (state.status !== 'WAITING_APPROVAL' && state.status !== 'WAITING_HUMAN') return later;
  return nextAttention(state.approval) > later ? nextAttention(state.approval) : later;
};

/** What a spec names must exist before anything is created. Returns the problem, or the snapshot; a rollout has none of its own. */
export const findReferences = async (world: World, { spec }: Identified): Promise<{ problem: string } | { snapshot: Snapshot | null }> => {
  if (spec.kind !== 'rollout') return findSnapshot(world, spec);
  for (const [i, canary] of spec.rollout.canaries.entries()) {
    const found = await findSnapshot(world, canary);
    if ('problem' in found) return { problem: `/rollout/canaries/${i}: ${found.problem}` };
  }
  return { snapshot: null };
};

const findSnapshot = async (world: World, spec: ResearchJob): Promise<{ problem: string } | { snapshot: Snapshot }> => {
  if (!Object.hasOwn(POLICY_BUNDLES, spec.policy_bundle)) {
    return { problem: `policy_bundle "${spec.policy_bundle}" is not known; this build ships ${Object.keys(POLICY_BUNDLES).join(', ')}` };
  }
  const manifest = await world.artifacts.get(snapshotManifestKey(spec.snapshot_id));
  if (!manifest)
    return {
      problem: `snapshot_id "${spec.snapshot_id}" is not ingested; run "holdpoint snapshot put FILE --id ${spec.snapshot_id} --symbol SYM"`,
    };
  return { snapshot: json(Snapshot)(new TextDecoder().decode(manifest.body)) };
};

/** `probe`: rows of the telemetry tables are written for the job whatever the flag says. */
export type Opening = { probe?: boolean };

/**
 * Opens a job: projection row, spec artifact, first event, in that order, so that a crash leaves nothing
 * that a second try does not complete. Whoever appends event 1 decides who owns the job.
 */
export const openJob = async (
  world: World,
  job: Identified,
  snapshot: Snapshot | null,
  actor: Actor,
  runId: string,
  { probe = false }: Opening = {},
): Promise<{ created: boolean; state: JobState }> => {
  const { flags } = await world.switches.current();
  const environmentMode = strictest(world.env.llm.mode, flags.llm_mode ?? world.env.llm.mode);
  const measured = probe ? 'forced' : flags.telemetry ? 'on' : 'off';
  const draft = submittedDraft(job, snapshot, actor, { environmentMode, measured });
  const event = sealEvent(draft, { ...EMPTY_LOG, job_id: job.job_id, run_id: runId, at: world.clock().toISOString() });
  const state = evolve(null, event);
  await Promise.all([
    world.index.reserve(toRecord(state), soon(world, LOOK_AFTER_MS)),
    world.artifacts.create(jobSpecKey(job.job_id), canonicalJson(job.spec), 'application/json'),
  ]);
  if ((await world.log.append(event)) === 'appended') return { created: true, state };
  const existing = await findOpened(world, job);
  if (!existing) throw new PermanentError(`the log of job ${job.job_id} refused its first event but holds none`);
  return { created: false, state: existing };
};

/** The job as it was opened for this very spec before, or null. Whose log has a first event has its row and its spec too. */
export const findOpened = async (world: World, job: Identified): Promise<JobState | null> => {
  const existing = fold(await world.log.read(job.job_id, 0, 1));
  if (existing && existing.spec_digest !== job.spec_digest) {
    throw new PermanentError(
      `job id ${job.job_id} is taken by another spec (${existing.spec_digest}); change "run" or the title to get another id`,
    );
  }
  return existing;
};
