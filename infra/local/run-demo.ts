import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { JobEvent } from '../../contracts/events.ts';
import { JobView } from '../../contracts/http.ts';
import { CostView } from '../../contracts/pricing.ts';
import { startCloud } from './cloud.ts';

/** The whole demo takes a few seconds; a hang should not. In ms. */
const PATIENCE_MS = 60_000;

const say = (line: string) => process.stdout.write(`${line}\n`);
const Answer = z.object({ job: JobView, events: z.array(JobEvent) });

const call = async (url: string, user: string, body?: unknown): Promise<unknown> => {
  const post = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  const response = await fetch(url, { ...post, headers: { 'content-type': 'application/json', 'x-holdpoint-user': user } });
  const answer: unknown = await response.json();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${JSON.stringify(answer)}`);
  return answer;
};

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Drives the job to its end: whatever waits is approved. */
const drive = async (web: string, jobId: string): Promise<z.infer<typeof Answer>> => {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = Answer.parse(await call(`${web}/jobs/${jobId}`, 'demo-approver'));
    const { status, step, subject_digest } = answer.job;
    if (status === 'DONE') return answer;
    if (Date.now() > until) throw new Error(`the job is still ${status} at ${step ?? 'no step'} after ${PATIENCE_MS / 1000} s`);
    if (status === 'WAITING_APPROVAL') {
      await call(`${web}/jobs/${jobId}/approve?step=${step}`, 'demo-approver', { subject_digest, comment: 'approved by the demo' });
      say(`approved  ${step}  (${subject_digest?.slice(0, 19)}…)`);
    } else await pause(20);
  }
};

const timeline = (events: readonly JobEvent[]): void => {
  for (const { seq, at, event_type, step, actor } of events) {
    say(`${String(seq).padStart(3)}  ${at.slice(11, 23)}  ${event_type.padEnd(18)} ${(step ?? '').padEnd(18)} ${actor.id}`);
  }
};

const costLines = ({ usd, units }: CostView): string[] => [
  `cost      $${usd.toFixed(6)} on AWS, model calls excluded`,
  `          ${units.transitions} state transitions, ${units.invocations} invocations, ${units.s3_puts} S3 writes, ${units.s3_gets} S3 reads,`,
  `          ${units.write_units} DynamoDB write units, ${units.read_units} read units`,
];

const dataDir = mkdtempSync(join(tmpdir(), 'holdpoint-demo-'));
const cloud = await startCloud({ port: 0, awsPort: 0, dataDir, environment: process.env, report: say });
try {
  const spec: unknown = JSON.parse(readFileSync(new URL('../../docs/examples/idea-trend.json', import.meta.url), 'utf8'));
  const { job_id } = JobView.parse(await call(`${cloud.web}/jobs`, 'demo-submitter', spec));
  say(`submitted ${job_id}`);
  const { job, events } = await drive(cloud.web, job_id);
  say('');
  timeline(events);
  say('');
  say(`result    ${job.status} / ${job.outcome}  (${job.mode.toUpperCase()}${job.degraded ? ', DEGRADED' : ''})`);
  for (const line of costLines(CostView.parse(await call(`${cloud.web}/jobs/${job_id}/cost`, 'demo-approver')))) say(line);
  process.exitCode = job.outcome === 'succeeded' ? 0 : 1;
} finally {
  await cloud.close();
  rmSync(dataDir, { recursive: true, force: true });
}
// A closed cloud can leave a timer of the interpreter behind, which would keep the process.
process.exit();
