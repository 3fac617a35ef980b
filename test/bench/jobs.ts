import { call, driveToEnd, startTestCloud, streamUntil, submit, untilSettled } from '../support/cloud.ts';
import { costOfRun, MEASURED, TWO_APPROVALS } from '../support/cost.ts';
import { sample } from '../support/specs.ts';
import { optionsOf, type Service, type Workload, withService } from './service.ts';
import { type Figure, percentiles, series } from './stats.ts';

let runs = 1;
const spec = () => sample('idea-trend', { run: runs++ });

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
  const seen = streamUntil(web, job_id, last.seq, ['DONE']);
  const start = performance.now();
  const sent = last.send();
  await seen;
  const ms = performance.now() - start;
  await sent;
  return ms;
};

/** Jobs before the first that counts: code is compiled and caches are filled as in a service that runs. */
export const WARM_UP = 50;

/** Runs `work` against a warm service of its own. */
export const onWarmService = <T>(workload: Workload, work: (service: Service) => Promise<T>): Promise<T> =>
  withService(workload, async (service) => {
    for (let i = 0; i < WARM_UP; i++) await terminalSample(service.web);
    return work(service);
  });

const terminalLatency = async (web: string, what: Workload, n: number): Promise<Figure> => {
  const samples: number[] = [];
  for (let i = 0; i < n; i++) samples.push(await terminalSample(web));
  return { bench: 'terminal_latency', what, n, ...percentiles(samples) };
};

const clickToResume = async (web: string, n: number): Promise<number[]> => {
  const samples: number[] = [];
  for (let i = 0; i < n; i++) {
    const { job_id } = await submit(web, spec());
    const decision = await approveAt(web, job_id, 'blueprint');
    const seen = streamUntil(web, job_id, decision.seq + 1, ['RUNSPEC_COMPILED']);
    const start = performance.now();
    const sent = decision.send();
    await seen;
    samples.push(performance.now() - start);
    await sent;
  }
  return samples;
};

const submitToWaiting = (web: string, n: number): Promise<number[]> =>
  series(n, async () => {
    const { job_id } = await submit(web, spec());
    await streamUntil(web, job_id, 0, ['WAITING_APPROVAL']);
  });

const throughput = async (web: string, n: number): Promise<number> => {
  const start = performance.now();
  await Promise.all(
    Array.from({ length: n }, async () => {
      const { job_id } = await submit(web, spec());
      await driveToEnd(web, job_id);
    }),
  );
  return n / ((performance.now() - start) / 1000);
};

const waitingMemory = async ({ web, heapUsed }: Service, n: number): Promise<number> => {
  const before = await heapUsed();
  const jobs = await Promise.all(Array.from({ length: n }, () => submit(web, spec())));
  for (const { job_id } of jobs) await untilSettled(web, job_id, 'blueprint');
  return Math.round(((await heapUsed()) - before) / n);
};

export const jobFigures = (n: number): Promise<Figure[]> =>
  onWarmService('sample_idea', async (service) => [
    await terminalLatency(service.web, 'sample_idea', n),
    { bench: 'click_to_resume', n, ...percentiles(await clickToResume(service.web, n)) },
    { bench: 'submit_to_waiting', n, ...percentiles(await submitToWaiting(service.web, n)) },
    { bench: 'throughput', n: 20, jobs_per_s: Math.round((await throughput(service.web, 20)) * 100) / 100 },
    { bench: 'waiting_memory', n: 50, bytes_per_job: await waitingMemory(service, 50) },
  ]);

export const chainFigures = (n: number): Promise<Figure[]> =>
  onWarmService('chain', async ({ web }) => [await terminalLatency(web, 'chain', n)]);

/** Counted units of one sample job, as AWS would bill them. Reads of people who wait and look are left out. */
export const costPerJob = async (): Promise<Figure[]> => {
  const figure = async (what: Workload): Promise<Figure> => {
    const options = optionsOf(what);
    const cloud = await startTestCloud({ ...options, environment: { ...options.environment, ...MEASURED } });
    try {
      const { units, usd } = await costOfRun(cloud.web, spec(), TWO_APPROVALS);
      return { bench: 'cost_per_job', what, n: 1, ...units, usd };
    } finally {
      await cloud.remove();
    }
  };
  return [await figure('sample_idea'), await figure('chain')];
};
