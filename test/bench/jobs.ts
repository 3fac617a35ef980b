import { parseSse } from '../../cli/sse.ts';
import type { CloudOptions } from '../../infra/local/cloud.ts';
import { chainOptions } from '../support/chain/chain.ts';
import { call, driveToEnd, startTestCloud, submit, type TestCloud, untilSettled } from '../support/cloud.ts';
import { costOfRun, MEASURED, TWO_APPROVALS } from '../support/cost.ts';
import { sample } from '../support/specs.ts';
import { type Figure, percentiles, series } from './stats.ts';

let runs = 1;
const spec = () => sample('idea-trend', { run: runs++ });

/** Reads the stream of events after `seq` until one of this type comes, as pages and the CLI do. */
const streamUntil = async (web: string, jobId: string, after: number, type: string): Promise<void> => {
  const done = new AbortController();
  const { body } = await fetch(`${web}/jobs/${jobId}/events/stream?after=${after}`, { signal: done.signal });
  if (!body) throw new Error(`the stream of job ${jobId} has no body`);
  for await (const { data } of parseSse(body)) {
    if (data !== '' && JSON.parse(data).event_type === type) break;
  }
  done.abort();
};

const approveAt = async (web: string, jobId: string, step: string) => {
  const { job, events } = await untilSettled(web, jobId, step);
  return {
    seq: events.length,
    send: () => call(web, `/jobs/${jobId}/approve?step=${step}`, { user: 'bench', body: { subject_digest: job.subject_digest } }),
  };
};

/** Decision sent on the last approval → `DONE` visible, for one new job; in ms. */
export const terminalSample = async (web: string): Promise<number> => {
  const { job_id } = await submit(web, spec());
  await (await approveAt(web, job_id, 'blueprint')).send();
  const last = await approveAt(web, job_id, 'runspec');
  const seen = streamUntil(web, job_id, last.seq, 'DONE');
  const start = performance.now();
  const sent = last.send();
  await seen;
  const ms = performance.now() - start;
  await sent;
  return ms;
};

/** What is measured: the reference job, and the chain of eight states and two approvals that do nothing. */
export const WORKLOADS: Readonly<Record<string, () => Partial<CloudOptions>>> = { sample_idea: () => ({}), chain: chainOptions };

/** Jobs before the first that counts: code is compiled and caches are filled as in a service that runs. */
const WARM_UP = 5;

/** Runs `work` on a warm cloud of its own. */
export const onWarmCloud = async <T>(workload: () => Partial<CloudOptions>, work: (cloud: TestCloud) => Promise<T>): Promise<T> => {
  // As people start it: policies are enforced in tests, and on request.
  const cloud = await startTestCloud({ ...workload(), enforceIam: false });
  try {
    for (let i = 0; i < WARM_UP; i++) await terminalSample(cloud.web);
    return await work(cloud);
  } finally {
    await cloud.remove();
  }
};

const terminalLatency = async (web: string, what: string, n: number): Promise<Figure> => {
  const samples: number[] = [];
  for (let i = 0; i < n; i++) samples.push(await terminalSample(web));
  return { bench: 'terminal_latency', what, n, ...percentiles(samples) };
};

const clickToResume = async (cloud: TestCloud, n: number): Promise<number[]> => {
  const samples: number[] = [];
  for (let i = 0; i < n; i++) {
    const { job_id } = await submit(cloud.web, spec());
    const decision = await approveAt(cloud.web, job_id, 'blueprint');
    const seen = streamUntil(cloud.web, job_id, decision.seq + 1, 'RUNSPEC_COMPILED');
    const start = performance.now();
    const sent = decision.send();
    await seen;
    samples.push(performance.now() - start);
    await sent;
  }
  return samples;
};

const submitToWaiting = (cloud: TestCloud, n: number): Promise<number[]> =>
  series(n, async () => {
    const { job_id } = await submit(cloud.web, spec());
    await streamUntil(cloud.web, job_id, 0, 'WAITING_APPROVAL');
  });

const throughput = async (cloud: TestCloud, n: number): Promise<number> => {
  const start = performance.now();
  await Promise.all(
    Array.from({ length: n }, async () => {
      const { job_id } = await submit(cloud.web, spec());
      await driveToEnd(cloud.web, job_id);
    }),
  );
  return n / ((performance.now() - start) / 1000);
};

const waitingMemory = async (cloud: TestCloud, n: number): Promise<number> => {
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  const jobs = await Promise.all(Array.from({ length: n }, () => submit(cloud.web, spec())));
  for (const { job_id } of jobs) await untilSettled(cloud.web, job_id, 'blueprint');
  globalThis.gc?.();
  return Math.round((process.memoryUsage().heapUsed - before) / n);
};

export const jobFigures = (n: number): Promise<Figure[]> =>
  onWarmCloud(
    () => ({}),
    async (cloud) => [
      await terminalLatency(cloud.web, 'sample_idea', n),
      { bench: 'click_to_resume', n, ...percentiles(await clickToResume(cloud, n)) },
      { bench: 'submit_to_waiting', n, ...percentiles(await submitToWaiting(cloud, n)) },
      { bench: 'throughput', n: 20, jobs_per_s: Math.round((await throughput(cloud, 20)) * 100) / 100 },
      { bench: 'waiting_memory', n: 50, bytes_per_job: await waitingMemory(cloud, 50) },
    ],
  );

export const chainFigures = (n: number): Promise<Figure[]> =>
  onWarmCloud(chainOptions, async ({ web }) => [await terminalLatency(web, 'chain', n)]);

/** Counted units of one sample job, as AWS would bill them. Reads of people who wait and look are left out. */
export const costPerJob = async (): Promise<Figure[]> => {
  const figure = async (what: string, options: Partial<CloudOptions>): Promise<Figure> => {
    const cloud = await startTestCloud({ ...options, environment: { ...options.environment, ...MEASURED } });
    try {
      const { units, usd } = await costOfRun(cloud.web, spec(), TWO_APPROVALS);
      return { bench: 'cost_per_job', what, n: 1, ...units, usd };
    } finally {
      await cloud.remove();
    }
  };
  return [await figure('sample_idea', {}), await figure('chain', chainOptions())];
};
