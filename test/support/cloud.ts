import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { parseSse } from '../../cli/sse.ts';
import { JobEvent } from '../../contracts/events.ts';
import { JobView } from '../../contracts/http.ts';
import { type Cloud, type CloudOptions, startCloud } from '../../infra/local/cloud.ts';

export const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), 'holdpoint-test-'));

export type TestCloud = Cloud & { dataDir: string; remove(): Promise<void> };

const open = new Set<() => Promise<void>>();

/** Ends whatever is still going on in clouds of this process: requests to them fail from here on. */
export const closeTestClouds = async (): Promise<void> => {
  for (const close of open) await close();
};

/** A local cloud on free ports and a folder of its own, where functions may do what the stack would let them do. */
export const startTestCloud = async (options: Partial<CloudOptions> = {}): Promise<TestCloud> => {
  const dataDir = options.dataDir ?? temporaryFolder();
  const cloud = await startCloud({ port: 0, awsPort: 0, dataDir, environment: {}, enforceIam: true, report: () => undefined, ...options });
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    open.delete(close);
    return (closing ??= cloud.close());
  };
  open.add(close);
  const remove = async () => {
    await close();
    rmSync(dataDir, { recursive: true, force: true });
  };
  return { ...cloud, close, dataDir, remove };
};

export type Answer = { status: number; body: unknown };

/** One JSON request as `user`. */
export const call = async (
  web: string,
  path: string,
  options: { user?: string; body?: unknown; method?: string } = {},
): Promise<Answer> => {
  const body = options.body === undefined ? {} : { body: typeof options.body === 'string' ? options.body : JSON.stringify(options.body) };
  const response = await fetch(web + path, {
    method: options.method ?? (options.body === undefined ? 'GET' : 'POST'),
    headers: { 'content-type': 'application/json', 'x-holdpoint-user': options.user ?? 'tester' },
    ...body,
  });
  return { status: response.status, body: await response.json() };
};

const JobAnswer = z.object({ job: JobView, events: z.array(JobEvent) });
export type JobAnswer = z.infer<typeof JobAnswer>;

export const getJob = async (web: string, jobId: string): Promise<JobAnswer> => JobAnswer.parse((await call(web, `/jobs/${jobId}`)).body);

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Polls until `done` holds, for as long as a busy machine may need. */
export const until = async <T>(read: () => Promise<T>, done: (value: T) => boolean, ms = 60_000): Promise<T> => {
  const deadline = Date.now() + ms;
  for (;;) {
    const value = await read();
    if (done(value)) return value;
    if (Date.now() > deadline) throw new Error(`still not so after ${ms} ms: ${JSON.stringify(value).slice(-3000)}`);
    await pause(15);
  }
};

/** Reads the stream of events after `seq`, as pages and the CLI do, until one of these types comes, or without any the next. */
export const streamUntil = async (web: string, jobId: string, after: number, types?: readonly string[]): Promise<void> => {
  const done = new AbortController();
  const signal = AbortSignal.any([done.signal, AbortSignal.timeout(60_000)]);
  const { body } = await fetch(`${web}/jobs/${jobId}/events/stream?after=${after}`, { headers: { 'x-holdpoint-user': 'tester' }, signal });
  if (!body) throw new Error(`the stream of job ${jobId} has no body`);
  for await (const { data } of parseSse(body)) {
    if (data !== '' && (!types || types.includes(JobEvent.parse(JSON.parse(data)).event_type))) break;
  }
  done.abort();
};

/** Waits until the job waits at `step`, or is done. */
export const untilSettled = async (web: string, jobId: string, step?: string): Promise<JobAnswer> => {
  for (;;) {
    const answer = await getJob(web, jobId);
    const { status, step: at } = answer.job;
    if (status === 'DONE' || (status === 'WAITING_APPROVAL' && (step === undefined || at === step))) return answer;
    await streamUntil(web, jobId, answer.events.length, ['WAITING_APPROVAL', 'DONE']);
  }
};

export const submit = async (web: string, spec: unknown, user = 'submitter'): Promise<JobView> => {
  const { status, body } = await call(web, '/jobs', { user, body: spec });
  if (status !== 200 && status !== 201) throw new Error(`submission answered ${status}: ${JSON.stringify(body)}`);
  return JobView.parse(body);
};

/** Approves whatever waits at `step`, on the evidence as it is. */
export const approve = async (web: string, jobId: string, step: string, user = 'approver'): Promise<Answer> => {
  const { job } = await untilSettled(web, jobId, step);
  return call(web, `/jobs/${jobId}/approve?step=${step}`, { user, body: { subject_digest: job.subject_digest } });
};

/** Approves every hold until the job is done. */
export const driveToEnd = async (web: string, jobId: string): Promise<JobAnswer> => {
  for (;;) {
    const answer = await untilSettled(web, jobId);
    if (answer.job.status === 'DONE') return answer;
    await approve(web, jobId, answer.job.step ?? '');
    await streamUntil(web, jobId, answer.events.length);
  }
};
