import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DeleteObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cli } from '../../cli/testing/world.ts';
import { eventKey } from '../../contracts/events.ts';
import { driveToEnd, startTestCloud, submit, type TestCloud, until, untilSettled } from '../support/cloud.ts';
import { sample } from '../support/specs.ts';

const BUCKET = 'holdpoint-local-events';

let cloud: TestCloud;
let done: string;
let waits: string;
const folder = mkdtempSync(join(tmpdir(), 'holdpoint-verify-'));
const file = (name: string) => join(folder, name);
const run = (...argv: string[]) => cli([...argv, '--endpoint', cloud.web, '--json']);

/** The command line without a server, on the files alone. */
const offline = (...argv: string[]) => cli([...argv, '--json']);

const ENTRY = fileURLToPath(new URL('../../cli/holdpoint.mjs', import.meta.url));

/** The command as a process of its own in a folder, which is its home as well. */
const elsewhere = (cwd: string, ...argv: string[]): Promise<{ exit: number; stdout: string; stderr: string }> =>
  new Promise((resolve) => {
    const env = { PATH: process.env['PATH'] ?? '', HOME: cwd };
    execFile(process.execPath, [ENTRY, ...argv], { cwd, env }, (error, stdout, stderr) =>
      resolve({ exit: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
const answerOf = ({ stdout }: { stdout: string }): Record<string, unknown> => JSON.parse(stdout);

beforeAll(async () => {
  cloud = await startTestCloud({ digestEveryMs: 300 });
  done = (await submit(cloud.web, sample('blueprint-breakout'))).job_id;
  await driveToEnd(cloud.web, done);
  waits = (await submit(cloud.web, sample('blueprint-breakout', { run: 2 }))).job_id;
  await until(
    async () => answerOf(await run('verify', waits)),
    ({ signed_through }) => Number(signed_through) > 0,
  );
  await Promise.all(
    [done, waits].map((job) =>
      until(
        async () => answerOf(await run('verify', job)),
        (report) => report['signed_through'] === report['events'],
      ),
    ),
  );
  await fetch(`${cloud.web}/flags/telemetry`, { method: 'PUT', body: '{"value":true}', headers: { 'content-type': 'application/json' } });
  writeFileSync(file('key.pem'), await (await fetch(`${cloud.web}/digests/key`)).text());
});
afterAll(() => cloud.remove());

describe('an untouched service', () => {
  it('verifies: one job, everything, and with the key of the data folder', async () => {
    const answer = await run('verify', done);
    expect(answer).toMatchObject({ exit: 0 });
    const { events, signed_through } = answerOf(answer);
    expect(signed_through).toBe(events);
    const all = await run('verify', '--all');
    expect(all).toMatchObject({ exit: 0, stderr: '' });
    expect(answerOf(all)).toMatchObject({ ok: true, logs: expect.any(Number), problems: [] });
    expect(await run('verify', done, '--key', join(cloud.dataDir, 'digest-key.pub.pem'))).toMatchObject({ exit: 0 });
  });

  it('shows the signed digests, page by page, and one by one', async () => {
    const page = answerOf({ stdout: await (await fetch(`${cloud.web}/digests?limit=1`)).text() });
    expect(page).toMatchObject({ digests: [{ schema_version: 'audit_digest_v1', seq: 1 }], problems: [], next: 1 });
    expect(await (await fetch(`${cloud.web}/digests/1`)).json()).toEqual((page['digests'] as unknown[])[0]);
    expect((await fetch(`${cloud.web}/digests/99999`)).status).toBe(404);
    expect((await fetch(`${cloud.web}/digests/..%2Fkey`)).status).toBe(404);
    expect((await fetch(`${cloud.web}/jobs/aaaaaaaaaaaa/verify`)).status).toBe(404);
  });

  it('has no function but the one that signs know the private key', () => {
    expect(readFileSync(join(cloud.dataDir, 'digest-key.pub.pem'), 'utf8')).toContain('BEGIN PUBLIC KEY');
    expect(readFileSync(file('key.pem'), 'utf8')).toBe(readFileSync(join(cloud.dataDir, 'digest-key.pub.pem'), 'utf8'));
  });
});

describe('an exported log', () => {
  it('verifies on files alone, and no change of any line goes unseen', async () => {
    const log = file('log.jsonl');
    expect(await run('timeline', done, '--export', log)).toMatchObject({ exit: 0, stderr: '' });
    const verify = () => offline('verify', '--file', log, '--key', file('key.pem'));
    expect(await verify()).toMatchObject({ exit: 0, stderr: '' });
    const text = readFileSync(log, 'utf8');
    const lines = text.trimEnd().split('\n');
    for (const i of lines.keys()) {
      writeFileSync(log, lines.toSpliced(i, 1).join('\n'));
      expect(await verify(), `line ${i + 1} deleted`).toMatchObject({ exit: 1 });
    }
    writeFileSync(log, lines.with(1, lines[1]?.replace('"at":"2', '"at":"3') ?? '').join('\n'));
    expect(await verify(), 'line 2 edited').toMatchObject({ exit: 1, stderr: expect.stringContaining('event 2 was edited') });
  });

  it.each([
    ['a job', () => [done]],
    ['what belongs to no job', () => ['--audit']],
  ])('of %s verifies where there is neither data nor server nor home: with the file and the key alone', async (_, log) => {
    const empty = mkdtempSync(join(tmpdir(), 'holdpoint-elsewhere-'));
    await run('timeline', ...log(), '--export', join(empty, 'log.jsonl'));
    copyFileSync(file('key.pem'), join(empty, 'key.pem'));
    const verify = () => elsewhere(empty, 'verify', '--file', 'log.jsonl', '--key', 'key.pem');
    expect(await verify()).toMatchObject({ exit: 0, stdout: expect.stringContaining('all of them signed'), stderr: '' });
    const text = readFileSync(join(empty, 'log.jsonl'), 'utf8');
    writeFileSync(join(empty, 'log.jsonl'), text.replace('"identity":"local"', '"identity":"oidc"'));
    expect(await verify()).toMatchObject({ exit: 1, stderr: expect.stringContaining('was edited') });
    rmSync(empty, { recursive: true });
  });

  it('does not verify with the key of another environment', async () => {
    const other = await startTestCloud();
    const log = file('other.jsonl');
    await run('timeline', done, '--export', log);
    const answer = await offline('verify', '--file', log, '--key', join(other.dataDir, 'digest-key.pub.pem'));
    await other.remove();
    expect(answer).toMatchObject({ exit: 1, stderr: expect.stringContaining('signed by somebody else') });
    expect(await offline('verify', '--file', log, '--key', log)).toMatchObject({ exit: 2 });
  });

  it('takes its digests from a file of their own as well', async () => {
    const log = file('both.jsonl');
    await run('timeline', done, '--export', log);
    const lines = readFileSync(log, 'utf8').trimEnd().split('\n');
    const isDigest = (line: string) => line.includes('"audit_digest_v1"');
    writeFileSync(file('events.jsonl'), lines.filter((line) => !isDigest(line)).join('\n'));
    writeFileSync(file('digests.jsonl'), lines.filter(isDigest).join('\n'));
    const key = ['--key', file('key.pem')];
    expect(await offline('verify', '--file', file('events.jsonl'), '--digests', file('digests.jsonl'), ...key)).toMatchObject({ exit: 0 });
    expect(await offline('verify', '--file', file('events.jsonl'), ...key)).toMatchObject({ exit: 1 });
  });
});

describe('a log that somebody changed in the storage', () => {
  let open: TestCloud;
  let jobs: string[];
  beforeAll(async () => {
    // The bucket policy would refuse most of this.
    open = await startTestCloud({ digestEveryMs: 300, enforceIam: false });
    const specs = [1, 2, 3, 4].map((n) => sample('blueprint-breakout', { run: n }));
    jobs = (await Promise.all(specs.map((spec) => submit(open.web, spec)))).map(({ job_id }) => job_id);
    const signed = async (job: string) => answerOf(await ask('verify', job))['signed_through'];
    for (const job of jobs) {
      await untilSettled(open.web, job);
      await until(
        () => signed(job),
        (through) => Number(through) >= 3,
      );
    }
  });
  afterAll(() => open.remove());

  const ask = (...argv: string[]) => cli([...argv, '--endpoint', open.web, '--json']);
  const s3 = () =>
    new S3Client({
      endpoint: open.aws,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    });
  const kindsOf = (answer: { stdout: string }) => (answerOf(answer)['problems'] as { kind: string }[]).map(({ kind }) => kind);

  it('does not verify, with the reason, while the others do', async () => {
    const [overwritten = '', deleted = '', edited = '', fine = ''] = jobs;
    await s3().send(new PutObjectCommand({ Bucket: BUCKET, Key: eventKey(overwritten, 2), Body: '{}' }));
    await s3().send(new DeleteObjectCommand({ Bucket: BUCKET, Key: eventKey(deleted, 2) }));
    const objects = join(open.dataDir, 's3', BUCKET, 'objects');
    const stored = readdirSync(objects).find((name) => name.includes(edited) && name.includes('00000002'));
    const onDisk = join(objects, stored ?? '');
    writeFileSync(onDisk, readFileSync(onDisk, 'utf8').replace('"identity":"none"', '"identity":"oidc"'));

    expect(await ask('verify', fine)).toMatchObject({ exit: 0 });
    const answers = await Promise.all([overwritten, deleted, edited].map((job) => ask('verify', job)));
    expect(answers.map(({ exit }) => exit)).toEqual([1, 1, 1]);
    const [first, second, third] = answers.map(kindsOf);
    expect(first).toEqual(expect.arrayContaining(['overwritten', 'unreadable']));
    expect(second).toEqual(expect.arrayContaining(['delete_marker', 'deleted']));
    expect(third).toEqual(expect.arrayContaining(['edited']));
  });

  it('fails the verification of everything, naming every job', async () => {
    const all = await ask('verify', '--all');
    expect(all).toMatchObject({ exit: 1, stderr: expect.stringContaining('does not verify') });
    const named = new Set((answerOf(all)['problems'] as { job_id: string }[]).map(({ job_id }) => job_id));
    expect(named).toEqual(new Set(jobs.slice(0, 3)));
  });

  it('is missed when it is gone altogether, and so are digests', async () => {
    const [, , , fine = ''] = jobs;
    const { Contents = [] } = await s3().send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: `jobs/${fine}/events/` }));
    for (const { Key } of Contents) await s3().send(new DeleteObjectCommand({ Bucket: BUCKET, Key }));
    expect(await ask('verify', fine)).toMatchObject({ exit: 1 });
    expect(kindsOf(await ask('verify', '--all'))).toContain('deleted');
    const digests = await s3().send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: 'digests/' }));
    await s3().send(new DeleteObjectCommand({ Bucket: BUCKET, Key: digests.Contents?.at(-1)?.Key }));
    expect(kindsOf(await ask('verify', '--all'))).toEqual(expect.arrayContaining(['digest_deleted', 'digest_truncated']));
  });
});
