import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { numberOf } from '../../adapters/aws/stored.ts';
import { type AuditDigest, digestKey, type StoredVersion } from '../../contracts/digest.ts';
import { eventKey } from '../../contracts/events.ts';
import { digestsOver, JOB, logOf, OTHER_JOB, testKey } from '../lib/digest/digest.fixture.ts';
import type { Sealed } from '../lib/digest/verify-events.ts';
import { done, given, submitted } from '../lib/fold.fixture.ts';
import { fold, toRecord } from '../lib/fold.ts';
import { digestPage, type VerifyPorts, verifyJob } from './verification.ts';

const RUNS = 1_000;
const KEY = testKey();
const LOG = 'jobs/';
const EVENTS = eventKey(JOB, 1).replace(/[^/]+$/, '');
const DIGESTS = digestKey(1).replace(/[^/]+$/, '');

/** Versions by key, oldest first; null is a delete marker. */
type Bucket = ReadonlyMap<string, readonly (string | null)[]>;
type Original = { bucket: Bucket; events: Sealed[]; digests: AuditDigest[] };

const original = (length: number, passes: number): Original => {
  const events = logOf(length);
  const cuts = Array.from({ length: passes }, (_, i) => [Math.ceil((length * (i + 1)) / passes), i + 1]);
  const digests = digestsOver([events, logOf(passes, OTHER_JOB)], cuts, KEY);
  const objects = [...events.map((e) => [eventKey(JOB, e.seq), e] as const), ...digests.map((d) => [digestKey(d.seq), d] as const)];
  return { events, digests, bucket: new Map(objects.map(([key, value]) => [key, [JSON.stringify(value)]])) };
};
const ORIGINALS = [original(3, 1), original(5, 2), original(8, 4)];

const row = fold(given(submitted, done('succeeded')));

/** The world of the function that verifies, over a bucket that somebody may have changed. The table remembers what was. */
const worldOver = (bucket: Bucket, { events, digests }: Original): VerifyPorts => {
  const versions = (prefix: string): StoredVersion[] =>
    [...bucket]
      .filter(([key]) => key.startsWith(prefix))
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([key, stored]) =>
        stored.map((text, i) => ({ key, seq: numberOf(prefix)(key), latest: i === stored.length - 1, delete_marker: text === null })),
      );
  const text = async (key: string) => bucket.get(key)?.at(-1) ?? null;
  const head = events.at(-1) ?? expect.fail('the log is empty');
  const numbers = digests.map(({ seq }) => seq);
  const unused = () => Promise.reject(new Error('verifying does not write'));
  return {
    proof: {
      logs: {
        text: (job, seq) => text(eventKey(job, seq)),
        versions: async () => versions(EVENTS),
        texts: unused,
        jobs: async () => [JOB],
      },
      digests: { text: (seq) => text(digestKey(seq)), versions: async () => versions(DIGESTS), create: unused },
      index: {
        ...{ applied: async () => digests.length, apply: unused, open: unused, ended: unused, settle: unused },
        signed: async () => new Map([[JOB, { job_id: JOB, seq: head.seq, hash: head.hash, digests: numbers }]]),
      },
      signer: { publicKey: async () => KEY.pem },
    },
    index: { get: async () => row && { ...toRecord(row), last_seq: head.seq } },
    meter: { add: () => undefined },
    env: { HOLDPOINT_DIGEST_SECONDS: 3600 },
  };
};

const problemsIn = async (bucket: Bucket, from: Original): Promise<string[]> => {
  const world = worldOver(bucket, from);
  const [report, page] = [await verifyJob(world, JOB), await digestPage(world, 0, 1000)];
  return [...(report?.problems ?? []), ...page.problems].map(({ kind }) => kind);
};

type Keys = readonly [string, ...string[]];
type Mutation = (bucket: Bucket, keys: Keys, at: number, to: number) => Bucket;
const pick = (keys: Keys, n: number): string => keys[n % keys.length] ?? keys[0];
const put = (bucket: Bucket, key: string, ...stored: (string | null)[]): Bucket => new Map([...bucket, [key, stored]]);
const textAt = (bucket: Bucket, key: string): string => bucket.get(key)?.[0] ?? '';

/** A digit is another one afterwards: an edit of whatever it stands in. */
const edited = (text: string, n: number): string => {
  const digits = [...text.matchAll(/\d/g)].map(({ index }) => index);
  const place = digits[n % digits.length] ?? 0;
  return `${text.slice(0, place)}${(Number(text[place]) + 1) % 10}${text.slice(place + 1)}`;
};

const MUTATIONS: Record<string, Mutation> = {
  'deleted, which leaves a marker': (bucket, keys, at) => put(bucket, pick(keys, at), textAt(bucket, pick(keys, at)), null),
  'deleted with all its versions': (bucket, keys, at) => new Map([...bucket].filter(([key]) => key !== pick(keys, at))),
  'cut off at the end': (bucket, keys, at) => new Map([...bucket].filter(([key]) => !keys.slice(at % keys.length).includes(key))),
  'edited in place': (bucket, keys, at, to) => put(bucket, pick(keys, at), edited(textAt(bucket, pick(keys, at)), to)),
  'edited over the old version': (bucket, keys, at, to) =>
    put(bucket, pick(keys, at), textAt(bucket, pick(keys, at)), edited(textAt(bucket, pick(keys, at)), to)),
  'written again as it was': (bucket, keys, at) =>
    put(bucket, pick(keys, at), textAt(bucket, pick(keys, at)), textAt(bucket, pick(keys, at))),
  'deleted and put back': (bucket, keys, at) =>
    put(bucket, pick(keys, at), textAt(bucket, pick(keys, at)), null, textAt(bucket, pick(keys, at))),
  'exchanged with another': (bucket, keys, at, to) =>
    put(put(bucket, pick(keys, at), textAt(bucket, pick(keys, to))), pick(keys, to), textAt(bucket, pick(keys, at))),
  'inserted under a name of its own': (bucket, keys, at) => put(bucket, `${pick(keys, at)}.more.json`, textAt(bucket, pick(keys, at))),
  'inserted behind the end': (bucket, keys, at) =>
    put(
      bucket,
      (keys.at(-1) ?? keys[0]).replace(/\d{8}(?=\.json)/, (n) => String(Number(n) + 1 + (at % 3)).padStart(8, '0')),
      textAt(bucket, pick(keys, at)),
    ),
};

const keysOf = (bucket: Bucket, prefix: string): Keys => {
  const [first = expect.fail(`nothing is under ${prefix}`), ...rest] = [...bucket.keys()].filter((key) => key.startsWith(prefix));
  return [first, ...rest];
};

/** What some of them are called, in a log and among digests. */
const NAMED: Record<string, readonly [string, string]> = {
  'deleted, which leaves a marker': ['delete_marker', 'digest_deleted'],
  'deleted and put back': ['delete_marker', 'digest_deleted'],
  'written again as it was': ['overwritten', 'digest_edited'],
  'exchanged with another': ['reordered', 'digest_reordered'],
};

describe('what is stored', () => {
  it('verifies where nobody touched it', async () => {
    for (const one of ORIGINALS) expect(await problemsIn(one.bucket, one)).toEqual([]);
  });

  it(`does not verify after any of ${RUNS} random changes of events, digests, versions and delete markers`, async () => {
    const change = fc.record({
      how: fc.constantFrom(...Object.keys(MUTATIONS)),
      from: fc.constantFrom(...ORIGINALS),
      prefix: fc.constantFrom(LOG, DIGESTS),
      ...{ at: fc.nat(100), to: fc.nat(1000) },
    });
    const tried = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(change, async ({ how, from, prefix, at, to }) => {
        const changed = MUTATIONS[how]?.(from.bucket, keysOf(from.bucket, prefix), at, to) ?? from.bucket;
        fc.pre(JSON.stringify([...changed]) !== JSON.stringify([...from.bucket]));
        tried.set(`${prefix} ${how}`, (tried.get(`${prefix} ${how}`) ?? 0) + 1);
        const kinds = await problemsIn(changed, from);
        expect(kinds, how).not.toEqual([]);
        const name = NAMED[how]?.[prefix === LOG ? 0 : 1];
        if (name !== undefined) expect(kinds, how).toContain(name);
      }),
      { numRuns: RUNS },
    );
    expect([...tried.values()].reduce((sum, n) => sum + n, 0)).toBeGreaterThanOrEqual(RUNS);
    expect(tried.size).toBe(2 * Object.keys(MUTATIONS).length);
  });
});
