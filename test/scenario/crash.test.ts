import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { GetExecutionHistoryCommand, SFNClient } from '@aws-sdk/client-sfn';
import { beforeAll, describe, expect, it } from 'vitest';
import { verifyChain } from '../../functions/lib/event.ts';
import { JOB_MACHINE_ARN } from '../../infra/local/settings.ts';
import {
  approve,
  call,
  driveToEnd,
  getJob,
  startTestCloud,
  submit,
  type TestCloud,
  temporaryFolder,
  until,
  untilSettled,
} from '../support/cloud.ts';
import { crashAndContinue, type Ended, runUndisturbed } from '../support/crash.ts';
import { sample } from '../support/specs.ts';

const SPEC = sample('idea-trend', { run: 7 });
let undisturbed: Ended;

beforeAll(async () => {
  undisturbed = await runUndisturbed(SPEC);
});

// A sample of the job's changes; test/research sweeps all of them.
const BOUNDARIES = [1, 4, 9, 17, 22, 29, 41, 52] as const;

describe('after kill -9 at an I/O boundary and a restart', () => {
  it.each(BOUNDARIES.map((n, i) => [n, i % 2 === 0 ? 'after' : 'before'] as const))(
    'change %i (%s): the job ends once, with the same events and the same bytes',
    async (nth, when) => {
      const { answer, artifacts } = await crashAndContinue(SPEC, nth, when);
      expect(answer.job).toMatchObject({ status: 'DONE', outcome: 'succeeded' });
      expect(answer.events.map((event) => event.event_type)).toEqual(undisturbed.answer.events.map((event) => event.event_type));
      expect(new Set(answer.events.map((event) => event.event_id)).size).toBe(answer.events.length);
      expect(verifyChain(answer.events).problems).toEqual([]);
      expect(artifacts).toEqual(undisturbed.artifacts);
    },
  );
});

/** The checkpoint is through: from here on nothing but the token leads on. */
const untilHeld = async ({ aws }: TestCloud, jobId: string) => {
  const sfn = new SFNClient({ region: 'us-east-1', endpoint: aws, credentials: { accessKeyId: 'any', secretAccessKey: 'any' } });
  const executionArn = `${JOB_MACHINE_ARN.replace(':stateMachine:', ':execution:')}:job-${jobId}-1`;
  const last = async () =>
    (await sfn.send(new GetExecutionHistoryCommand({ executionArn, reverseOrder: true, maxResults: 1 }))).events?.[0];
  await until(last, (event) => event?.type === 'TaskSubmitted');
  sfn.destroy();
};

describe('a restart', () => {
  it('at a wait keeps the wait: the token still works and nobody is asked again', async () => {
    const dataDir = temporaryFolder();
    const first = await startTestCloud({ dataDir });
    const { job_id } = await submit(first.web, SPEC);
    const before = await untilSettled(first.web, job_id, 'blueprint');
    await first.close();
    const second = await startTestCloud({ dataDir });
    expect((await getJob(second.web, job_id)).events).toEqual(before.events);
    const end = await driveToEnd(second.web, job_id);
    expect(end.job.outcome).toBe('succeeded');
    expect(end.events.some((event) => event.event_type === 'REDRIVEN')).toBe(false);
    await second.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('without the DynamoDB folder rebuilds every job from the log, and waits can be decided again', async () => {
    const dataDir = temporaryFolder();
    const first = await startTestCloud({ dataDir });
    const waiting = await submit(first.web, SPEC);
    const held = await untilSettled(first.web, waiting.job_id, 'blueprint');
    await untilHeld(first, waiting.job_id);
    const done = await submit(first.web, sample('idea-reversal', { run: 7 }));
    const ended = await driveToEnd(first.web, done.job_id);
    await first.close();
    rmSync(join(dataDir, 'dynamodb'), { recursive: true });

    const second = await startTestCloud({ dataDir });
    const listed = await fetch(`${second.web}/jobs`).then(
      (response) => response.json() as Promise<{ jobs: { job_id: string; status: string }[] }>,
    );
    expect(listed.jobs.map((job) => job.job_id).toSorted()).toEqual([waiting.job_id, done.job_id].toSorted());
    expect((await getJob(second.web, done.job_id)).events).toEqual(ended.events);
    const again = await untilSettled(second.web, waiting.job_id, 'blueprint');
    expect(again.events.slice(0, held.events.length)).toEqual(held.events);
    expect(again.events.filter((event) => event.event_type === 'WAITING_APPROVAL')).toHaveLength(1);
    await approve(second.web, waiting.job_id, 'blueprint');
    expect((await driveToEnd(second.web, waiting.job_id)).job.outcome).toBe('succeeded');
    await second.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('without the DynamoDB folder runs a job that is past a hold from its log, and doubles nothing', async () => {
    const dataDir = temporaryFolder();
    const first = await startTestCloud({ dataDir });
    const { job_id } = await submit(first.web, SPEC);
    await approve(first.web, job_id, 'blueprint');
    const { job } = await untilSettled(first.web, job_id, 'runspec');
    await call(first.web, `/jobs/${job_id}/revise?step=runspec`, { body: { subject_digest: job.subject_digest, comment: 'once more' } });
    await approve(first.web, job_id, 'blueprint');
    const before = await untilSettled(first.web, job_id, 'runspec');
    await untilHeld(first, job_id);
    await first.close();
    rmSync(join(dataDir, 'dynamodb'), { recursive: true });

    const second = await startTestCloud({ dataDir });
    const end = await driveToEnd(second.web, job_id);
    expect(end.job.outcome).toBe('succeeded');
    expect(new Set(end.events.map((event) => event.event_id)).size).toBe(end.events.length);
    const added = end.events.slice(before.events.length).map((event) => event.event_type);
    expect(added).toEqual(['REDRIVEN', 'APPROVED', 'RUN_COMPLETED', 'GATES_COMPLETED', 'REGISTRY_UPDATED', 'REPORT_COMPLETED', 'DONE']);
    expect(verifyChain(end.events).problems).toEqual([]);
    await second.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
});

describe('the same spec in two folders', () => {
  it('with SOURCE_DATE_EPOCH gives byte-identical artifacts, and equal events but for run and hashes', async () => {
    const [a, b] = [await runUndisturbed(SPEC), await runUndisturbed(SPEC)];
    const comparable = ({ answer }: Ended) => answer.events.map(({ run_id: _r, hash: _h, prev_hash: _p, ...event }) => event);
    expect(comparable(b)).toEqual(comparable(a));
    expect(b.artifacts).toEqual(a.artifacts);
    expect(Object.keys(a.artifacts).length).toBeGreaterThan(15);
  });
});
