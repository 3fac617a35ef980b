import { readFile } from 'node:fs/promises';
import { JobSpec, type ResearchJob, type RolloutJob } from '../../contracts/job-spec.ts';
import { identifyJob } from '../../functions/lib/open-job.ts';
import type { Api } from '../api.ts';
import { CliError, EXIT, usage } from '../exit.ts';
import { Job, JobAndEvents } from '../views.ts';

/** The job that shows whether anything runs at all: the sample idea, from recorded answers. */
const SAMPLE = new URL('../../docs/examples/idea-trend.json', import.meta.url);

const specOf = (canary: ResearchJob, run: number): RolloutJob => ({
  ...{ schema_version: 'job_spec_v1', kind: 'rollout', title: 'smoke', run },
  rollout: { schema_version: 'rollout_v1', target: { kind: 'features' }, through: 0, canaries: [canary] },
});

const isTaken = async (api: Api, spec: RolloutJob): Promise<boolean> => {
  const identified = identifyJob(spec);
  if (!identified.ok) throw usage(`the canary of smoke ${identified.problem}`);
  try {
    await api.call('GET', `/jobs/${identified.job.job_id}`, JobAndEvents);
    return true;
  } catch (error) {
    if (error instanceof CliError && error.exit === EXIT.notFound) return false;
    throw error;
  }
};

/** The first run that no job has: runs are used in order, so that few questions find it. */
const freeRun = async (api: Api, canary: ResearchJob): Promise<number> => {
  let taken = 0;
  let free = 1;
  while (await isTaken(api, specOf(canary, free))) [taken, free] = [free, free * 2];
  while (free - taken > 1) {
    const middle = Math.floor((taken + free) / 2);
    if (await isTaken(api, specOf(canary, middle))) taken = middle;
    else free = middle;
  }
  return free;
};

/** Opens stage 0 alone: a rollout that sets no flag. */
export const submitSmoke = async (api: Api): Promise<Job> => {
  const canary = JobSpec.parse(JSON.parse(await readFile(SAMPLE, 'utf8')));
  if (canary.kind === 'rollout') throw usage('a rollout is no canary');
  const body = specOf(canary, await freeRun(api, canary));
  return (await api.call('POST', '/jobs', Job, { body })).body;
};
