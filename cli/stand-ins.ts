import * as z from 'zod';
import { ErrorSummary } from '../contracts/agent-evidence.ts';
import { failureInWords, providerFailures } from '../functions/lib/agent/attempts.ts';
import type { Api } from './api.ts';
import { CliError, EXIT } from './exit.ts';
import { degradedWhy, eventLabels } from './labels.ts';
import { stageLine } from './stages.ts';
import { clean } from './text.ts';
import type { EventView, Job } from './views.ts';

const Files = z.looseObject({ artifacts: z.array(z.looseObject({ path: z.string() })) });
const Summary = z.looseObject(ErrorSummary.shape);
// What befalls the shadow troubles no job: its report says it.
const SUMMARY = /^outputs\/agents\/(?!shadow\/)[^/]+\/\d+\/error_summary\.json$/;
const MAX_SUMMARIES = 20;

const readFailed = async (api: Api, jobId: string): Promise<string[]> => {
  const { body } = await api.call('GET', `/jobs/${jobId}/artifacts`, Files);
  const paths = body.artifacts.map(({ path }) => path).filter((path) => SUMMARY.test(path));
  const read = await Promise.all(paths.slice(0, MAX_SUMMARIES).map((path) => api.call('GET', `/jobs/${jobId}/artifacts/${path}`, Summary)));
  return read
    .map(({ body: summary }) => summary)
    .filter(({ reason }) => reason === 'DEGRADED')
    .flatMap(({ agent, attempts }) => providerFailures(attempts).map((failure) => `failed for ${agent}: ${failureInWords(failure)}`));
};

/** Which providers failed. Evidence that is gone must not hide where the job is. */
const failedOf = async (api: Api, jobId: string): Promise<string[]> => {
  try {
    return await readFailed(api, jobId);
  } catch (error) {
    if (error instanceof CliError && error.exit === EXIT.notFound) return [];
    throw error;
  }
};

/** Why recordings stand in for providers, and which those are. Asks for files only where an answer is degraded. */
export const standIns = async (api: Api, job: Pick<Job, 'job_id'>, events: readonly EventView[]): Promise<string[]> => {
  const degraded = events.filter((event) => eventLabels(event).includes('DEGRADED'));
  if (degraded.length === 0) return [];
  const why = degraded.map((event) => `DEGRADED ${stageLine(event).stage}: ${degradedWhy(event) || 'a recorded answer stands in'}`);
  return [...why, ...(await failedOf(api, job.job_id))].map(clean);
};
