import { createHash, createHmac } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serveHttp } from '../../infra/local/wire.ts';
import { ask, openWorld, outcome, type TestWorld } from './s3-world.ts';

let world: TestWorld;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const MIB = 1024 * 1024;
const read = async (Bucket: string, Key: string) =>
  Buffer.from((await (await world.client.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToByteArray()) ?? []);

describe('aws-chunked bodies', () => {
  const crc = (body: string) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(crc32(body));
    return bytes.toString('base64');
  };
  const unsigned = (length: number) => ({
    'content-encoding': 'aws-chunked',
    'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    'x-amz-decoded-content-length': String(length),
    'x-amz-trailer': 'x-amz-checksum-crc32',
  });

  test('a stream from the SDK arrives whole, without the framing and its encoding', async () => {
    const body = Buffer.alloc(200_000, 'chunk');
    await world.client.send(
      new PutObjectCommand({
        Bucket: 'plain',
        Key: 'stream',
        Body: Readable.from([body.subarray(0, 70_000), body.subarray(70_000)]),
        ContentLength: body.length,
      }),
    );
    expect(await read('plain', 'stream')).toEqual(body);
    expect((await ask(world, 'HEAD', '/plain/stream')).headers['content-encoding']).toBeUndefined();
  });

  test('signed chunks are unframed', async () => {
    const sign = `;chunk-signature=${'0'.repeat(64)}`;
    const headers = {
      'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
      'x-amz-decoded-content-length': '11',
      'content-encoding': 'aws-chunked,gzip',
    };
    const answer = await ask(world, 'PUT', '/plain/signed', headers, `5${sign}\r\nhello\r\n6${sign}\r\n world\r\n0${sign}\r\n\r\n`);
    expect(answer.status).toBe(200);
    const stored = await ask(world, 'GET', '/plain/signed');
    expect([String(stored.body), stored.headers['content-encoding']]).toEqual(['hello world', 'gzip']);
  });

  test('a checksum in the trailer is verified, returned and required when announced', async () => {
    const send = (trailer: string) => ask(world, 'PUT', '/plain/trailer', unsigned(5), `5\r\nhello\r\n0\r\n${trailer}\r\n`);
    expect(await send(`x-amz-checksum-crc32:${crc('hello')}\r\n`)).toMatchObject({
      status: 200,
      headers: { 'x-amz-checksum-crc32': crc('hello') },
    });
    expect((await send('x-amz-checksum-crc32:AAAAAA==\r\n')).body).toContain('BadDigest');
    expect((await send('')).body).toContain('MalformedTrailerError');
  });

  test('a broken frame is refused', async () => {
    const { 'x-amz-trailer': _none, ...headers } = unsigned(5);
    for (const body of ['5\r\nhel', 'zz\r\nhello\r\n0\r\n\r\n', '3\r\nhello\r\n0\r\n\r\n', '4\r\nhell\r\n0\r\n\r\n', 'hello']) {
      expect((await ask(world, 'PUT', '/plain/broken', headers, body)).status).toBe(400);
    }
    expect((await ask(world, 'GET', '/plain/broken')).status).toBe(404);
  });
});

describe('multipart uploads', () => {
  const target = { Bucket: 'files', Key: 'parts/one' };
  const create = async (more = {}) => (await world.client.send(new CreateMultipartUploadCommand({ ...target, ...more }))).UploadId ?? '';
  const part = (UploadId: string, PartNumber: number, Body: Buffer) =>
    world.client.send(new UploadPartCommand({ ...target, UploadId, PartNumber, Body }));
  const complete = (UploadId: string, Parts: object[], more = {}) =>
    world.client.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts }, ...more }));

  test('parts in any order become one object, kept over a restart, readable only when complete', async () => {
    const bodies = [Buffer.alloc(5 * MIB, 'a'), Buffer.alloc(5 * MIB, 'b'), Buffer.from('the end')];
    const UploadId = await create({ ContentType: 'text/plain', Metadata: { a: '1' }, ChecksumAlgorithm: 'CRC32' });
    const sent = new Map<number, object>();
    for (const number of [3, 1, 2]) {
      const { ETag, ChecksumCRC32 } = await part(UploadId, number, bodies[number - 1] ?? Buffer.alloc(0));
      sent.set(number, { PartNumber: number, ETag, ChecksumCRC32 });
    }
    expect(await outcome(read('files', 'parts/one'))).toBe('404 NoSuchKey');
    await world.restart();
    const listed = await world.client.send(new ListPartsCommand({ ...target, UploadId }));
    expect(listed.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([
      [1, 5 * MIB],
      [2, 5 * MIB],
      [3, 7],
    ]);
    const made = await complete(
      UploadId,
      [1, 2, 3].map((number) => sent.get(number) ?? {}),
    );
    const digests = Buffer.concat(bodies.map((body) => createHash('md5').update(body).digest()));
    expect(made).toMatchObject({
      ETag: `"${createHash('md5').update(digests).digest('hex')}-3"`,
      ChecksumCRC32: expect.stringMatching(/-3$/),
    });
    expect((await read('files', 'parts/one')).equals(Buffer.concat(bodies))).toBe(true);
    const { headers } = await ask(world, 'HEAD', '/files/parts/one');
    expect(headers).toMatchObject({ 'content-type': 'text/plain', 'x-amz-meta-a': '1' });
    expect(await outcome(complete(UploadId, [sent.get(1) ?? {}]))).toBe('404 NoSuchUpload');
    expect(readdirSync(join(world.dataDir, 'files', 'uploads'))).toEqual([]);
  });

  test('completion may be conditional', async () => {
    const UploadId = await create();
    const { ETag } = await part(UploadId, 1, Buffer.from('x'));
    expect(await outcome(complete(UploadId, [{ PartNumber: 1, ETag }], { IfNoneMatch: '*' }))).toBe('412 PreconditionFailed');
    expect(await outcome(complete(UploadId, [{ PartNumber: 1, ETag }]))).toBe('ok');
  });

  test('wrong, unordered and small parts are refused', async () => {
    const UploadId = await create();
    const one = { PartNumber: 1, ETag: (await part(UploadId, 1, Buffer.from('small'))).ETag };
    const two = { PartNumber: 2, ETag: (await part(UploadId, 2, Buffer.from('last'))).ETag };
    expect(await outcome(complete(UploadId, [one, two]))).toBe('400 EntityTooSmall');
    expect(await outcome(complete(UploadId, [two, one]))).toBe('400 InvalidPartOrder');
    expect(await outcome(complete(UploadId, [{ PartNumber: 1, ETag: two.ETag }]))).toBe('400 InvalidPart');
    expect(await outcome(complete(UploadId, [{ PartNumber: 3, ETag: two.ETag }]))).toBe('400 InvalidPart');
    expect(await outcome(part(UploadId, 10_001, Buffer.from('x')))).toBe('400 InvalidArgument');
  });

  test('an aborted upload leaves nothing', async () => {
    const UploadId = await create();
    await part(UploadId, 1, Buffer.from('x'));
    const abort = () => outcome(world.client.send(new AbortMultipartUploadCommand({ ...target, UploadId })));
    expect([await abort(), await abort()]).toEqual(['ok', '404 NoSuchUpload']);
    expect(await outcome(part('../../plain/objects', 1, Buffer.from('x')))).toBe('404 NoSuchUpload');
  });
});

/** Signature version 4 in the query, as any presigner makes it. */
function presign(path: string, at: Date, seconds: number): string {
  const date = at.toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = `${date.slice(0, 8)}/us-east-1/s3/aws4_request`;
  const query = new URLSearchParams({
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `local/${scope}`,
    'X-Amz-Date': date,
    'X-Amz-Expires': String(seconds),
    'X-Amz-SignedHeaders': 'host',
  });
  const canonical = ['GET', path, query, `host:${new URL(world.url).host}`, '', 'host', 'UNSIGNED-PAYLOAD'].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', date, scope, createHash('sha256').update(canonical).digest('hex')].join('\n');
  const key = scope.split('/').reduce<string | Buffer>((secret, item) => createHmac('sha256', secret).update(item).digest(), 'AWS4local');
  query.set('X-Amz-Signature', createHmac('sha256', key).update(toSign).digest('hex'));
  return `${world.url}${path}?${query}`;
}

test('a presigned GET works until it expires', async () => {
  await ask(world, 'PUT', '/plain/shared', {}, 'for you');
  const good = await fetch(`${presign('/plain/shared', new Date(), 60)}&response-content-type=text%2Fcsv`);
  expect([good.status, await good.text(), good.headers.get('content-type')]).toEqual([200, 'for you', 'text/csv']);
  const late = await fetch(presign('/plain/shared', new Date(Date.now() - 61_000), 60));
  expect([late.status, await late.text()]).toEqual([403, expect.stringContaining('Request has expired')]);
  expect((await fetch(presign('/plain/shared', new Date(), 604_801))).status).toBe(400);
  expect((await fetch(`${world.url}/plain/shared?X-Amz-Signature=x`)).status).toBe(400);
  expect((await fetch(`${world.url}/plain/shared?AWSAccessKeyId=a&Signature=b&Expires=1000`)).status).toBe(403);
});

describe('the HTTP adapter', () => {
  const echo = (limit: number) =>
    serveHttp(
      async ({ path, query, body }) => ({ status: 200, headers: { 'x-name': 'ü日\r\nx: y' }, body: `${path} ${query} ${body.length}` }),
      {
        port: 0,
        host: '127.0.0.1',
        bodyLimit: limit,
      },
    );

  test('passes the path as it was sent, and answers 413 above the limit', async () => {
    const { port, close } = await echo(1000);
    const raw = await new Promise<string>((resolve) => {
      const socket = connect(port, '127.0.0.1', () =>
        socket.write('GET /a/../b%2F//c?x=1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n'),
      );
      let all = '';
      socket.on('data', (chunk) => (all += chunk.toString('latin1'))).on('close', () => resolve(all));
    });
    expect(raw).toContain('/a/../b%2F//c x=1 0');
    expect(raw).not.toContain('\nx: y');
    const send = (size: number) => fetch(`http://127.0.0.1:${port}/`, { method: 'PUT', body: Buffer.alloc(size) });
    expect([(await send(1000)).status, (await send(1001)).status]).toEqual([200, 413]);
    await close();
  });

  test('closes at once although clients keep their connections', async () => {
    const { port, close } = await echo(1000);
    await (await fetch(`http://127.0.0.1:${port}/`)).text();
    const socket = connect(port, '127.0.0.1');
    await new Promise((resolve) => socket.write('PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf', resolve));
    socket.on('error', () => {});
    const started = performance.now();
    await close();
    expect(performance.now() - started).toBeLessThan(500);
  });
});
