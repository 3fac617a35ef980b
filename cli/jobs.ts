import { ApprovalStep, STEPS } from '../contracts/steps.ts';
import { WATCHDOG } from '../contracts/watchdog.ts';
import type { Api } from './api.ts';
import { inWords, jobLabels, paintLabels, paintStatus } from './labels.ts';
import type { Context } from './runner.ts';
import { clean } from './text.ts';
import { Events, type EventView, type Job, JobAndEvents } from './views.ts';

/** @throws CliError (exit 4) when there is no such job */
export const loadJob = async (api: Api, jobId: string): Promise<{ job: Job; events: EventView[] }> =>
  (await api.call('GET', `/jobs/${jobId}`, JobAndEvents)).body;

/** Every event of a log, asked for until the server has no more. */
const loadAll = async (api: Api, path: string): Promise<EventView[]> => {
  const events: EventView[] = [];
  for (;;) {
    const after = events.at(-1)?.seq ?? 0;
    const { body } = await api.call('GET', `${path}?after=${after}`, Events);
    const more = body.events.filter((event) => event.seq > after);
    if (more.length === 0) return events;
    events.push(...more);
  }
};

/** Every event of a job. */
export const loadEvents = (api: Api, jobId: string): Promise<EventView[]> => loadAll(api, `/jobs/${jobId}/events`);

/** Every event of the audit log. */
export const loadAudit = (api: Api): Promise<EventView[]> => loadAll(api, '/audit/events');

/** Title with id, labels and status: the head of everything said about one job. */
export const sayJob = ({ say, paint }: Context, job: Job): void => {
  say(paint.bold(clean(job.title)));
  say(`${paint.dim('job')} ${job.job_id}  ${paintStatus(paint, inWords(job), job)}  ${paintLabels(paint, jobLabels(job))}`);
};

/** What anyone may do with a job that waits. */
export const nextFor = (job: Job): string | null => {
  if (job.status === 'WAITING_APPROVAL') {
    const known = ApprovalStep.safeParse(job.step);
    const others = known.success && STEPS[known.data].onRevise !== undefined ? 'or reject, or revise' : 'or reject';
    return `decide with "holdpoint approve ${job.job_id} --step ${clean(job.step ?? '')}" (${others})`;
  }
  if (job.status === 'WAITING_HUMAN' && job.step === WATCHDOG.step)
    return `answer with "holdpoint resume ${job.job_id} continue" (or stop)`;
  if (job.status === 'WAITING_HUMAN') return `answer with "holdpoint resume ${job.job_id} 'your answer' --step ${clean(job.step ?? '')}"`;
  return job.status === 'RUNNING' ? `follow it with "holdpoint watch ${job.job_id}"` : null;
};
