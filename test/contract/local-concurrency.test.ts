import { GetExecutionHistoryCommand, SFNClient } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createConcurrency } from '../../infra/local/concurrency.ts';
import { FUNCTION_KEY, JOB_MACHINE_ARN } from '../../infra/local/settings.ts';
import { approve, startTestCloud, submit, type TestCloud, until, untilSettled } from '../support/cloud.ts';
import { sample } from '../support/specs.ts';

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
});
afterAll(() => cloud.remove());

/** As the AWS CLI asks, by whoever's key. */
const lambda = async (path: string, { method = 'GET', body, key = 'any' }: { method?: string; body?: unknown; key?: string } = {}) => {
  const authorization = `AWS4-HMAC-SHA256 Credential=${key}/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0`;
  const answer = await fetch(cloud.aws + path, { method, headers: { authorization }, ...(body ? { body: JSON.stringify(body) } : {}) });
  const text = await answer.text();
  return { status: answer.status, type: answer.headers.get('x-amzn-errortype'), body: text === '' ? null : JSON.parse(text) };
};
const ACCOUNT = '/2016-08-19/account-settings/';
const of = (name: string): string => `/2017-10-31/functions/${name}/concurrency`;
const reserve = (name: string, ReservedConcurrentExecutions: unknown) =>
  lambda(of(`holdpoint-local-${name}`), { method: 'PUT', body: { ReservedConcurrentExecutions } });
const release = (name: string) => lambda(of(`holdpoint-local-${name}`), { method: 'DELETE' });

describe('concurrency on this machine', () => {
  it('what is reserved is missing from the account, until it is given back', async () => {
    expect(await reserve('compile', 300)).toMatchObject({ status: 200, body: { ReservedConcurrentExecutions: 300 } });
    const limits = { ConcurrentExecutions: 1000, UnreservedConcurrentExecutions: 700 };
    expect((await lambda(ACCOUNT)).body).toMatchObject({ AccountLimit: limits });
    const shown = await lambda('/2019-09-30/functions/holdpoint-local-compile/concurrency');
    expect(shown.body).toEqual({ ReservedConcurrentExecutions: 300 });
    expect(await release('compile')).toMatchObject({ status: 204, body: null });
    expect((await lambda(ACCOUNT)).body).toMatchObject({ AccountLimit: { UnreservedConcurrentExecutions: 1000 } });
  });

  it('refuses what Lambda refuses, and says 501 to what it does not have', async () => {
    const invalid = { status: 400, type: 'InvalidParameterValueException' };
    expect(await reserve('compile', 901)).toMatchObject(invalid);
    expect(await reserve('compile', -1)).toMatchObject(invalid);
    expect(await reserve('none', 1)).toMatchObject({ status: 404, type: 'ResourceNotFoundException' });
    expect(await lambda('/2015-03-31/functions/')).toMatchObject({ status: 501, type: 'NotImplemented' });
  });

  it('no function may touch it', async () => {
    expect(await lambda(ACCOUNT, { key: `${FUNCTION_KEY}web` })).toMatchObject({ status: 400, type: 'AccessDeniedException' });
  });

  it('a function without concurrency is tried again, and its job goes on when there is some', async () => {
    const { job_id } = await submit(cloud.web, sample('blueprint-breakout', { run: 7100 }));
    await reserve('run', 0);
    await untilSettled(cloud.web, job_id, 'runspec');
    await approve(cloud.web, job_id, 'runspec');
    const sfn = new SFNClient({ region: 'us-east-1', endpoint: cloud.aws, credentials: { accessKeyId: 'any', secretAccessKey: 'any' } });
    const executionArn = `${JOB_MACHINE_ARN.replace(':stateMachine:', ':execution:')}:job-${job_id}-1`;
    const errors = async () =>
      ((await sfn.send(new GetExecutionHistoryCommand({ executionArn }))).events ?? []).map((event) => event.taskFailedEventDetails?.error);
    await until(errors, (seen) => seen.includes('Lambda.TooManyRequestsException'));
    sfn.destroy();
    await release('run');
    expect((await untilSettled(cloud.web, job_id)).job).toMatchObject({ status: 'DONE', outcome: 'succeeded' });
  });

  it('an API without concurrency answers 503', async () => {
    await reserve('web', 0);
    const refused = await fetch(`${cloud.web}/jobs`);
    expect([refused.status, await refused.json()]).toEqual([503, { message: 'Service Unavailable' }]);
    await release('web');
    expect((await fetch(`${cloud.web}/jobs`)).status).toBe(200);
  });
});

it('a place is given back once, and there are no more than were reserved', async () => {
  const { handle, take } = createConcurrency();
  const request = { method: 'PUT', path: of('holdpoint-local-run'), query: new URLSearchParams(), headers: {} };
  await handle({ ...request, body: Buffer.from('{"ReservedConcurrentExecutions":1}') });
  const first = take('run');
  expect(take('run')).toBeNull();
  expect(take('compile')).not.toBeNull();
  first?.();
  expect(take('run')).not.toBeNull();
});
