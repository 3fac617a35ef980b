import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SFNClient, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { DynamoDBDocumentClient, GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readEnv } from '../../adapters/env.ts';
import { TELLS } from '../../adapters/notify/parts.ts';
import { createWorld, type World } from '../../adapters/world.ts';
import { LOCAL_POLICY } from '../../contracts/approval-policy.ts';
import { ReconcileView } from '../../contracts/http.ts';
import { verifyChain } from '../../functions/lib/event.ts';
import { create as createStop } from '../../functions/stop/handler.ts';
import { functionVariables, TABLE_NAME } from '../../infra/local/settings.ts';
import type { Question } from '../../infra/local/simulator/simulator.ts';
import {
  approve,
  call,
  driveToEnd,
  getJob,
  type JobAnswer,
  startTestCloud,
  submit,
  type TestCloud,
  until,
  untilSettled,
} from '../support/cloud.ts';
import { sample } from '../support/specs.ts';

const VAGUE = 'Something about the market, vaguely.';
const asking = ({ user }: Question): string | undefined =>
  user.some((text) => text.startsWith('Draft a blueprint') && text.includes(VAGUE) && !text.includes('the_authors_answer'))
    ? JSON.stringify({ schema_version: 'agent_question_v1', question: 'Which holding period?' })
    : undefined;

let cloud: TestCloud;
let sfn: SFNClient;
const credentials = { accessKeyId: 'admin', secretAccessKey: 'admin' };
const worldOf = (name: string): World => createWorld(readEnv(functionVariables(cloud.dataDir, cloud, {})(name)), TELLS);

beforeAll(async () => {
  cloud = await startTestCloud({ simulate: { answer: asking }, environment: { HOLDPOINT_LLM_DISABLE_NETWORK: undefined } });
  sfn = new SFNClient({ region: 'us-east-1', endpoint: cloud.aws, credentials });
});
afterAll(() => cloud.remove());

let runs = 6000;
const idea = (name = 'idea-trend', changes: Record<string, unknown> = {}) => sample(name, { run: runs++, ...changes });

/** The execution goes away under the job, and the reconciler finds out. */
const loseExecution = async (jobId: string, n = 1): Promise<JobAnswer> => {
  const executionArn = `arn:aws:states:us-east-1:000000000000:execution:holdpoint-local-job:job-${jobId}-${n}`;
  await sfn.send(new StopExecutionCommand({ executionArn }));
  await call(cloud.web, '/reconcile', { body: { all: true } });
  return until(
    () => getJob(cloud.web, jobId),
    ({ events }) => events.some((event) => event.event_type === 'REDRIVEN'),
  );
};

const ids = ({ events }: JobAnswer) => events.map((event) => event.event_id);
const expectSound = (answer: JobAnswer) => {
  expect(new Set(ids(answer)).size).toBe(answer.events.length);
  expect(verifyChain(answer.events).problems).toEqual([]);
};

describe('a job that lost its execution', () => {
  it('is run from its log past an override of the guard, without a second proposal', async () => {
    const { job_id } = await submit(cloud.web, idea('idea-guarded'));
    await approve(cloud.web, job_id, 'agent_output_invalid');
    await untilSettled(cloud.web, job_id, 'blueprint');
    await loseExecution(job_id);
    const end = await driveToEnd(cloud.web, job_id);
    expect(end.job.status).toBe('DONE');
    expect(['succeeded', 'gates_failed', 'stopped_llm_error']).toContain(end.job.outcome);
    expect(end.events.filter((event) => event.event_type === 'BLUEPRINT_PROPOSED')).toHaveLength(1);
    expectSound(end);
  });

  it('is run from its log past an answered question, without asking the model again', async () => {
    const spec = idea('idea-trend', { llm: { mode: 'live' } });
    const { job_id } = await submit(cloud.web, { ...spec, idea: { ...(spec['idea'] as object), hypothesis: VAGUE } });
    await approve(cloud.web, job_id, 'llm_live_confirm');
    await until(
      () => getJob(cloud.web, job_id),
      ({ job }) => job.status === 'WAITING_HUMAN',
    );
    await call(cloud.web, `/jobs/${job_id}/resume`, { body: { step: 'intent', answer: 'A quarter.' } });
    await untilSettled(cloud.web, job_id, 'blueprint');
    const asked = cloud.simulator?.requests().length;
    await loseExecution(job_id);
    const again = await untilSettled(cloud.web, job_id, 'blueprint');
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(cloud.simulator?.requests().length).toBe(asked);
    expect(again.events.filter((event) => event.event_type === 'BLUEPRINT_PROPOSED')).toHaveLength(1);
    expectSound(await driveToEnd(cloud.web, job_id));
  });
});

describe('one bad job', () => {
  it('does not keep the reconciler from the others', async () => {
    const bad = 'badbadbadbad';
    const s3 = new S3Client({ region: 'us-east-1', endpoint: cloud.aws, credentials, forcePathStyle: true });
    await s3.send(
      new PutObjectCommand({
        Bucket: 'holdpoint-local-events',
        Key: `jobs/${bad}/events/00000001.json`,
        Body: '{"not":"an event"}',
        IfNoneMatch: '*',
      }),
    );
    const { body } = await call(cloud.web, '/reconcile', { body: { all: true } });
    const report = body as { checked: number; failed: number };
    expect(report.failed).toBe(1);
    expect(report.checked).toBeGreaterThanOrEqual(2);
  });
});

describe('a row that was edited by hand', () => {
  const dynamo = () => DynamoDBDocumentClient.from(new DynamoDBClient({ region: 'us-east-1', endpoint: cloud.aws, credentials }));
  const key = (jobId: string) => ({ TableName: TABLE_NAME, Key: { pk: `JOB#${jobId}`, sk: 'JOB' } });
  const rowOf = async (jobId: string) => (await dynamo().send(new GetCommand({ ...key(jobId), ConsistentRead: true }))).Item;
  const pass = async (options: object) => ReconcileView.parse((await call(cloud.web, '/reconcile', { body: options })).body);

  it.each([
    ['status', 'RUNNING'],
    ['status', 'NONSENSE'],
    ['status_pk', 'RUNNING'],
    ['title', 'Another'],
    ['job_id', 'ffffffffffff'],
    ['last_seq', 'three'],
  ])('with %s %j is what the log makes it after one pass, which says so, and the next has nothing to do', async (name, value) => {
    const { job_id } = await submit(cloud.web, idea());
    await untilSettled(cloud.web, job_id, 'blueprint');
    const before = await until(
      () => rowOf(job_id),
      (row) => row?.['status'] === 'WAITING_APPROVAL',
    );
    await dynamo().send(
      new UpdateCommand({
        ...key(job_id),
        // Sooner than the pass would look: somebody is about to decide.
        UpdateExpression: 'SET #name = :value, next_check_at = :soon',
        ExpressionAttributeNames: { '#name': name },
        ExpressionAttributeValues: { ':value': value, ':soon': new Date(Date.now() + 600_000).toISOString() },
      }),
    );
    const { repaired, did } = await pass({ open: true });
    expect(repaired).toBeGreaterThanOrEqual(1);
    expect(did.filter((one) => one.job_id === job_id)).toEqual([{ job_id, did: expect.stringMatching('^its row was ') }]);
    const { next_check_at: _, ...after } = (await rowOf(job_id)) ?? {};
    expect(before).toMatchObject(after);
    expect((await pass({ open: true })).did.filter((one) => one.job_id === job_id)).toEqual([]);
  });

  it('after the job was done is repaired by a pass over everything', async () => {
    const { job_id } = await submit(cloud.web, idea());
    await driveToEnd(cloud.web, job_id);
    await until(
      () => rowOf(job_id),
      (row) => row?.['status'] === 'DONE',
    );
    await dynamo().send(
      new UpdateCommand({ ...key(job_id), UpdateExpression: 'SET outcome = :value', ExpressionAttributeValues: { ':value': 'rejected' } }),
    );
    const { did } = await pass({ all: true });
    expect(did).toContainEqual({ job_id, did: expect.stringContaining('outcome') });
    expect(await rowOf(job_id)).toMatchObject({ outcome: 'succeeded' });
  });
});

describe('what people say', () => {
  it('may grow when its secrets are removed, and the job stays readable', async () => {
    const { job_id } = await submit(cloud.web, idea());
    const { job } = await untilSettled(cloud.web, job_id, 'blueprint');
    const comment = 'pwd=x1 '.repeat(500);
    expect(
      await call(cloud.web, `/jobs/${job_id}/approve?step=blueprint`, { body: { subject_digest: job.subject_digest, comment } }),
    ).toMatchObject({ status: 200 });
    const end = await driveToEnd(cloud.web, job_id);
    expect(end.job.outcome).toBe('succeeded');
    expect(JSON.stringify(end.events)).not.toContain('pwd=x1');
  });

  it('that is no whole text is refused as a spec, with nothing created', async () => {
    const answer = await call(cloud.web, '/jobs', {
      body: `{"schema_version":"job_spec_v1","kind":"idea","title":"half \\ud83d","run":1}`,
    });
    expect(answer.status).toBe(400);
  });
});

describe('a late click', () => {
  it('on an earlier opening does not decide a later one with the same evidence', async () => {
    const { job_id } = await submit(cloud.web, idea());
    const { job: first } = await untilSettled(cloud.web, job_id, 'blueprint');
    await approve(cloud.web, job_id, 'blueprint');
    const { job: held } = await untilSettled(cloud.web, job_id, 'runspec');
    await call(cloud.web, `/jobs/${job_id}/revise?step=runspec`, { body: { subject_digest: held.subject_digest, comment: 'again' } });
    await untilSettled(cloud.web, job_id, 'blueprint');
    const late = await call(cloud.web, `/jobs/${job_id}/approve?step=blueprint`, { body: { subject_digest: first.subject_digest } });
    expect(late).toMatchObject({ status: 409, body: { code: 'STALE_SUBJECT' } });
  });
});

describe('the last state', () => {
  it('tried again after its first event writes no event twice', async () => {
    const { job_id } = await submit(cloud.web, idea('idea-trend', { title: 'Stopped twice' }));
    const held = await untilSettled(cloud.web, job_id, 'blueprint');
    const world = worldOf('stop');
    const token = (await worldOf('web').tokens.list(job_id))[0];
    if (!token) throw new Error('no token');
    const payload = {
      state: 'Stop',
      run_id: token.run_id,
      input: { context: token.context, error: { Error: 'CompileRefused', Cause: 'no' } },
    };
    const append = world.log.append;
    expect(held.job.step).toBe('blueprint');
    expect(typeof append).toBe('function');
    const stop = createStop(world.env);
    await Promise.allSettled([stop(payload), stop(payload)]);
    await stop(payload);
    const { events } = await getJob(cloud.web, job_id);
    expect(new Set(events.map((event) => event.event_id)).size).toBe(events.length);
    expect(events.slice(-2).map((event) => event.event_type)).toEqual(['ERROR', 'DONE']);
  });
});

describe('links of an approval that was asked again', () => {
  it('are good for as long as it asks, and new approvers get theirs', async () => {
    const rules = { approvers: ['ann'], proven_by: ['local', 'link'] as ('local' | 'link')[], expires_after: 1, remind_after: [] };
    const policy = { ...LOCAL_POLICY, steps: { blueprint: { ...rules, on_expiry: 'escalate' as const, escalate_to: ['boss'] } } };
    const other = await startTestCloud({ environment: { HOLDPOINT_APPROVAL_POLICY: JSON.stringify(policy) } });
    const { job_id } = await submit(other.web, idea());
    await untilSettled(other.web, job_id, 'blueprint');
    const { events } = await until(
      async () => {
        await call(other.web, '/reconcile', { body: { all: true } });
        return getJob(other.web, job_id);
      },
      (answer) => answer.events.filter((event) => event.event_type === 'LINK_ISSUED').length >= 2,
    );
    const issued = events
      .filter((event) => event.event_type === 'LINK_ISSUED')
      .flatMap((event) => (event.outputs['links'] as { approver: string }[]).map(({ approver }) => approver));
    expect(new Set(issued)).toEqual(new Set(['ann', 'boss']));
    await other.remove();
  });
});
