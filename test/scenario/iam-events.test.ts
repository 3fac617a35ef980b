import { DynamoDBClient, GetItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { SendTaskSuccessCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventKey } from '../../contracts/events.ts';
import { FUNCTION_KEY, JOB_MACHINE_ARN, TABLE_NAME } from '../../infra/local/settings.ts';
import { startTestCloud, submit, type TestCloud, untilSettled } from '../support/cloud.ts';
import { sample } from '../support/specs.ts';

const EVENTS = 'holdpoint-local-events';
const ARTIFACTS = 'holdpoint-local-artifacts';

let cloud: TestCloud;
let jobId: string;
let Key: string;

beforeAll(async () => {
  cloud = await startTestCloud();
  jobId = (await submit(cloud.web, sample('idea-trend', { run: 7001 }))).job_id;
  await untilSettled(cloud.web, jobId);
  Key = eventKey(jobId, 1);
});
afterAll(() => cloud.remove());

const as = (accessKeyId: string) => ({
  region: 'us-east-1',
  endpoint: cloud.aws,
  credentials: { accessKeyId, secretAccessKey: 'any' },
  maxAttempts: 1,
});
const s3 = (accessKeyId: string) => new S3Client({ ...as(accessKeyId), forcePathStyle: true });
const by = (name: string) => `${FUNCTION_KEY}${name}`;
const PERSON = 'somebody-with-the-aws-cli';

/** What a call comes to: `done`, or status and error name. */
const outcome = async (sent: Promise<unknown>): Promise<string> => {
  try {
    await sent;
    return 'done';
  } catch (error) {
    const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } };
    return `${$metadata?.httpStatusCode} ${name}`;
  }
};

const DENIED = '403 AccessDenied';

describe.each([
  ['the function that writes events', by('web')],
  ['a person who administers this cloud', PERSON],
])('the event log, asked by %s', (_, who) => {
  it('takes an event once: again is a conflict, and without the condition it is refused', async () => {
    const fresh = { Bucket: EVENTS, Key: eventKey(jobId, who === PERSON ? 900 : 901), Body: '{}' };
    expect(await outcome(s3(who).send(new PutObjectCommand({ ...fresh, IfNoneMatch: '*' })))).toBe('done');
    expect(await outcome(s3(who).send(new PutObjectCommand({ ...fresh, IfNoneMatch: '*' })))).toBe('412 PreconditionFailed');
    expect(await outcome(s3(who).send(new PutObjectCommand(fresh)))).toBe(DENIED);
    expect(await outcome(s3(who).send(new PutObjectCommand({ ...fresh, Key: eventKey(jobId, 902) })))).toBe(DENIED);
  });

  it('keeps what was written: no delete, no delete marker, no version removed', async () => {
    const { VersionId } = await s3(by('web')).send(new GetObjectCommand({ Bucket: EVENTS, Key }));
    expect(await outcome(s3(who).send(new DeleteObjectCommand({ Bucket: EVENTS, Key })))).toBe(DENIED);
    expect(await outcome(s3(who).send(new DeleteObjectCommand({ Bucket: EVENTS, Key, VersionId })))).toBe(DENIED);
    const many = await s3(who).send(new DeleteObjectsCommand({ Bucket: EVENTS, Delete: { Objects: [{ Key }, { Key, VersionId }] } }));
    expect(many.Deleted).toBeUndefined();
    expect(many.Errors?.map(({ Code }) => Code)).toEqual(['AccessDenied', 'AccessDenied']);
    const { Versions, DeleteMarkers } = await s3(PERSON).send(new ListObjectVersionsCommand({ Bucket: EVENTS, Prefix: Key }));
    expect([Versions?.length, DeleteMarkers]).toEqual([1, undefined]);
  });

  it('is not overwritten by a copy or in parts', async () => {
    const target = { Bucket: EVENTS, Key: eventKey(jobId, 903) };
    expect(await outcome(s3(who).send(new CopyObjectCommand({ ...target, CopySource: `${EVENTS}/${Key}` })))).toBe(DENIED);
    const { UploadId } = await s3(who).send(new CreateMultipartUploadCommand(target));
    const { ETag } = await s3(who).send(new UploadPartCommand({ ...target, UploadId, PartNumber: 1, Body: 'x' }));
    const complete = { ...target, UploadId, MultipartUpload: { Parts: [{ ETag, PartNumber: 1 }] } };
    expect(await outcome(s3(who).send(new CompleteMultipartUploadCommand(complete)))).toBe(DENIED);
  });
});

describe('a function', () => {
  const get = (name: string, Bucket: string, key: string) => outcome(s3(by(name)).send(new GetObjectCommand({ Bucket, Key: key })));

  it('does not read what is of another one', async () => {
    expect(await get('compile', ARTIFACTS, `registry/trials/${jobId}.json`)).toBe(DENIED);
    expect(await get('compile', 'holdpoint-local-cassettes', 'intent/x.0.json')).toBe(DENIED);
    expect(await get('checkpoint', ARTIFACTS, 'snapshots/sp500-2000.json')).toBe(DENIED);
    expect(await get('gates', EVENTS, 'audit/events/00000001.json')).toBe(DENIED);
  });

  it('does not write what is of another one', async () => {
    const put = (name: string, key: string) =>
      outcome(s3(by(name)).send(new PutObjectCommand({ Bucket: ARTIFACTS, Key: key, Body: 'x', IfNoneMatch: '*' })));
    expect(await put('compile', 'registry/trials/000000000000.json')).toBe(DENIED);
    expect(await put('intake', 'snapshots/other.json')).toBe(DENIED);
    expect(await put('registry', 'registry/trials/000000000000.json')).toBe('done');
  });

  it('learns that a key is missing where it may list, and nothing where it may not', async () => {
    expect(await get('compile', EVENTS, eventKey(jobId, 800))).toBe('404 NoSuchKey');
    expect(await get('digest', ARTIFACTS, `jobs/${jobId}/nothing.json`)).toBe(DENIED);
    expect(await get('nobody', EVENTS, Key)).toBe(DENIED);
  });

  it('lists under its own prefix only', async () => {
    const listed = (name: string, Prefix: string) => outcome(s3(by(name)).send(new ListObjectsV2Command({ Bucket: ARTIFACTS, Prefix })));
    expect(await listed('compile', `jobs/${jobId}/`)).toBe('done');
    expect(await listed('compile', 'registry/')).toBe(DENIED);
    expect(await listed('intake', 'jobs/')).toBe(DENIED);
  });

  it('reads the flags of the table, and no job, where that is all it was given', async () => {
    const read = (pk: string) =>
      outcome(
        new DynamoDBClient(as(by('registry'))).send(new GetItemCommand({ TableName: TABLE_NAME, Key: { pk: { S: pk }, sk: { S: pk } } })),
      );
    expect(await read('FLAGS')).toBe('done');
    expect(await read(`JOB#${jobId}`)).toBe('400 AccessDeniedException');
    expect(await outcome(new DynamoDBClient(as(by('web'))).send(new ScanCommand({ TableName: TABLE_NAME })))).toBe(
      '400 AccessDeniedException',
    );
  });

  it('starts jobs through the alias only, and answers waits only where that is its work', async () => {
    const start = (name: string, stateMachineArn: string) =>
      outcome(new SFNClient(as(by(name))).send(new StartExecutionCommand({ stateMachineArn, input: '{}' })));
    expect(await start('web', `${JOB_MACHINE_ARN}:live`)).toBe('done');
    expect(await start('web', JOB_MACHINE_ARN)).toBe('400 AccessDeniedException');
    expect(await start('compile', `${JOB_MACHINE_ARN}:live`)).toBe('400 AccessDeniedException');
    const taskToken = Buffer.from(JSON.stringify(['holdpoint-local-job', 'x', 1, 'y'])).toString('base64');
    const answer = new SendTaskSuccessCommand({ taskToken, output: '{}' });
    expect(await outcome(new SFNClient(as(by('compile'))).send(answer))).toBe('400 AccessDeniedException');
  });

  it('publishes to no topic that it was not given', async () => {
    const TopicArn = 'arn:aws:sns:us-east-1:000000000000:holdpoint-local-elsewhere';
    const sent = new SNSClient(as(by('compile'))).send(new PublishCommand({ TopicArn, Message: 'hi' }));
    expect(await outcome(sent)).toMatch(/^403 AuthorizationError/);
  });
});

it('who has no key at all is refused', async () => {
  const response = await fetch(`${cloud.aws}/${EVENTS}/${Key}`);
  expect([response.status, await response.text()]).toEqual([403, expect.stringContaining('<Code>AccessDenied</Code>')]);
});

it('a refusal says who asked for what, and is in the report', async () => {
  await expect(s3(by('compile')).send(new GetObjectCommand({ Bucket: ARTIFACTS, Key: 'registry/x' }))).rejects.toThrow(
    'User: arn:aws:sts::000000000000:assumed-role/holdpoint-local-compile/compile is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::holdpoint-local-artifacts/registry/x" because no identity-based policy allows the s3:GetObject action',
  );
  expect(cloud.iam?.report().refused).toContainEqual({
    caller: 'compile',
    action: 's3:GetObject',
    resource: 'arn:aws:s3:::holdpoint-local-artifacts/registry/x',
    because: 'because no identity-based policy allows the s3:GetObject action',
  });
});
