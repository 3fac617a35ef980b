import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  GetObjectLegalHoldCommand,
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  type ObjectLockRetention,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, openWorld, outcome, type TestWorld } from './s3-world.ts';

let world: TestWorld;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const HOUR = 3_600_000;
const inHours = (hours: number) => new Date(Date.now() + world.clock.ahead + hours * HOUR);

const put = async (Bucket: string, Key: string, Body: string, more = {}) =>
  (await world.client.send(new PutObjectCommand({ Bucket, Key, Body, ...more }))).VersionId;
const get = (Bucket: string, Key: string, VersionId?: string) =>
  world.client.send(new GetObjectCommand({ Bucket, Key, ...(VersionId ? { VersionId } : {}) }));
const text = async (Bucket: string, Key: string, VersionId?: string) => (await get(Bucket, Key, VersionId)).Body?.transformToString();
const remove = (Bucket: string, Key: string, more = {}) => world.client.send(new DeleteObjectCommand({ Bucket, Key, ...more }));

test('every version stays readable by its id, the newest without one', async () => {
  const ids = [await put('files', 'doc', 'one'), await put('files', 'doc', 'two'), await put('files', 'doc', 'three')];
  expect(new Set(ids).size).toBe(3);
  await world.restart();
  expect(await text('files', 'doc')).toBe('three');
  for (const [index, body] of ['one', 'two', 'three'].entries()) expect(await text('files', 'doc', ids[index])).toBe(body);
  expect(await outcome(get('files', 'doc', 'unknown'))).toBe('404 NoSuchVersion');
});

test('a bucket without versioning keeps one version, whose id is null', async () => {
  expect(await put('plain', 'doc', 'one')).toBeUndefined();
  await put('plain', 'doc', 'two');
  expect(await text('plain', 'doc', 'null')).toBe('two');
  const { Versions } = await world.client.send(new ListObjectVersionsCommand({ Bucket: 'plain', Prefix: 'doc' }));
  expect(Versions?.map(({ VersionId }) => VersionId)).toEqual(['null']);
});

test('a deletion adds a delete marker; removing the marker brings the object back', async () => {
  const id = await put('files', 'back', 'body');
  const marker = await remove('files', 'back');
  expect(marker).toMatchObject({ DeleteMarker: true, VersionId: expect.any(String) });
  const missing = await ask(world, 'GET', '/files/back');
  expect([missing.status, missing.headers['x-amz-delete-marker']]).toEqual([404, 'true']);
  expect(await text('files', 'back', id)).toBe('body');
  expect(await outcome(get('files', 'back', marker.VersionId))).toBe('405 MethodNotAllowed');
  const listed = await world.client.send(new ListObjectVersionsCommand({ Bucket: 'files', Prefix: 'back' }));
  expect([listed.Versions?.[0]?.IsLatest, listed.DeleteMarkers?.[0]?.IsLatest]).toEqual([false, true]);
  await remove('files', 'back', { VersionId: marker.VersionId });
  expect(await text('files', 'back')).toBe('body');
});

test('deleting a version by its id removes that one for good', async () => {
  const [first, second] = [await put('files', 'two', '1'), await put('files', 'two', '2')];
  await remove('files', 'two', { VersionId: second });
  expect(await text('files', 'two')).toBe('1');
  expect(await outcome(get('files', 'two', second))).toBe('404 NoSuchVersion');
  await remove('files', 'two', { VersionId: first });
  expect(await outcome(get('files', 'two'))).toBe('404 NoSuchKey');
  await world.restart();
  expect(await outcome(get('files', 'two'))).toBe('404 NoSuchKey');
});

const lock = (mode: string, hours: number) => ({ ObjectLockMode: mode, ObjectLockRetainUntilDate: inHours(hours) });

test('a locked version cannot be deleted before its time, even after a restart; a delete marker may cover it', async () => {
  const VersionId = await put('events', 'locked', 'x', lock('COMPLIANCE', 1));
  await world.restart();
  expect(await outcome(remove('events', 'locked', { VersionId }))).toBe('403 AccessDenied');
  expect(await outcome(remove('events', 'locked', { VersionId, BypassGovernanceRetention: true }))).toBe('403 AccessDenied');
  const bulk = await world.client.send(new DeleteObjectsCommand({ Bucket: 'events', Delete: { Objects: [{ Key: 'locked', VersionId }] } }));
  expect(bulk.Errors?.map(({ Code }) => Code)).toEqual(['AccessDenied']);
  expect(await outcome(remove('events', 'locked'))).toBe('ok');
  expect(await text('events', 'locked', VersionId)).toBe('x');
  world.clock.ahead += 2 * HOUR;
  expect(await outcome(remove('events', 'locked', { VersionId }))).toBe('ok');
});

test('governance yields to the bypass header only', async () => {
  const VersionId = await put('events', 'governed', 'x', lock('GOVERNANCE', 1));
  expect(await outcome(remove('events', 'governed', { VersionId }))).toBe('403 AccessDenied');
  expect(await outcome(remove('events', 'governed', { VersionId, BypassGovernanceRetention: true }))).toBe('ok');
});

test('retention is shown, may grow, and shrinks only where deletion would be allowed', async () => {
  const VersionId = await put('events', 'kept', 'x');
  const target = { Bucket: 'events', Key: 'kept', VersionId };
  const set = (Retention: ObjectLockRetention, more = {}) =>
    outcome(world.client.send(new PutObjectRetentionCommand({ ...target, Retention, ...more })));
  expect(await outcome(world.client.send(new GetObjectRetentionCommand(target)))).toBe('404 NoSuchObjectLockConfiguration');
  expect(await set({ Mode: 'GOVERNANCE', RetainUntilDate: inHours(2) })).toBe('ok');
  expect(await set({ Mode: 'GOVERNANCE', RetainUntilDate: inHours(1) })).toBe('403 AccessDenied');
  expect(await set({ Mode: 'GOVERNANCE', RetainUntilDate: inHours(1) }, { BypassGovernanceRetention: true })).toBe('ok');
  const until = inHours(3);
  expect(await set({ Mode: 'COMPLIANCE', RetainUntilDate: until }, { BypassGovernanceRetention: true })).toBe('ok');
  expect(await set({ Mode: 'COMPLIANCE', RetainUntilDate: inHours(1) }, { BypassGovernanceRetention: true })).toBe('403 AccessDenied');
  await world.restart();
  const { Retention } = await world.client.send(new GetObjectRetentionCommand(target));
  expect(Retention).toEqual({ Mode: 'COMPLIANCE', RetainUntilDate: until });
  expect(await text('events', 'kept')).toBe('x');
});

test('a legal hold keeps a version until it is lifted', async () => {
  const VersionId = await put('events', 'held', 'x', { ObjectLockLegalHoldStatus: 'ON' });
  const target = { Bucket: 'events', Key: 'held', VersionId };
  expect(await outcome(remove('events', 'held', { VersionId, BypassGovernanceRetention: true }))).toBe('403 AccessDenied');
  expect((await world.client.send(new GetObjectLegalHoldCommand(target))).LegalHold?.Status).toBe('ON');
  expect((await world.client.send(new HeadObjectCommand(target))).ObjectLockLegalHoldStatus).toBe('ON');
  await world.client.send(new PutObjectLegalHoldCommand({ ...target, LegalHold: { Status: 'OFF' } }));
  expect(await outcome(remove('events', 'held', { VersionId }))).toBe('ok');
});

test('locks need a bucket that has them, both headers, and a time to come', async () => {
  expect(await outcome(put('files', 'k', 'x', lock('COMPLIANCE', 1)))).toBe('400 InvalidRequest');
  expect(await outcome(put('events', 'k', 'x', { ObjectLockMode: 'COMPLIANCE' }))).toBe('400 InvalidRequest');
  expect(await outcome(put('events', 'k', 'x', lock('COMPLIANCE', -1)))).toBe('400 InvalidArgument');
  expect(await outcome(put('events', 'k', 'x', lock('FOREVER', 1)))).toBe('400 InvalidArgument');
  const configuration = (Bucket: string) => outcome(world.client.send(new GetObjectLockConfigurationCommand({ Bucket })));
  expect([await configuration('events'), await configuration('files')]).toEqual(['ok', '404 ObjectLockConfigurationNotFoundError']);
});
