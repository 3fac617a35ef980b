import type { World } from '../../adapters/world.ts';
import type { JobEvent } from '../../contracts/events.ts';
import type { JobState } from '../../contracts/job-state.ts';
import { identifyJob } from '../lib/open-job.ts';
import { canarySpec } from '../lib/rollout/canaries.ts';
import { decodeRollout } from '../lib/rollout/spec.ts';
import { type OpenCanary, rolloutFacts } from '../lib/rollout/view.ts';
import { jobSpecKey } from './open-job.ts';

/** Canaries of the stage that runs, of which no end is on record. What they are follows from the rollout's spec; nothing lists them. */
export const openCanaries = async (world: World, state: JobState, events: readonly JobEvent[]): Promise<OpenCanary[]> => {
  const running = rolloutFacts(state, events).stages.find(({ standing }) => standing === 'running');
  const spec = running && (await world.artifacts.get(jobSpecKey(state.job_id)));
  if (!running || !spec) return [];
  const rollout = decodeRollout(new TextDecoder().decode(spec.body));
  const ended = running.canaries.map(({ index }) => index);
  const left = Array.from({ length: running.planned ?? 0 }, (_, index) => index).filter((index) => !ended.includes(index));
  const found = await Promise.all(
    left.map(async (index): Promise<OpenCanary[]> => {
      const identified = identifyJob(canarySpec(rollout, state.job_id, running.stage, index), world.env.knownSecrets);
      if (!identified.ok) return [];
      const { job_id } = identified.job;
      const row = await world.index.get(job_id);
      return [{ stage: running.stage, index, job_id, status: row?.status ?? null, step: row?.step ?? null }];
    }),
  );
  return found.flat();
};
