import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Checksums } from './checksums.ts';
import { decodeKey, parseVersionFile, versionFile } from './key-names.ts';
import { bodyCrc, encodeMeta, isWhole, type Lock, type Meta, publish, readBody, readHeader, replace, syncFolder } from './object-file.ts';
import { createSortedKeys, type SortedKeys } from './sorted-keys.ts';
import { createSpareFiles, type SpareFiles } from './spare-files.ts';

export type BucketConfig = { versioning: boolean; objectLock?: boolean };

/** One stored version of one key. */
export type Version = { file: string; n: number; meta: Meta; offset: number };

/** What the index knows of a version before its file is read for the first time. */
type Slot = { file: string; n: number; version: Version | null };

/** `entries` and `keys` are an index over the files in `objects`, which are the truth. Slots are oldest first. */
export type Bucket = {
  name: string;
  config: BucketConfig;
  created: Date;
  objects: string;
  temp: string;
  uploads: string;
  now: () => Date;
  keys: SortedKeys;
  entries: Map<string, Slot[]>;
  busy: Map<string, Promise<unknown>>;
  spares: SpareFiles;
};

// The order is part of the id: a listing goes on after a version that was deleted between two pages.
const newVersionId = (n: number): string => n.toString(16).padStart(8, '0') + randomUUID().replaceAll('-', '').slice(8);

/** The number of the version with this id; NaN for `null` and for what is no id. */
export const versionNumber = (id: string): number => (/^[0-9a-f]{32}$/.test(id) ? Number.parseInt(id.slice(0, 8), 16) : Number.NaN);

/** What a writer decides about a new version; the bucket adds identity, size, time. */
export type Draft = {
  deleteMarker: boolean;
  etag: string;
  headers: Record<string, string>;
  checksums: Checksums;
  checksumType: Meta['checksum_type'];
  lock: Lock;
};

export const NO_LOCK: Lock = { mode: null, until: null, hold: false };

const suffix = (): string => randomUUID();

export function openBucket(dataDir: string, name: string, config: BucketConfig, now: () => Date): Bucket {
  const home = join(dataDir, name);
  const [objects, temp, uploads] = [join(home, 'objects'), join(home, 'temp'), join(home, 'uploads')];
  for (const folder of [objects, temp, uploads]) mkdirSync(folder, { recursive: true });
  recoverTemp(temp, objects);
  const entries = readIndex(objects);
  if (!config.versioning) keepNewest(name, objects, entries);
  const created = statSync(home).birthtime;
  const keys = createSortedKeys([...entries.keys()]);
  const spares = createSpareFiles(join(home, 'spare'));
  return { name, config, created, objects, temp, uploads, now, keys, entries, busy: new Map(), spares };
}

/** A temp file with a second name was being published: that object stays if it is whole. Any other temp file is half a write. */
function recoverTemp(temp: string, objects: string): void {
  for (const file of readdirSync(temp)) {
    const { ino, nlink } = statSync(join(temp, file));
    const final = file.slice(0, file.lastIndexOf('~'));
    const published = nlink > 1 && statSync(join(objects, final), { throwIfNoEntry: false })?.ino === ino;
    if (published && !isWhole(objects, final)) rmSync(join(objects, final));
    rmSync(join(temp, file), { recursive: true });
  }
}

function readIndex(objects: string): Map<string, Slot[]> {
  const entries = new Map<string, Slot[]>();
  for (const file of readdirSync(objects)) {
    const parsed = parseVersionFile(file);
    if (!parsed) continue;
    const key = decodeKey(parsed.name) ?? readHeader(objects, file).meta.key;
    const slots = entries.get(key);
    const slot = { file, n: parsed.n, version: null };
    if (slots) slots.push(slot);
    else entries.set(key, [slot]);
  }
  for (const slots of entries.values()) if (slots.length > 1) slots.sort((a, b) => a.n - b.n);
  return entries;
}

/** Without versioning a crash may leave the object that was being replaced. Real versions are never dropped. */
function keepNewest(name: string, objects: string, entries: Map<string, Slot[]>): void {
  for (const [key, slots] of entries) {
    for (const old of slots.splice(0, slots.length - 1)) {
      if (readHeader(objects, old.file).meta.version_id !== null) {
        throw new Error(`bucket ${name} was used with versioning and holds several versions of ${key}; open it with versioning on`);
      }
      rmSync(join(objects, old.file));
    }
  }
}

function load(bucket: Bucket, slot: Slot): Version {
  slot.version ??= { file: slot.file, n: slot.n, ...readHeader(bucket.objects, slot.file) };
  return slot.version;
}

/** The newest version, a delete marker too. */
export function latest(bucket: Bucket, key: string): Version | null {
  const slot = bucket.entries.get(key)?.at(-1);
  return slot ? load(bucket, slot) : null;
}

/** Newest first. */
export const versionsOf = (bucket: Bucket, key: string): Version[] =>
  (bucket.entries.get(key) ?? []).map((slot) => load(bucket, slot)).toReversed();

/** `id` is `null`, in letters, for what was written without versioning. */
export const findVersion = (bucket: Bucket, key: string, id: string): Version | null =>
  versionsOf(bucket, key).find(({ meta }) => versionId(meta) === id) ?? null;

export const versionId = (meta: Meta): string => meta.version_id ?? 'null';

export const bodyOf = (bucket: Bucket, version: Version, start = 0, length = version.meta.size - start): Buffer =>
  readBody(bucket.objects, version.file, version.offset + start, length);

/** Runs writers of one key one after another. */
export async function exclusively<T>(bucket: Bucket, key: string, work: () => Promise<T>): Promise<T> {
  while (bucket.busy.has(key)) await bucket.busy.get(key);
  const running = work();
  bucket.busy.set(
    key,
    running.then(
      () => bucket.busy.delete(key),
      () => bucket.busy.delete(key),
    ),
  );
  return running;
}

/**
 * Adds a version. `check` sees the newest one and throws to refuse. The version number is claimed by a link that fails when the name
 * exists: should a second process write to the same folder, one of the two wins and the other one checks again.
 */
export function write(bucket: Bucket, key: string, draft: Draft, body: Buffer[], check: (newest: Version | null) => void): Promise<Meta> {
  return exclusively(bucket, key, async () => {
    for (;;) {
      check(latest(bucket, key));
      const slots = bucket.entries.get(key) ?? [];
      const n = (slots.at(-1)?.n ?? 0) + 1;
      const file = versionFile(key, n);
      const meta = describe(bucket, key, n, draft, body);
      const header = encodeMeta(meta);
      const won = await publish(bucket.spares, join(bucket.temp, `${file}~${suffix()}`), join(bucket.objects, file), [header, ...body]);
      slots.push({ file, n, version: won ? { file, n, meta, offset: header.length } : null });
      if (!bucket.entries.has(key)) index(bucket, key, slots);
      if (!won) continue;
      if (!bucket.config.versioning) dropOlder(bucket, slots);
      return meta;
    }
  });
}

function index(bucket: Bucket, key: string, slots: Slot[]): void {
  bucket.entries.set(key, slots);
  bucket.keys.add(key);
}

function dropOlder(bucket: Bucket, slots: Slot[]): void {
  for (const old of slots.splice(0, slots.length - 1)) rmSync(join(bucket.objects, old.file), { force: true });
}

const describe = (bucket: Bucket, key: string, n: number, draft: Draft, body: Buffer[]): Meta => ({
  schema_version: 's3_object_v1',
  key,
  version_id: bucket.config.versioning ? newVersionId(n) : null,
  delete_marker: draft.deleteMarker,
  size: body.reduce((sum, chunk) => sum + chunk.length, 0),
  etag: draft.etag,
  modified: bucket.now().toISOString(),
  crc32: bodyCrc(body),
  headers: draft.headers,
  checksums: draft.checksums,
  checksum_type: draft.checksumType,
  lock: draft.lock,
});

/** Removes the versions that `choose` picks, for good; it may throw to refuse. Returns what was removed. */
export function remove(bucket: Bucket, key: string, choose: (versions: Version[]) => Version[]): Promise<Version[]> {
  return exclusively(bucket, key, async () => {
    const slots = bucket.entries.get(key) ?? [];
    const chosen = choose(versionsOf(bucket, key));
    // Oldest first: a crash half-way must not bring an older version back to life.
    for (const { n, file } of chosen.toSorted((a, b) => a.n - b.n)) {
      rmSync(join(bucket.objects, file), { force: true });
      slots.splice(
        slots.findIndex((slot) => slot.n === n),
        1,
      );
    }
    if (slots.length === 0 && bucket.entries.delete(key)) bucket.keys.delete(key);
    if (chosen.length > 0) await syncFolder(bucket.objects);
    return chosen;
  });
}

/** Replaces the lock of one version; `decide` may throw to refuse. */
export function setLock(bucket: Bucket, version: Version, decide: (lock: Lock) => Lock): Promise<void> {
  return exclusively(bucket, version.meta.key, async () => {
    const meta = { ...version.meta, lock: decide(version.meta.lock) };
    const header = encodeMeta(meta);
    const body = bodyOf(bucket, version);
    await replace(join(bucket.temp, `${version.file}~${suffix()}`), join(bucket.objects, version.file), [header, body]);
    Object.assign(version, { meta, offset: header.length });
  });
}
