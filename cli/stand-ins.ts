import * as z from 'zod';
import { ProviderAttempt } from '../contracts/llm-journal.ts';
import { failureInWords, providerFailures } from '../functions/lib/agent/attempts.ts';
import type { Api } from './api.ts';
import { CliError, EXIT } from './exit.ts';
import { degradedWhy, eventLabels } from './labels.ts';
import { stageLine } from './stages.ts';
import { clean } from './text.ts';
import type { EventView, Job } from './views.ts';

const Files = z.looseObject({ artifacts: z.array(z.looseObject({ path: z.string() })) });
const Closed = z.looseObject({ state: z.string(), attempts: z.array(z.looseObject(ProviderAttempt.shape)) });
/** Rounds of calls in which no provider answered. */
const CLOSED = /^outputs\/llm\/journal\/[^/]+\/\d+\/[^/]+\.closed\.json$/;
const MAX_ROUNDS = 20;

/** Which providers failed in each state, in words. @throws CliError where the evidence cannot be read */
const readFailed = async (api: Api, jobId: string): Promise<Map<string, string[]>> => {
  const { body } = await api.call('GET', `/jobs/${jobId}/artifacts`, Files);
  const paths = body.artifacts.map(({ path }) => path).filter((path) => CLOSED.test(path));
  const rounds = await Promise.all(paths.slice(0, MAX_ROUNDS).map((path) => api.call('GET', `/jobs/${jobId}/artifacts/${path}`, Closed)));
  const byState = Map.groupBy(
    rounds.map((round) => round.body),
    ({ state }) => state,
  );
  return new Map(
    [...byState].map(([state, closed]) => [state, providerFailures(closed.flatMap(({ attempts }) => attempts)).map(failureInWords)]),
  );
};

// Evidence that is gone must not hide where the job is.
const failedIn = async (api: Api, jobId: string): Promise<Map<string, string[]>> => {
  try {
    return await readFailed(api, jobId);
  } catch (error) {
    if (error instanceof CliError && error.exit === EXIT.notFound) return new Map();
    throw error;
  }
};

/** One line for each degraded answer: why a recording stands in, and for whom. Asks for files only where there is one. */
export const standIns = async (api: Api, job: Pick<Job, 'job_id'>, events: readonly EventView[]): Promise<string[]> => {
  const degraded = events.filter((event) => eventLabels(event).includes('DEGRADED'));
  if (degraded.length === 0) return [];
  const failed = await failedIn(api, job.job_id);
  return degraded.map((event) => {
    const state = typeof event.outputs['state'] === 'string' ? event.outputs['state'] : event.actor.id;
    const who = failed.get(state) ?? [];
    return [`DEGRADED ${stageLine(event).stage}`, degradedWhy(event), ...who.map(clean)].filter((part) => part !== '').join('; ');
  });
};
