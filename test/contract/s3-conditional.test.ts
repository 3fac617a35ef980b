import { spawn } from 'node:child_process';
import { existsSync, linkSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createS3 } from '../../infra/local/s3/server.ts';
import { BUCKETS, openWorld, outcome, type TestWorld } from './s3-world.ts';

let world: TestWorld;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const put = (Bucket: string, Key: string, Body: string, more = {}) =>
  world.client.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
const text = async (Bucket: string, Key: string) =>
  (await world.client.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString();

const tally = (results: string[]) =>
  Object.fromEntries(
    Map.groupBy(results, (result) => result)
      .entries()
      .map(([name, all]) => [name, all.length]),
  );

for (const bucket of ['plain', 'files']) {
  test(`of 32 racers on one key exactly one creates it (${bucket})`, async () => {
    for (let round = 0; round < 5; round++) {
      const racers = Array.from({ length: 32 }, (_, i) => outcome(put(bucket, `race-${round}`, `racer ${i}`, { IfNoneMatch: '*' })));
      const results = await Promise.all(racers);
      expect(tally(results)).toEqual({ ok: 1, '412 PreconditionFailed': 31 });
      expect(await text(bucket, `race-${round}`)).toBe(`racer ${results.indexOf('ok')}`);
    }
  });

  test(`of 16 racers with the same If-Match exactly one replaces the object (${bucket})`, async () => {
    const { ETag } = await put(bucket, 'swap', 'first');
    const results = await Promise.all(Array.from({ length: 16 }, (_, i) => outcome(put(bucket, 'swap', `next ${i}`, { IfMatch: ETag }))));
    expect(tally(results)).toEqual({ ok: 1, '412 PreconditionFailed': 15 });
    expect(await text(bucket, 'swap')).toBe(`next ${results.indexOf('ok')}`);
  });
}

test('after a deletion the key may be created again, and If-Match finds nothing', async () => {
  for (const Bucket of ['plain', 'files']) {
    const { ETag } = await put(Bucket, 'again', 'x');
    await world.client.send(new DeleteObjectCommand({ Bucket, Key: 'again' }));
    expect(await outcome(put(Bucket, 'again', 'y', { IfMatch: ETag }))).toBe('404 NoSuchKey');
    expect(await outcome(put(Bucket, 'again', 'y', { IfNoneMatch: '*' }))).toBe('ok');
  }
});

test('two servers on the same files never both create a key', async () => {
  const other = createS3({ dataDir: world.dataDir, buckets: BUCKETS });
  const request = (i: number) => ({
    method: 'PUT',
    path: `/events/two-${i}`,
    query: new URLSearchParams(),
    headers: { 'if-none-match': '*' },
    body: Buffer.from('x'),
  });
  for (let i = 0; i < 20; i++) {
    const answers = await Promise.all([world.s3.handle(request(i)), other.handle(request(i))]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412]);
  }
  await other.close();
});

test('a restart keeps objects, refuses to create them again, and clears temp files', async () => {
  await put('files', 'kept', 'still here', { IfNoneMatch: '*' });
  const temp = join(world.dataDir, 'files', 'temp');
  const objects = join(world.dataDir, 'files', 'objects');
  writeFileSync(join(temp, 'half~1~00000000'), 'half a wri');
  writeFileSync(join(temp, 'torn~1~00000000'), 'linked, then the power failed');
  linkSync(join(temp, 'torn~1~00000000'), join(objects, 'torn~1'));
  linkSync(join(objects, 'kept~1'), join(temp, 'kept~1~00000000'));
  await world.restart();
  expect(readdirSync(temp)).toEqual([]);
  expect(existsSync(join(objects, 'torn~1'))).toBe(false);
  expect(await text('files', 'kept')).toBe('still here');
  expect(await outcome(put('files', 'kept', 'x', { IfNoneMatch: '*' }))).toBe('412 PreconditionFailed');
});

const serverModule = new URL('../../infra/local/s3/server.ts', import.meta.url).href;

/** A child process that puts objects of many sizes for ever and prints each key that was acknowledged. */
const WRITER = `
  const { createS3 } = await import(process.argv[1]);
  const s3 = createS3({ dataDir: process.argv[2], buckets: { files: { versioning: true }, plain: { versioning: false } } });
  const query = new URLSearchParams();
  for (let i = 0; ; i++) {
    await Promise.all(['files', 'plain'].map(async (bucket) => {
      const key = bucket === 'plain' ? 'same' : process.argv[3] + '-' + i;
      const body = Buffer.alloc(1 + (i * 7919) % 200000, 65 + (i % 26));
      const { status } = await s3.handle({ method: 'PUT', path: '/' + bucket + '/' + key, query, headers: {}, body });
      if (status === 200) process.stdout.write(bucket + ' ' + key + ' ' + body.length + '\\n');
    }));
  }`;

test('a writer killed at any moment leaves every acknowledged object, and no torn one', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 's3-killed-'));
  const acknowledged: string[] = [];
  for (let round = 0; round < 5; round++) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', WRITER, serverModule, dataDir, String(round)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
      if (output.length > 600 + round * 333) child.kill('SIGKILL');
    });
    await new Promise((resolve) => child.once('close', resolve));
    acknowledged.push(...output.split('\n').slice(0, -1));
  }
  const s3 = createS3({ dataDir, buckets: { files: { versioning: true }, plain: { versioning: false } } });
  const ask = (path: string, query = '') =>
    s3.handle({ method: 'GET', path, query: new URLSearchParams(query), headers: {}, body: Buffer.alloc(0) });
  const isUniform = (body: Buffer | string) => Buffer.isBuffer(body) && body.length > 0 && body.every((byte) => byte === body[0]);
  expect(acknowledged.length).toBeGreaterThan(50);
  for (const line of acknowledged) {
    const [bucket, key, size] = line.split(' ');
    if (bucket === 'files') expect((await ask(`/files/${key}`)).headers['content-length']).toBe(size);
  }
  for (const [, key] of String((await ask('/files', 'list-type=2')).body).matchAll(/<Key>(.*?)<\/Key>/g)) {
    expect(isUniform((await ask(`/files/${key}`)).body)).toBe(true);
  }
  expect(isUniform((await ask('/plain/same')).body)).toBe(true);
  expect(readdirSync(join(dataDir, 'plain', 'objects')).length).toBe(1);
  rmSync(dataDir, { recursive: true });
});

/** A child process under a file size limit: writes fail as they do on a full disk. */
const FULL = `
  const { createS3 } = await import(process.argv[1]);
  const { readdirSync } = await import('node:fs');
  const s3 = createS3({ dataDir: process.argv[2], buckets: { plain: { versioning: false } } });
  const query = new URLSearchParams();
  const ask = (method, body) => s3.handle({ method, path: '/plain/k', query, headers: {}, body: Buffer.from(body) });
  const small = await ask('PUT', 'small');
  const large = await ask('PUT', Buffer.alloc(1_000_000, 66));
  const read = await ask('GET', '');
  const left = ['temp', 'objects'].map((folder) => readdirSync(process.argv[2] + '/plain/' + folder));
  console.log(JSON.stringify({ small: small.status, large: large.status, code: /<Code>(.*?)</.exec(large.body)?.[1], read: String(read.body), left }));`;

test('a write that the disk refuses is InternalError and leaves the old object and nothing else', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 's3-full-'));
  const limited = 'ulimit -f 100; exec "$0" --input-type=module -e "$1" "$2" "$3"';
  const child = spawn('sh', ['-c', limited, process.execPath, FULL, serverModule, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  await new Promise((resolve) => child.once('close', resolve));
  expect(JSON.parse(output)).toEqual({ small: 200, large: 500, code: 'InternalError', read: 'small', left: [[], ['k~1']] });
  rmSync(dataDir, { recursive: true });
});
