import { execFile, spawnSync } from 'node:child_process';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { createEndpoint } from '../../infra/local/endpoint.ts';
import { createSqs, type Sqs } from '../../infra/local/sqs/sqs.ts';
import { type Handle, serveHttp } from '../../infra/local/wire.ts';
import { startTestCloud, type TestCloud } from '../support/cloud.ts';

const QUEUE = 'holdpoint-local-reconcile-failed';
const installed = spawnSync('aws', ['--version']).status === 0;
if (!installed) console.warn('skipped: the aws CLI is not installed, so it was not tried against the local SQS');

const signed = { authorization: 'AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/sqs/aws4_request' };

const ask = async (url: string, action: string, body: object): Promise<{ status: number; body: Record<string, unknown> }> => {
  const headers = { ...signed, 'x-amz-target': `AmazonSQS.${action}`, 'content-type': 'application/x-amz-json-1.0' };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: answer.status, body: z.record(z.string(), z.unknown()).parse(await answer.json()) };
};

const Received = z.object({ Messages: z.array(z.object({ Body: z.string() })).default([]) });

/** What lies in a queue and may be received. */
const bodies = async (url: string, queue: string): Promise<unknown[]> => {
  const { body } = await ask(url, 'ReceiveMessage', { QueueUrl: `${url}/000000000000/${queue}`, VisibilityTimeout: 0 });
  return Received.parse(body).Messages.map(({ Body }) => JSON.parse(Body));
};

describe('SQS on this machine', () => {
  let url: string;
  let close: () => Promise<void>;
  let sqs: Sqs;
  let now = 0;
  beforeEach(async () => {
    sqs = createSqs({ queues: [QUEUE, 'other'], now: () => now });
    const server = await serveHttp(createEndpoint({ sqs: sqs.handle }), { port: 0, host: '127.0.0.1' });
    url = `http://127.0.0.1:${server.port}`;
    close = server.close;
  });
  afterEach(() => close());

  const QueueUrl = `https://sqs.us-east-1.amazonaws.com/000000000000/${QUEUE}`;
  const attributes = async () => (await ask(url, 'GetQueueAttributes', { QueueUrl, AttributeNames: ['All'] })).body['Attributes'];

  it('hides a message that was received for as long as was asked, and keeps it until the queue is emptied', async () => {
    sqs.send(QUEUE, '"first"');
    sqs.send(QUEUE, '"second"');
    const received = await ask(url, 'ReceiveMessage', { QueueUrl, VisibilityTimeout: 5 });
    expect(received.body['Messages']).toEqual([
      { MessageId: expect.any(String), ReceiptHandle: expect.any(String), Body: '"first"', MD5OfBody: '1756461953b38cc9e2278a5bcd19ce83' },
    ]);
    expect(await bodies(url, QUEUE)).toEqual(['second']);
    expect(await attributes()).toEqual({ ApproximateNumberOfMessages: '1', ApproximateNumberOfMessagesNotVisible: '1' });
    now += 5000;
    expect(await bodies(url, QUEUE)).toEqual(['first']);
    await ask(url, 'PurgeQueue', { QueueUrl });
    expect(await attributes()).toEqual({ ApproximateNumberOfMessages: '0', ApproximateNumberOfMessagesNotVisible: '0' });
    expect(await bodies(url, QUEUE)).toEqual([]);
  });

  it('keeps queues apart, and the newest thousand of each', async () => {
    for (let n = 0; n < 1001; n++) sqs.send('other', String(n));
    expect(await bodies(url, 'other')).toEqual([1]);
    expect(await bodies(url, QUEUE)).toEqual([]);
  });

  it('names the queue that is not there, the value that is not allowed, and what it does not implement', async () => {
    expect(await ask(url, 'PurgeQueue', { QueueUrl: 'none' })).toMatchObject({ status: 400, body: { __type: 'QueueDoesNotExist' } });
    const many = { QueueUrl, MaxNumberOfMessages: 11 };
    expect(await ask(url, 'ReceiveMessage', many)).toMatchObject({ status: 400, body: { __type: 'InvalidParameterValue' } });
    expect(await ask(url, 'CreateQueue', {})).toMatchObject({ status: 501, body: { __type: 'NotImplemented' } });
  });

  it.skipIf(!installed)('is read, counted and emptied by the aws CLI', { timeout: 60_000 }, async () => {
    sqs.send(QUEUE, '{"a":1}');
    const env = { PATH: process.env['PATH'], AWS_ACCESS_KEY_ID: 'any', AWS_SECRET_ACCESS_KEY: 'any', AWS_DEFAULT_REGION: 'us-east-1' };
    const aws = (...args: string[]) =>
      new Promise<string>((resolve) => {
        const all = ['--endpoint-url', url, 'sqs', ...args, '--queue-url', `${url}/000000000000/${QUEUE}`];
        execFile('aws', all, { env }, (error, stdout, stderr) => resolve(error ? stderr : stdout));
      });
    const read = await aws('receive-message', '--visibility-timeout', '0', '--query', 'Messages[].Body');
    expect(JSON.parse(read)).toEqual(['{"a":1}']);
    expect(await aws('purge-queue')).toBe('');
    const left = await aws('get-queue-attributes', '--attribute-names', 'ApproximateNumberOfMessages');
    expect(JSON.parse(left)).toMatchObject({ Attributes: { ApproximateNumberOfMessages: '0' } });
  });
});

describe('a scheduled pass that fails', () => {
  let cloud: TestCloud;
  let broken = false;
  const refused = { status: 400, headers: {}, body: '{"__type":"ResourceNotFoundException","message":"Requested resource not found"}' };
  const intercept =
    (endpoint: Handle): Handle =>
    async (request) =>
      broken && (request.headers['x-amz-target'] ?? '').startsWith('DynamoDB') ? refused : endpoint(request);
  beforeAll(async () => {
    cloud = await startTestCloud({ intercept });
  });
  afterAll(() => cloud.remove());

  it('lies in the queue of its schedule, with its error, and in no other', async () => {
    expect(await bodies(cloud.aws, QUEUE)).toEqual([]);
    broken = true;
    await expect
      .poll(() => bodies(cloud.aws, QUEUE), { timeout: 10_000 })
      .toEqual([
        expect.objectContaining({
          requestContext: expect.objectContaining({ functionArn: expect.stringContaining('holdpoint-local-reconcile:live') }),
          requestPayload: {},
          responsePayload: { errorType: 'ResourceNotFoundException', errorMessage: 'Requested resource not found' },
        }),
      ]);
    broken = false;
    expect(await bodies(cloud.aws, 'holdpoint-local-digest-failed')).toEqual([]);
  });
});
