import { isOutage, messageInWords } from '../functions/lib/agent/failure-words.ts';
import { clean } from './text.ts';
import type { EventView, Job } from './views.ts';

const CAUSES = ['ERROR', 'STOPPED_BUDGET', 'JOB_TIMEOUT', 'REJECTED', 'CANCELLED', 'ROLLED_BACK'];

/** The last thing that went wrong, in the log's words; empty where nothing did. */
export const lastError = (events: readonly EventView[]): string => {
  const event = events.findLast(({ event_type }) => CAUSES.includes(event_type));
  const detail = event?.outputs['detail'];
  const said = [event?.message, detail].filter((text): text is string => typeof text === 'string' && text !== '');
  return [...new Set(said)].map((text) => clean(messageInWords(text))).join(': ');
};

/** Why a job that is done did not succeed, and what to do where there is something; nothing for any other job. */
export const endingLines = (job: Job, events: readonly EventView[]): { reason: string | null; next: string | null } => {
  if (job.status !== 'DONE' || job.outcome === 'succeeded') return { reason: null, next: null };
  const outage = events.some(
    ({ event_type, outputs: { detail } }) => event_type === 'ERROR' && typeof detail === 'string' && isOutage(detail),
  );
  const redrive = `wait until a provider is back, then "holdpoint redrive ${job.job_id}"; or configure another provider and submit again`;
  return {
    reason: lastError(events) || null,
    next: job.outcome === 'stopped_llm_error' && outage ? redrive : `see its log with "holdpoint timeline ${job.job_id}"`,
  };
};
