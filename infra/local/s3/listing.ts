import { type Bucket, latest, type Version, versionId, versionNumber, versionsOf } from './bucket.ts';
import { S3Error } from './errors.ts';
import { compareUtf8 } from './sorted-keys.ts';

/**
 * Where a listing goes on: after a key, after everything that starts with a common prefix, or inside a key after one of its
 * versions.
 */
export type Position = { after: string } | { afterPrefix: string } | { key: string; afterVersion: string };

export type Query = { prefix: string; delimiter: string; max: number; position: Position | null };

/** `next`: where the following page starts; null on the last one. */
export type Listing = { items: Version[]; prefixes: string[]; next: Position | null };

/** The current object of every key. */
export const listCurrent = (bucket: Bucket, query: Query): Listing =>
  list(bucket, query, (key) => {
    const newest = latest(bucket, key);
    return newest && !newest.meta.delete_marker ? [newest] : [];
  });

/** Every version and delete marker, newest first within a key. */
export const listVersions = (bucket: Bucket, query: Query): Listing => list(bucket, query, (key) => versionsOf(bucket, key));

export const commonPrefix = (key: string, { prefix, delimiter }: Pick<Query, 'prefix' | 'delimiter'>): string | null => {
  const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
  return end < 0 || !key.startsWith(prefix) ? null : key.slice(0, end + delimiter.length);
};

function list(bucket: Bucket, query: Query, versions: (key: string) => Version[]): Listing {
  const listing: Listing = { items: [], prefixes: [], next: null };
  if (query.max === 0) return listing;
  let last: Position | null = null;
  for (const found of walk(bucket, query, versions)) {
    if (listing.items.length + listing.prefixes.length === query.max) return { ...listing, next: last };
    if (typeof found === 'string') {
      listing.prefixes.push(found);
      last = { afterPrefix: found };
    } else {
      listing.items.push(found);
      last = { key: found.meta.key, afterVersion: versionId(found.meta) };
    }
  }
  return listing;
}

/** Versions and common prefixes in order. A common prefix is passed in one step, however many keys it covers. */
function* walk(bucket: Bucket, query: Query, versions: (key: string) => Version[]): Generator<Version | string> {
  let position = query.position;
  for (;;) {
    let folded: string | null = null;
    for (const key of bucket.keys.from(starting(query.prefix, position))) {
      if (!key.startsWith(query.prefix)) return;
      const found = remaining(versions(key), key, position);
      if (found.length === 0) continue;
      folded = commonPrefix(key, query);
      if (folded !== null) break;
      yield* found;
    }
    if (folded === null) return;
    yield folded;
    position = { afterPrefix: folded };
  }
}

function starting(prefix: string, position: Position | null): (key: string) => boolean {
  const before = passed(position);
  return (key) => before(key) || compareUtf8(key, prefix) < 0;
}

function passed(position: Position | null): (key: string) => boolean {
  if (position === null) return () => false;
  if ('after' in position) return (key) => compareUtf8(key, position.after) <= 0;
  if ('key' in position) return (key) => compareUtf8(key, position.key) < 0;
  return (key) => key.startsWith(position.afterPrefix) || compareUtf8(key, position.afterPrefix) < 0;
}

function remaining(versions: Version[], key: string, position: Position | null): Version[] {
  if (!position || !('key' in position) || position.key !== key) return versions;
  const number = versionNumber(position.afterVersion);
  return versions.filter(({ n }) => n < number);
}

/** Opaque to clients, as S3's are. */
export function encodeToken(position: Position): string {
  return Buffer.from(JSON.stringify('key' in position ? { after: position.key } : position)).toString('base64url');
}

export function decodeToken(token: string): Position {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    if (typeof value === 'object' && value !== null) {
      if ('after' in value && typeof value.after === 'string') return { after: value.after };
      if ('afterPrefix' in value && typeof value.afterPrefix === 'string') return { afterPrefix: value.afterPrefix };
    }
  } catch {
    // Not ours: refused below, like any other text.
  }
  throw new S3Error(400, 'InvalidArgument', 'The continuation token provided is incorrect', {
    detail: { ArgumentName: 'continuation-token' },
  });
}
