import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { JobView } from '../../contracts/http.ts';
import { JobSpec } from '../../contracts/job-spec.ts';

const SAMPLE = new URL('../../docs/examples/idea-trend.json', import.meta.url);
const SUBMITTER = 'demo-submitter';
/** The sample job reaches its first hold well within this, in ms. */
const PATIENCE_MS = 20_000;

const Read = z.object({ job: JobView });

const read = async (web: string, jobId: string): Promise<JobView> => {
  const response = await fetch(`${web}/jobs/${jobId}`);
  return Read.parse(await response.json()).job;
};

const settled = async (web: string, jobId: string): Promise<JobView> => {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    const job = await read(web, jobId);
    if (job.status !== 'RUNNING' || Date.now() > until) return job;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
};

/** What to do next, in words, for where the sample job is. */
const advice = (job: JobView, web: string): string[] => {
  const page = `${web}/ui/jobs/${job.job_id}`;
  if (job.status === 'DONE') {
    return [
      `sample job ${job.job_id} is done: ${job.outcome}`,
      `  look     ${page}`,
      '  again    npm run holdpoint -- submit docs/examples/idea-trend.json --run 2',
    ];
  }
  return [
    `sample job ${job.job_id} ${job.status === 'RUNNING' ? 'is running' : `waits for approval at "${job.step}"`}`,
    `  decide   ${page}`,
    `  or       npm run holdpoint -- approve ${job.job_id} --as demo-approver`,
    '  again    npm run holdpoint -- submit docs/examples/idea-trend.json --run 2',
  ];
};

/** Submits the sample idea, or finds where it is, and says what to do next. */
export const runDemo = async (web: string): Promise<string[]> => {
  const spec = JobSpec.parse(JSON.parse(readFileSync(SAMPLE, 'utf8')));
  const response = await fetch(`${web}/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-holdpoint-user': SUBMITTER },
    body: JSON.stringify(spec),
  });
  const job = JobView.parse(await response.json());
  return advice(await settled(web, job.job_id), web);
};
