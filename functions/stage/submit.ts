import type { World } from '../../adapters/world.ts';
import { Refusal } from '../../contracts/commands.ts';
import type { Actor } from '../../contracts/events.ts';
import type { JobSpec } from '../../contracts/job-spec.ts';
import type { JobState } from '../../contracts/job-state.ts';
import { executionName, identifyJob } from '../lib/open-job.ts';
import { findReferences, type Opening, openJob } from './open-job.ts';

/** Opens a job and starts its execution. The same spec again is the same job. */
export const submitJob = async (
  world: World,
  spec: JobSpec,
  actor: Actor,
  opening: Opening = {},
): Promise<{ created: boolean; state: JobState }> => {
  const identified = identifyJob(spec, world.env.knownSecrets);
  if (!identified.ok) throw new Refusal(identified.tooLarge ? 'PAYLOAD_TOO_LARGE' : 'INVALID_INPUT', identified.problem);
  const { job } = identified;
  const found = await findReferences(world, job);
  if ('problem' in found) throw new Refusal('INVALID_INPUT', found.problem);
  const runId = executionName(job.job_id, 1);
  const opened = await openJob(world, job, found.snapshot, actor, runId, opening);
  // Also for a job that exists: a crash may have come between its first event and its start.
  if (opened.state.owner_run === runId && opened.state.last_seq === 1)
    await world.executions(opened.state.kind).start(runId, job.canonical);
  return opened;
};
