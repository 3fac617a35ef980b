import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { JobView } from '../../contracts/http.ts';
import { JobSpec } from '../../contracts/job-spec.ts';
import type { Oidc } from './oidc/oidc.ts';

const SAMPLE = new URL('../../docs/examples/idea-trend.json', import.meta.url);
const SUBMITTER = 'demo-submitter';
/** Who submits where people sign in. */
const SIGNED_IN_SUBMITTER = 'bob';
/** The sample job reaches its first hold well within this, in ms. */
const PATIENCE_MS = 20_000;

const Read = z.object({ job: JobView });

type Caller = { web: string; headers: Record<string, string>; signsIn: boolean };

const callerOf = async (web: string, oidc: Oidc | null): Promise<Caller> =>
  oidc
    ? { web, headers: { authorization: `Bearer ${await oidc.tokenFor(SIGNED_IN_SUBMITTER)}` }, signsIn: true }
    : { web, headers: { 'x-holdpoint-user': SUBMITTER }, signsIn: false };

const read = async ({ web, headers }: Caller, jobId: string): Promise<JobView> => {
  const response = await fetch(`${web}/jobs/${jobId}`, { headers });
  return Read.parse(await response.json()).job;
};

const settled = async (caller: Caller, jobId: string): Promise<JobView> => {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    const job = await read(caller, jobId);
    if (job.status !== 'RUNNING' || Date.now() > until) return job;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
};

/** What to do next, in words, for where the sample job is. */
const advice = (job: JobView, { web, signsIn }: Caller): string[] => {
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
    signsIn
      ? `  or       npm run holdpoint -- login, then npm run holdpoint -- approve ${job.job_id}`
      : `  or       npm run holdpoint -- approve ${job.job_id} --as demo-approver`,
    '  again    npm run holdpoint -- submit docs/examples/idea-trend.json --run 2',
  ];
};

/** Submits the sample idea, or finds where it is, and says what to do next. */
export const runDemo = async (web: string, oidc: Oidc | null): Promise<string[]> => {
  const caller = await callerOf(web, oidc);
  const spec = JobSpec.parse(JSON.parse(readFileSync(SAMPLE, 'utf8')));
  const response = await fetch(`${web}/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...caller.headers },
    body: JSON.stringify(spec),
  });
  const job = JobView.parse(await response.json());
  return advice(await settled(caller, job.job_id), caller);
};
