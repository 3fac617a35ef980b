import type { Api } from './api.ts';
import { formatElapsed } from './duration.ts';
import { endingLines, lastError } from './ending.ts';
import { EXIT, interrupted } from './exit.ts';
import { follow } from './follow.ts';
import { loadJob, nextFor, sayJob } from './jobs.ts';
import { inWords } from './labels.ts';
import { createProgress, type Progress } from './progress.ts';
import type { Context, Result } from './runner.ts';
import type { EventView, Job } from './views.ts';

export type Until = 'done' | 'waiting';
export type WatchOptions = { until: Until; timeoutMs: number | null };

/** Events that may end the watch: only then is the job itself asked for. */
const DECISIVE = new Set(['DONE', 'WAITING_APPROVAL', 'WAITING_HUMAN']);

const because = (events: readonly EventView[]): string => {
  const why = lastError(events);
  return why === '' ? '' : ` (${why})`;
};

const watchAgain = (jobId: string): string => `watch again with "holdpoint watch ${jobId}"`;

/** What the watch came to; null while it goes on. */
const verdict = (job: Job, events: readonly EventView[], until: Until): Omit<Result, 'doc'> | null => {
  if (job.status === 'DONE') {
    if (job.outcome === 'succeeded') return { exit: EXIT.good };
    return {
      exit: EXIT.bad,
      reason: `job ${job.job_id} ended ${job.outcome}${because(events)}`,
      next: endingLines(job, events).next ?? watchAgain(job.job_id),
    };
  }
  return until === 'waiting' && job.status !== 'RUNNING' ? { exit: EXIT.good } : null;
};

const timeUp = (job: Job, timeoutMs: number): Omit<Result, 'doc'> => ({
  exit: EXIT.waiting,
  reason: `job ${job.job_id} is still ${inWords(job)} after ${formatElapsed(timeoutMs)}; it goes on`,
  next: nextFor(job) ?? watchAgain(job.job_id),
});

type Watched = { job: Job; verdict: Omit<Result, 'doc'> | null };

const watchUntil = async (
  context: Context,
  api: Api,
  jobId: string,
  until: Until,
  progress: Progress,
  signal: AbortSignal,
): Promise<Watched> => {
  let shown = 0;
  const show = (events: readonly EventView[]) => {
    for (const event of events.filter(({ seq }) => seq > shown)) {
      progress.event(event);
      shown = event.seq;
    }
  };
  const look = async (): Promise<Watched> => {
    const { job, events } = await loadJob(api, jobId);
    if (shown === 0) sayJob(context, job);
    show(events);
    const end = verdict(job, events, until);
    const next = end === null && job.status !== 'RUNNING' ? nextFor(job) : null;
    if (next !== null) progress.remark(next);
    return { job, verdict: end };
  };
  let watched = await look();
  if (watched.verdict !== null) return watched;
  const { now, sleep } = context.world;
  for await (const update of follow(api, jobId, { after: shown, signal, now, sleep })) {
    if ('link' in update) progress.remark(update.link === 'lost' ? `${update.why}; trying again` : 'connected again');
    else {
      show([update.event]);
      if (DECISIVE.has(update.event.event_type)) watched = await look();
    }
    if (watched.verdict !== null) return watched;
  }
  return watched;
};

/**
 * Shows a job as it goes, until it is done, or waits, or the time is up.
 * @returns exit 0 for DONE/succeeded (or a wait that was asked for), 1 for another outcome, 3 when the time was up
 * @throws CliError (exit 130) when interrupted: the job goes on
 */
export const watchJob = async (context: Context, api: Api, jobId: string, { until, timeoutMs }: WatchOptions): Promise<Result<Job>> => {
  const time = new AbortController();
  const { interrupted: stop, sleep } = context.world;
  const settled = new AbortController();
  if (timeoutMs !== null) void sleep(timeoutMs, settled.signal).then(() => time.abort());
  const progress = createProgress(context);
  try {
    const watched = await watchUntil(context, api, jobId, until, progress, AbortSignal.any([stop, time.signal]));
    if (watched.verdict !== null) return { doc: watched.job, ...watched.verdict };
    const { job, events } = await loadJob(api, jobId);
    return { doc: job, ...(verdict(job, events, until) ?? timeUp(job, timeoutMs ?? 0)) };
  } catch (error) {
    throw stop.aborted ? interrupted(`job ${jobId} goes on; ${watchAgain(jobId)}`) : error;
  } finally {
    settled.abort();
    progress.end();
  }
};
