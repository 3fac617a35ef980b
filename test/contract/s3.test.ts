import { createHash } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, openWorld, outcome, type TestWorld } from './s3-world.ts';

let world: TestWorld;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const put = (Key: string, Body: string | Uint8Array, more = {}, Bucket = 'plain') =>
  world.client.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
const get = (Key: string, more = {}, Bucket = 'plain') => world.client.send(new GetObjectCommand({ Bucket, Key, ...more }));
const text = async (Key: string, more = {}, Bucket = 'plain') => (await get(Key, more, Bucket)).Body?.transformToString();

describe('objects', () => {
  test('a put object comes back with body, metadata, content type, md5 ETag and checksum', async () => {
    const body = 'hold point';
    const more = { ContentType: 'text/plain', CacheControl: 'no-store', Metadata: { who: 'me', 'odd-name': 'a; b=c' } };
    const made = await put('one', body, more);
    const etag = `"${createHash('md5').update(body).digest('hex')}"`;
    expect(made).toMatchObject({ ETag: etag, ChecksumCRC32: expect.any(String) });
    const read = await get('one');
    expect(read).toMatchObject({ ...more, ContentLength: 10, ETag: etag, ChecksumCRC32: made.ChecksumCRC32 });
    expect(await read.Body?.transformToString()).toBe(body);
    const head = await world.client.send(new HeadObjectCommand({ Bucket: 'plain', Key: 'one' }));
    expect(head).toMatchObject({ ...more, ContentLength: 10, ETag: etag });
  });

  test('an empty object and a binary one are kept byte for byte', async () => {
    const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7919) % 256);
    await put('empty', new Uint8Array(0));
    await put('bytes', bytes);
    expect(await text('empty')).toBe('');
    expect(Buffer.from((await (await get('bytes')).Body?.transformToByteArray()) ?? [])).toEqual(Buffer.from(bytes));
  });

  test('a missing key is NoSuchKey, a missing bucket NoSuchBucket, both with an XML body', async () => {
    expect(await outcome(get('nope'))).toBe('404 NoSuchKey');
    expect(await outcome(get('nope', {}, 'other'))).toBe('404 NoSuchBucket');
    expect(String((await ask(world, 'GET', '/plain/nope')).body)).toContain('<Code>NoSuchKey</Code>');
    const head = await ask(world, 'HEAD', '/plain/nope');
    expect([head.status, head.body]).toEqual([404, '']);
  });

  test('a missing key is AccessDenied to a caller who may not list', async () => {
    const request = { method: 'GET', path: '/plain/nope', query: new URLSearchParams(), headers: {}, body: Buffer.alloc(0) };
    expect((await world.s3.handle(request, { canList: false })).status).toBe(403);
  });

  test('deleting removes the object, and deleting what is not there succeeds', async () => {
    await put('gone', 'x');
    const remove = () => world.client.send(new DeleteObjectCommand({ Bucket: 'plain', Key: 'gone' }));
    expect([await outcome(remove()), await outcome(get('gone')), await outcome(remove())]).toEqual(['ok', '404 NoSuchKey', 'ok']);
  });

  test('DeleteObjects removes each named key', async () => {
    for (const key of ['d/1', 'd/2 & <3>']) await put(key, 'x');
    const Objects = [{ Key: 'd/1' }, { Key: 'd/2 & <3>' }, { Key: 'd/none' }];
    const done = await world.client.send(new DeleteObjectsCommand({ Bucket: 'plain', Delete: { Objects } }));
    expect([done.Deleted?.length, done.Errors]).toEqual([3, undefined]);
    const left = await world.client.send(new ListObjectsV2Command({ Bucket: 'plain', Prefix: 'd/' }));
    expect(left.KeyCount).toBe(0);
  });

  test('a copy has the body, and the metadata unless it is replaced', async () => {
    await put('from ü', 'copied', { Metadata: { a: '1' }, ContentType: 'text/css' });
    const copy = (Key: string, more = {}) =>
      world.client.send(new CopyObjectCommand({ Bucket: 'files', Key, CopySource: `plain/${encodeURIComponent('from ü')}`, ...more }));
    expect((await copy('to')).CopyObjectResult?.ETag).toBe((await get('from ü')).ETag);
    expect(await get('to', {}, 'files')).toMatchObject({ Metadata: { a: '1' }, ContentType: 'text/css' });
    await copy('to2', { MetadataDirective: 'REPLACE', Metadata: { b: '2' } });
    expect((await get('to2', {}, 'files')).Metadata).toEqual({ b: '2' });
    expect(await outcome(copy('to', { IfNoneMatch: '*' }))).toBe('412 PreconditionFailed');
  });

  test('ranges: inner, open, suffix, beyond the end', async () => {
    await put('range', '0123456789');
    const part = async (Range: string) => {
      const { ContentRange, Body, $metadata } = await get('range', { Range });
      return [$metadata.httpStatusCode, ContentRange, await Body?.transformToString()];
    };
    expect(await part('bytes=2-4')).toEqual([206, 'bytes 2-4/10', '234']);
    expect(await part('bytes=7-')).toEqual([206, 'bytes 7-9/10', '789']);
    expect(await part('bytes=-3')).toEqual([206, 'bytes 7-9/10', '789']);
    expect(await part('bytes=5-99')).toEqual([206, 'bytes 5-9/10', '56789']);
    expect(await part('lines=1-2')).toEqual([200, undefined, '0123456789']);
    expect(await outcome(get('range', { Range: 'bytes=10-' }))).toBe('416 InvalidRange');
  });

  test('conditional reads answer 304 and 412', async () => {
    const { ETag } = await put('cond', 'x');
    expect(await outcome(get('cond', { IfNoneMatch: ETag }))).toMatch(/^304/);
    expect(await outcome(get('cond', { IfNoneMatch: '"other"' }))).toBe('ok');
    expect(await outcome(get('cond', { IfMatch: ETag }))).toBe('ok');
    expect(await outcome(get('cond', { IfMatch: '"other"' }))).toBe('412 PreconditionFailed');
    expect(await outcome(get('cond', { IfModifiedSince: new Date(Date.now() + 5000) }))).toMatch(/^304/);
    expect(await outcome(get('cond', { IfModifiedSince: new Date(0) }))).toBe('ok');
    expect(await outcome(get('cond', { IfUnmodifiedSince: new Date(0) }))).toBe('412 PreconditionFailed');
  });

  test('a body that does not match its digest is refused and not stored', async () => {
    const wrong = { 'content-md5': createHash('md5').update('other').digest('base64') };
    for (const headers of [
      wrong,
      { 'x-amz-checksum-crc32': 'AAAAAA==' },
      { 'x-amz-checksum-crc32c': 'AAAAAA==' },
      { 'x-amz-checksum-crc64nvme': 'AAAAAAAAAAA=' },
      { 'x-amz-checksum-sha256': 'AAAA' },
    ]) {
      const answer = await ask(world, 'PUT', '/plain/digest', headers, 'body');
      expect([answer.status, String(answer.body)]).toEqual([400, expect.stringContaining('<Code>BadDigest</Code>')]);
    }
    expect((await ask(world, 'GET', '/plain/digest')).status).toBe(404);
  });

  test('every checksum algorithm agrees with its published check value', async () => {
    const known = {
      crc32: Buffer.from('cbf43926', 'hex').toString('base64'),
      crc32c: Buffer.from('e3069283', 'hex').toString('base64'),
      crc64nvme: Buffer.from('ae8b14860a799888', 'hex').toString('base64'),
      sha256: createHash('sha256').update('123456789').digest('base64'),
    };
    for (const [name, value] of Object.entries(known)) {
      const header = { [`x-amz-checksum-${name}`]: value };
      const answer = await ask(world, 'PUT', '/plain/check', header, '123456789');
      expect(answer).toMatchObject({ status: 200, headers: header });
    }
  });
});

describe('keys', () => {
  const hostile = [
    'a',
    'a/b',
    'a/',
    '/lead',
    '//x',
    '..',
    '../../up',
    './',
    '.',
    'ü/日本/😀',
    '\uffee',
    '😀',
    'A',
    '%2e%2e',
    'a b+c',
    '\u0001\n&<>"',
    '~1',
    'x'.repeat(1024),
  ];

  test('hostile keys are distinct, survive a restart, are listed in UTF-8 order and stay in the data folder', async () => {
    for (const key of hostile) await put(key, `body of ${key}`, {}, 'files');
    await world.restart();
    for (const key of hostile) expect(await text(key, {}, 'files')).toBe(`body of ${key}`);
    const listed = await world.client.send(new ListObjectsV2Command({ Bucket: 'files', EncodingType: 'url' }));
    const keys = listed.Contents?.map(({ Key }) => decodeURIComponent(Key ?? '')).filter((key) => hostile.includes(key));
    expect(keys).toEqual(hostile.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
    expect(readdirSync(world.dataDir).sort()).toEqual(['events', 'files', 'plain']);
  });

  test('any key can be written, read, listed and deleted', async () => {
    const keys = fc.string({ unit: 'binary', minLength: 1, maxLength: 300 }).filter((key) => Buffer.byteLength(key) <= 1024);
    await fc.assert(
      fc.asyncProperty(keys, async (key) => {
        const path = `/plain/${encodeURIComponent(key)}`;
        expect((await ask(world, 'PUT', path, {}, key)).status).toBe(200);
        expect(String((await ask(world, 'GET', path)).body)).toBe(key);
        const listing = await ask(world, 'GET', `/plain?list-type=2&max-keys=1&encoding-type=url&prefix=${encodeURIComponent(key)}`);
        expect(decodeURIComponent(/<Key>(.*?)</.exec(String(listing.body))?.[1] ?? '')).toBe(key);
        expect((await ask(world, 'DELETE', path)).status).toBe(204);
        expect((await ask(world, 'GET', path)).status).toBe(404);
      }),
      { numRuns: 100 },
    );
  });

  test('a key above 1024 bytes and a broken escape are refused', async () => {
    expect(String((await ask(world, 'PUT', `/plain/${'x'.repeat(1025)}`)).body)).toContain('KeyTooLongError');
    expect((await ask(world, 'PUT', '/plain/%ff')).status).toBe(400);
  });
});

describe('buckets', () => {
  test('configured buckets are listed, exist, and may be created again', async () => {
    const { Buckets } = await world.client.send(new ListBucketsCommand({}));
    expect(Buckets?.map(({ Name }) => Name)).toEqual(['events', 'files', 'plain']);
    expect(await outcome(world.client.send(new HeadBucketCommand({ Bucket: 'plain' })))).toBe('ok');
    expect(await outcome(world.client.send(new CreateBucketCommand({ Bucket: 'plain' })))).toBe('ok');
    expect(await outcome(world.client.send(new HeadBucketCommand({ Bucket: 'other' })))).toMatch(/^404/);
    expect((await world.client.send(new GetBucketLocationCommand({ Bucket: 'plain' }))).LocationConstraint).toBeFalsy();
    expect((await world.client.send(new GetBucketVersioningCommand({ Bucket: 'plain' }))).Status).toBeUndefined();
    expect((await world.client.send(new GetBucketVersioningCommand({ Bucket: 'files' }))).Status).toBe('Enabled');
  });

  test('what is not implemented answers 501 NotImplemented', async () => {
    for (const target of ['/plain?acl', '/plain/k?tagging', '/plain?policy', '/plain/k?attributes']) {
      expect(await ask(world, 'GET', target)).toMatchObject({ status: 501, body: expect.stringContaining('<Code>NotImplemented</Code>') });
    }
    expect((await ask(world, 'PUT', '/plain/k', { 'x-amz-tagging': 'a=b' }, 'x')).status).toBe(501);
    expect((await ask(world, 'PUT', '/plain/k', { 'if-none-match': '"etag"' }, 'x')).status).toBe(501);
    expect(await outcome(world.client.send(new CreateBucketCommand({ Bucket: 'other' })))).toBe('501 NotImplemented');
  });

  test('files that are none of ours are left alone', async () => {
    writeFileSync(join(world.dataDir, 'plain', 'objects', '.DS_Store'), 'x');
    await put('stays', 'x');
    await world.restart();
    expect(await text('stays')).toBe('x');
  });
});
