import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AuditDigest } from '../../../contracts/digest.ts';
import { canonicalJson } from '../canonical-json.ts';
import { sha256Hex } from '../hash.ts';
import { digestsOver, JOB, listing, logOf, OTHER_JOB, signDigest, testKey } from './digest.fixture.ts';
import { digestHash } from './digest.ts';
import { readExport } from './read-export.ts';
import { NO_DIGEST, verifyDigests } from './verify-digests.ts';
import type { Sealed } from './verify-events.ts';
import { verifyExport } from './verify-log.ts';

const RUNS = 10_000;
const KEY = testKey();
const ATTACKER = testKey();

type Export = { events: Sealed[]; digests: AuditDigest[] };

/** A few true exports, signed once: signatures are what takes time. */
const EXPORTS: Export[] = Array.from({ length: 24 }, (_, n) => {
  const length = 1 + (n % 8);
  const cuts = Array.from({ length: 1 + (n % 4) }, (_, i, all = 1 + (n % 4)) => [Math.ceil((length * (i + 1)) / all), i + 1]);
  const events = logOf(length);
  return { events, digests: listing(digestsOver([events, logOf(4, OTHER_JOB)], cuts, KEY), JOB) };
});

const problemsOf = ({ events, digests }: Export, key = KEY.verifying) =>
  verifyExport(events, digests, { key, unsignedTail: 'refused' }).problems;

const linesOf = ({ events, digests }: Export): string[] => [...events, ...digests].map((document) => JSON.stringify(document));

const problemsOfLines = (lines: readonly string[]) => {
  const { events, digests, problems } = readExport(lines);
  const none = events.length === 0 ? ['there are no events'] : [];
  return [...problems, ...none, ...problemsOf({ events, digests })];
};

/** Seals a log again from `from` on, as an attacker without the key would: hashes and links are right afterwards. */
const resealed = (events: readonly Sealed[]): Sealed[] => {
  let prev_hash = '0'.repeat(64);
  return events.map((event, i) => {
    const { hash: _, ...content } = { ...event, seq: i + 1, prev_hash };
    prev_hash = sha256Hex(canonicalJson(content));
    return { ...content, hash: prev_hash };
  });
};

/** Digests made to fit a log by somebody who has another key, or none. */
const refitted = (digests: readonly AuditDigest[], events: readonly Sealed[], forge: boolean): AuditDigest[] => {
  let before = NO_DIGEST;
  return digests.map((digest) => {
    const heads = digest.heads.map((head) =>
      head.job_id === JOB ? { ...head, hash: events[Math.min(head.seq, events.length) - 1]?.hash ?? head.hash } : head,
    );
    const made = signDigest(heads, { seq: digest.seq - 1, hash: before.hash }, ATTACKER);
    const fitted = { ...digest, heads, prev_hash: made.prev_hash, ...(forge ? { signature: made.signature } : {}) };
    before = { seq: digest.seq, hash: digestHash(fitted) };
    return fitted;
  });
};

const without = <T>(items: readonly T[], at: number): T[] => items.toSpliced(at, 1);
const swapped = <T>(items: readonly T[], a: number, b: number): T[] =>
  items.map((item, i) => (i === a ? (items[b] ?? item) : i === b ? (items[a] ?? item) : item));

type Picks = { at: number; to: number; text: string };
type Mutation = (original: Export, picks: Picks) => Export;

const pick = (items: readonly unknown[], n: number): number => n % items.length;
const edited = (events: readonly Sealed[], { at, text }: Picks): Sealed[] =>
  events.map((event, i) => (i === pick(events, at) ? { ...event, message: `${String(event['message'])}${text}` } : event));
const inserted = (events: readonly Sealed[], { at, text }: Picks): Sealed[] => {
  const place = at % (events.length + 1);
  const like = events[Math.min(place, events.length - 1)];
  return like ? events.toSpliced(place, 0, { ...like, message: `never happened ${text}` }) : [...events];
};

const MUTATIONS: Record<string, Mutation> = {
  'event edited': ({ events, ...rest }, picks) => ({ ...rest, events: edited(events, picks) }),
  'event edited and resealed': ({ events, ...rest }, picks) => ({ ...rest, events: resealed(edited(events, picks)) }),
  'event edited, resealed, digests fitted': ({ events, digests }, picks) => {
    const changed = resealed(edited(events, picks));
    return { events: changed, digests: refitted(digests, changed, false) };
  },
  'event edited, resealed, digests forged': ({ events, digests }, picks) => {
    const changed = resealed(edited(events, picks));
    return { events: changed, digests: refitted(digests, changed, true) };
  },
  'event deleted': ({ events, ...rest }, { at }) => ({ ...rest, events: without(events, pick(events, at)) }),
  'event deleted and resealed': ({ events, ...rest }, { at }) => ({ ...rest, events: resealed(without(events, pick(events, at))) }),
  'events reordered': ({ events, ...rest }, { at, to }) => ({ ...rest, events: swapped(events, pick(events, at), pick(events, to)) }),
  'events reordered and resealed': ({ events, ...rest }, { at, to }) => ({
    ...rest,
    events: resealed(swapped(events, pick(events, at), pick(events, to))),
  }),
  'event inserted': ({ events, ...rest }, picks) => ({ ...rest, events: inserted(events, picks) }),
  'event inserted and resealed': ({ events, ...rest }, picks) => ({ ...rest, events: resealed(inserted(events, picks)) }),
  'event doubled': ({ events, ...rest }, { at }) => ({
    ...rest,
    events: events.toSpliced(pick(events, at), 0, ...events.slice(pick(events, at), pick(events, at) + 1)),
  }),
  'events truncated': ({ events, ...rest }, { at }) => ({ ...rest, events: events.slice(0, pick(events, at)) }),
  'digest edited': ({ digests, ...rest }, { at, to }) => ({
    ...rest,
    digests: digests.map((digest, i) =>
      i === pick(digests, at)
        ? ([
            { ...digest, at: '2026-01-01T02:00:00.000Z' },
            { ...digest, interval_s: digest.interval_s + 1 },
            { ...digest, heads: digest.heads.map((head) => ({ ...head, seq: head.seq + 1 })) },
            { ...digest, heads: digest.heads.map((head) => ({ ...head, hash: 'f'.repeat(64) })) },
            { ...digest, signature: digest.signature.replace(/^./, (c) => (c === 'a' ? 'b' : 'a')) },
            { ...digest, prev_hash: 'e'.repeat(64) },
            { ...digest, key_id: ATTACKER.verifying.id },
            { ...digest, algorithm: 'ECDSA_SHA_256' as const },
          ][to % 8] ?? digest)
        : digest,
    ),
  }),
  'digest deleted': ({ digests, ...rest }, { at }) => ({ ...rest, digests: without(digests, pick(digests, at)) }),
  'digests reordered': ({ digests, ...rest }, { at, to }) => ({ ...rest, digests: swapped(digests, pick(digests, at), pick(digests, to)) }),
  'digest doubled': ({ digests, ...rest }, { at }) => ({
    ...rest,
    digests: digests.toSpliced(pick(digests, at), 0, ...digests.slice(pick(digests, at), pick(digests, at) + 1)),
  }),
  'digest forged': ({ digests, events }, { at }) => {
    const place = at % (digests.length + 1);
    const before = digests[place - 1];
    const last = events.at(-1);
    const heads = [{ job_id: JOB, since: 0, seq: last?.seq ?? 1, hash: last?.hash ?? 'f'.repeat(64) }];
    const forged = signDigest(heads, before ? { seq: before.seq, hash: digestHash(before) } : NO_DIGEST, ATTACKER);
    return { events, digests: digests.toSpliced(place, 0, { ...forged, key_id: KEY.verifying.id }) };
  },
  'digests truncated': ({ digests, ...rest }, { at }) => ({ ...rest, digests: digests.slice(0, pick(digests, at)) }),
  'all digests replaced by those of another key': ({ events, digests }) => ({ events, digests: refitted(digests, events, true) }),
};

const mutation = fc.record({
  kind: fc.constantFrom(...Object.keys(MUTATIONS)),
  original: fc.constantFrom(...EXPORTS),
  picks: fc.record({ at: fc.nat(40), to: fc.nat(40), text: fc.string({ minLength: 1, maxLength: 8 }) }),
});

describe('tampering', () => {
  it('leaves what nobody touched alone', () => {
    for (const original of EXPORTS) {
      expect(problemsOf(original)).toEqual([]);
      expect(problemsOfLines(linesOf(original))).toEqual([]);
    }
  });

  it(`is found in each of ${RUNS} random mutations of events and digests`, () => {
    let tried = 0;
    fc.assert(
      fc.property(mutation, ({ kind, original, picks }) => {
        const mutated = MUTATIONS[kind]?.(original, picks) ?? original;
        // Swapping an event with itself, say, is none.
        fc.pre(canonicalJson(mutated) !== canonicalJson(original));
        tried += 1;
        return problemsOf(mutated).length > 0;
      }),
      { numRuns: RUNS },
    );
    expect(tried).toBeGreaterThanOrEqual(RUNS);
  }, 60_000);

  it('of the exported file is found, whatever lines or characters were touched', () => {
    const touched = fc.record({
      original: fc.constantFrom(...EXPORTS),
      how: fc.constantFrom('delete', 'swap', 'double', 'cut', 'character', 'beheaded', 'tear'),
      at: fc.nat(40),
      to: fc.nat(400),
    });
    fc.assert(
      fc.property(touched, ({ original, how, at, to }) => {
        const lines = linesOf(original);
        const i = at % lines.length;
        const line = lines[i] ?? '';
        const place = to % line.length;
        const changed = {
          delete: () => without(lines, i),
          swap: () => swapped(lines, i, to % lines.length),
          double: () => lines.toSpliced(i, 0, line),
          cut: () => lines.slice(0, i),
          beheaded: () => lines.slice(i + 1),
          tear: () => lines.with(i, line.slice(0, place)),
          character: () => lines.with(i, `${line.slice(0, place)}${line[place] === '7' ? '8' : '7'}${line.slice(place + 1)}`),
        }[how]();
        fc.pre(changed.join('\n') !== lines.join('\n'));
        return problemsOfLines(changed).length > 0;
      }),
      { numRuns: 2_000 },
    );
  });

  it('of all digests together is found too: a chain from the first to the last', () => {
    const logs = [logOf(8), logOf(6, OTHER_JOB)];
    const digests = digestsOver(
      logs,
      [
        [1, 1],
        [3, 1],
        [3, 4],
        [8, 6],
      ],
      KEY,
    );
    const check = (changed: readonly AuditDigest[]) =>
      verifyDigests(changed, { key: KEY.verifying, whole: true }).problems.map(({ kind }) => kind);
    expect(check(digests)).toEqual([]);
    expect(check(without(digests, 1))).toEqual(['digest_deleted']);
    expect(check(without(digests, 0))).toEqual(['digest_deleted']);
    expect(check(swapped(digests, 1, 2))).toContain('digest_reordered');
    expect(check(digests.toSpliced(2, 0, ...digests.slice(2, 3)))).toContain('digest_inserted');
  });
});

describe('the reason', () => {
  const [original] = [EXPORTS.at(-1)];
  const { events, digests } = original ?? { events: [], digests: [] };
  const [first, second, ...rest] = events;
  if (!first || !second) throw new Error('the export is too short');
  const kinds = (changed: Partial<Export>, key = KEY.verifying) => problemsOf({ events, digests, ...changed }, key).map(({ kind }) => kind);

  it.each([
    ['edited', { events: [{ ...first, message: 'x' }, second, ...rest] }],
    ['deleted', { events: [first, ...rest] }],
    ['deleted', { events: [second, ...rest] }],
    ['reordered', { events: [second, first, ...rest] }],
    ['inserted', { events: [first, first, second, ...rest] }],
    ['truncated', { events: events.slice(0, -1) }],
    ['foreign', { events: [first, second, { ...rest[0], job_id: OTHER_JOB }, ...rest.slice(1)] as Sealed[] }],
    ['edited', { events: logOf(events.length, JOB, 'otherwise') }],
    ['unsigned', { digests: digests.slice(0, -1) }],
    ['unsigned', { digests: [] }],
    ['digest_deleted', { digests: digests.slice(1) }],
    ['digest_forged', { digests: digests.map((digest) => ({ ...digest, at: '2026-01-01T09:00:00.000Z' })) }],
    ['digest_reordered', { digests: digests.toReversed() }],
  ])('names it: %s', (kind, changed) => {
    expect(kinds(changed)).toContain(kind);
  });

  it('names a true digest that says nothing of this job: it was put there', () => {
    const all = digestsOver(
      [logOf(5), logOf(3, OTHER_JOB)],
      [
        [2, 1],
        [2, 3],
        [5, 3],
      ],
      KEY,
    );
    expect(problemsOf({ events: logOf(5), digests: listing(all, JOB) })).toEqual([]);
    expect(problemsOf({ events: logOf(5), digests: all })).toMatchObject([{ kind: 'digest_inserted', digest: 2 }]);
  });

  it('names a key that is not the one that signed', () => {
    expect(new Set(kinds({}, ATTACKER.verifying))).toEqual(new Set(['wrong_key']));
  });

  it('says that a name is given twice, which another reader would take the other way', () => {
    const lines = linesOf({ events, digests });
    const doubled = lines.with(0, lines[0]?.replace('{', '{"message":"approved",') ?? '');
    expect(problemsOfLines(doubled)).toContainEqual(expect.objectContaining({ problem: 'line 1 names a member twice: it was edited' }));
  });
});

describe('an ECDSA signature, as KMS gives it,', () => {
  const ecdsa = testKey('ECDSA_SHA_256');
  const events = logOf(3);
  const digests = digestsOver([events], [[3]], ecdsa);

  it('verifies, and only over what it signed', () => {
    expect(problemsOf({ events, digests }, ecdsa.verifying)).toEqual([]);
    const moved = digests.map((digest) => ({ ...digest, at: '2026-01-01T09:00:00.000Z' }));
    expect(problemsOf({ events, digests: moved }, ecdsa.verifying).map(({ kind }) => kind)).toEqual(['digest_forged']);
  });
});
