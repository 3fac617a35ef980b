import {
  DeleteObjectCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  paginateListObjectsV2,
} from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, openWorld, outcome, type TestWorld } from './s3-world.ts';

let world: TestWorld;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const put = (path: string) => ask(world, 'PUT', path, {}, 'x');
const list = (more: object, Bucket = 'plain') => world.client.send(new ListObjectsV2Command({ Bucket, ...more }));
const keysOf = async (more: object) => (await list(more)).Contents?.map(({ Key }) => Key) ?? [];
const pad = (n: number) => String(n).padStart(8, '0');

test('2,500 keys come in three pages, in order and complete, also after a restart', async () => {
  const names = Array.from({ length: 2500 }, (_, i) => `jobs/many/events/${pad(i + 1)}.json`);
  await Promise.all(names.toReversed().map((name) => put(`/plain/${name}`)));
  for (const restart of [false, true]) {
    if (restart) await world.restart();
    const pages: number[] = [];
    const keys: string[] = [];
    for await (const page of paginateListObjectsV2({ client: world.client }, { Bucket: 'plain', Prefix: 'jobs/many/' })) {
      pages.push(page.KeyCount ?? 0);
      keys.push(...(page.Contents ?? []).map(({ Key }) => Key ?? ''));
    }
    expect(pages).toEqual([1000, 1000, 500]);
    expect(keys).toEqual(names);
  }
});

test('StartAfter leaves out the key itself, and need not exist', async () => {
  const Prefix = 'jobs/many/events/';
  expect(await keysOf({ Prefix, StartAfter: `${Prefix}${pad(2498)}.json` })).toEqual([
    `${Prefix}${pad(2499)}.json`,
    `${Prefix}${pad(2500)}.json`,
  ]);
  expect(await keysOf({ Prefix, StartAfter: `${Prefix}${pad(2499)}` })).toHaveLength(2);
  expect(await keysOf({ Prefix, StartAfter: `${Prefix}${pad(2500)}.json` })).toEqual([]);
});

test('a delimiter folds keys into common prefixes that count and page like keys', async () => {
  for (const key of ['f/a/1', 'f/a/2', 'f/a.txt', 'f/b/1', 'f/b/c/1', 'f/z']) await put(`/plain/${key}`);
  const all = await list({ Prefix: 'f/', Delimiter: '/' });
  expect(all.Contents?.map(({ Key }) => Key)).toEqual(['f/a.txt', 'f/z']);
  expect(all.CommonPrefixes?.map(({ Prefix }) => Prefix)).toEqual(['f/a/', 'f/b/']);
  expect(all.KeyCount).toBe(4);
  const seen: (string | undefined)[] = [];
  for await (const page of paginateListObjectsV2(
    { client: world.client, pageSize: 1 },
    { Bucket: 'plain', Prefix: 'f/', Delimiter: '/' },
  )) {
    seen.push(page.Contents?.[0]?.Key ?? page.CommonPrefixes?.[0]?.Prefix);
  }
  expect(seen).toEqual(['f/a.txt', 'f/a/', 'f/b/', 'f/z']);
});

test('version 1 of the listing pages by marker', async () => {
  const first = await world.client.send(new ListObjectsCommand({ Bucket: 'plain', Prefix: 'f/', Delimiter: '/', MaxKeys: 2 }));
  expect(first).toMatchObject({ IsTruncated: true, NextMarker: 'f/a/' });
  const rest = await world.client.send(new ListObjectsCommand({ Bucket: 'plain', Prefix: 'f/', Delimiter: '/', Marker: 'f/a/' }));
  expect([rest.IsTruncated, rest.CommonPrefixes?.[0]?.Prefix, rest.Contents?.[0]?.Key]).toEqual([false, 'f/b/', 'f/z']);
});

test('MaxKeys 0 is an empty page; a foreign token and a bad number are refused', async () => {
  expect(await list({ MaxKeys: 0 })).toMatchObject({ KeyCount: 0, IsTruncated: false });
  expect(await outcome(list({ ContinuationToken: 'mine' }))).toBe('400 InvalidArgument');
  expect(await outcome(list({ MaxKeys: -1 }))).toBe('400 InvalidArgument');
});

test('a key whose current version is a delete marker is not listed', async () => {
  for (const key of ['m/1', 'm/2', 'm/3/x']) await put(`/files/${key}`);
  for (const Key of ['m/1', 'm/3/x']) await world.client.send(new DeleteObjectCommand({ Bucket: 'files', Key }));
  const listed = await list({ Prefix: 'm/', Delimiter: '/' }, 'files');
  expect([listed.KeyCount, listed.Contents?.[0]?.Key, listed.CommonPrefixes]).toEqual([1, 'm/2', undefined]);
});

test('versions page by key and version, newest first, and going on survives deleting what was listed', async () => {
  for (let i = 0; i < 3; i++)
    for (const Key of ['v/1', 'v/2']) await world.client.send(new PutObjectCommand({ Bucket: 'files', Key, Body: `${i}` }));
  const all = await world.client.send(new ListObjectVersionsCommand({ Bucket: 'files', Prefix: 'v/' }));
  expect(all.Versions?.map(({ Key, IsLatest }) => [Key, IsLatest])).toEqual(
    ['v/1', 'v/2'].flatMap((key) => [
      [key, true],
      [key, false],
      [key, false],
    ]),
  );
  const ids = all.Versions?.map(({ VersionId }) => VersionId);
  for (const deleting of [false, true]) expect(await pageVersions(deleting)).toEqual(ids);
});

async function pageVersions(deleting: boolean) {
  const found: (string | undefined)[] = [];
  let markers: { KeyMarker?: string; VersionIdMarker?: string } | null = {};
  while (markers) {
    const answer: Awaited<ReturnType<typeof listPage>> = await listPage(markers);
    found.push(...answer.ids);
    expect(found.length).toBeLessThan(10);
    for (const { Key, VersionId } of deleting ? answer.versions : []) {
      await world.client.send(new DeleteObjectCommand({ Bucket: 'files', Key, VersionId }));
    }
    markers = answer.next;
  }
  return found;
}

async function listPage(markers: object) {
  const page = await world.client.send(new ListObjectVersionsCommand({ Bucket: 'files', Prefix: 'v/', MaxKeys: 2, ...markers }));
  const versions = page.Versions ?? [];
  const next = page.IsTruncated ? { KeyMarker: page.NextKeyMarker ?? '', VersionIdMarker: page.NextVersionIdMarker ?? '' } : null;
  return { versions, ids: versions.map(({ VersionId }) => VersionId), next };
}

const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** What S3 documents, computed the slow way. */
function expected(keys: string[], prefix: string, delimiter: string): string[] {
  const folded = keys
    .filter((key) => key.startsWith(prefix))
    .map((key) => {
      const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
      return end < 0 ? key : key.slice(0, end + delimiter.length);
    });
  return [...new Set(folded)].sort(byBytes);
}

test('every listing of wild keys, paged by any size, is what a sort and a filter give', async () => {
  const part = fc.constantFrom('a', 'b', '/', '//', 'é', '😀', '\uffee', '~', ' ', '+');
  const wild = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(''));
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(wild, { maxLength: 15 }),
      part,
      fc.constantFrom('', '/', 'b', '//'),
      fc.integer({ min: 1, max: 4 }),
      async (keys, prefix, delimiter, size) => {
        const paths = keys.map((key) => `/events/${encodeURIComponent(key)}`);
        await Promise.all(paths.map(put));
        expect(await collect(prefix, delimiter, size)).toEqual(expected(keys, prefix, delimiter));
        await Promise.all(paths.map((path) => ask(world, 'DELETE', path)));
      },
    ),
    { numRuns: 40 },
  );
});

async function collect(prefix: string, delimiter: string, size: number): Promise<string[]> {
  const all: string[] = [];
  const base = new URLSearchParams({ 'list-type': '2', prefix, delimiter, 'max-keys': String(size), 'encoding-type': 'url' });
  for (let token: string | undefined = ''; token !== undefined; ) {
    if (token) base.set('continuation-token', token);
    const body = String((await ask(world, 'GET', `/events?${base}`)).body);
    const items = [...body.matchAll(/<(?:Key|CommonPrefixes><Prefix)>(.*?)</g)].map((match) => decodeURIComponent(match[1] ?? ''));
    expect(items.length).toBeLessThanOrEqual(size);
    // Keys and prefixes stand in two lists within a page.
    all.push(...items.sort(byBytes));
    token = /<NextContinuationToken>(.*?)</.exec(body)?.[1];
  }
  return all;
}
