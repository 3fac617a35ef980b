import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuditDigest } from '../../contracts/digest.ts';
import { AUDIT, eventKey } from '../../contracts/events.ts';
import { readKey } from '../../functions/lib/digest/digest.ts';
import { parseDigest, verifyDigests } from '../../functions/lib/digest/verify-digests.ts';
import { EMPTY_LOG, sealEvent } from '../../functions/lib/event.ts';
import { catchUp, digestPass } from '../../functions/stage/digest.ts';
import { verifyJob, verifyPage } from '../../functions/stage/verification.ts';
import { grow, jobId, logOf, type ProofWorld, startProofWorld } from '../support/proof-world.ts';

const OPTIONS = { thorough: false, limit: 10_000 };
const FIXED = { SOURCE_DATE_EPOCH: '1767225600' };

let proof: ProofWorld;
beforeEach(async () => {
  proof = await startProofWorld(FIXED);
});
afterEach(() => proof.close());

const pass = (options: Partial<typeof OPTIONS> = {}) => digestPass(proof.world, { ...OPTIONS, ...options });

const allDigests = async (): Promise<AuditDigest[]> => {
  const found: AuditDigest[] = [];
  for (let seq = 1; ; seq++) {
    const text = await proof.world.proof.digests.text(seq);
    if (text === null) return found;
    const parsed = parseDigest(JSON.parse(text));
    if ('digest' in parsed) found.push(parsed.digest);
  }
};

const headsOf = (digests: readonly AuditDigest[], id: string) =>
  digests.flatMap(({ heads }) => heads.filter(({ job_id }) => job_id === id).map(({ since, seq }) => [since, seq]));

const expectWhole = async () => {
  const key = readKey(await proof.world.proof.signer.publicKey());
  expect(verifyDigests(await allDigests(), { key, whole: true }).problems).toEqual([]);
};

describe('a digest pass', () => {
  it('signs the head of every log that grew, once, and the next one what grew since', async () => {
    const [a, b] = [logOf(jobId(1), 5), logOf(jobId(2), 3)];
    await grow(proof.world, a.slice(0, 3), true);
    await grow(proof.world, b, false);
    expect(await pass()).toMatchObject({ signed: 2 });
    expect(await pass()).toMatchObject({ signed: 0, digests: 0 });
    await grow(proof.world, a, false);
    expect(await pass()).toMatchObject({ signed: 1, digests: 1 });
    const digests = await allDigests();
    expect(headsOf(digests, jobId(1))).toEqual([
      [0, 3],
      [3, 5],
    ]);
    expect(headsOf(digests, jobId(2))).toEqual([[0, 3]]);
    await expectWhole();
    expect(await verifyJob(proof.world, jobId(1))).toMatchObject({ ok: true, events: 5, signed_through: 5, problems: [] });
  });

  it('looks at a job that ended once, and at one that goes on after its end again', async () => {
    const log = logOf(jobId(1), 6);
    await grow(proof.world, log.slice(0, 4), false);
    await pass();
    expect(await proof.world.proof.index.ended(10)).toEqual([]);
    await grow(proof.world, log, false);
    expect(await pass()).toMatchObject({ signed: 1 });
  });

  it('finds what the index does not know when it is thorough', async () => {
    const log = logOf(jobId(1), 5);
    await grow(proof.world, log.slice(0, 3), true);
    await pass();
    for (const event of log.slice(3)) await proof.world.log.append(event);
    expect(await pass()).toMatchObject({ signed: 0 });
    expect(await pass({ thorough: true })).toMatchObject({ signed: 1 });
  });

  it('lists the audit log like any other', async () => {
    const event = sealEvent(
      { event_type: 'KILL_SWITCH_SET', state: 'Control', visit: 1, actor: { type: 'user', id: 'ann', identity: 'local' } },
      { ...EMPTY_LOG, ...AUDIT, at: '2026-01-01T00:00:00.000Z' },
    );
    await proof.world.audit.append(event);
    await pass();
    expect(headsOf(await allDigests(), AUDIT.job_id)).toEqual([[0, 1]]);
    expect(await verifyPage(proof.world, null, 20)).toMatchObject({ reports: [{ job_id: AUDIT.job_id, ok: true, signed_through: 1 }] });
  });

  it('passes over a row whose submission died before event 1', async () => {
    const [first] = logOf(jobId(1), 1);
    if (!first) throw new Error('no event');
    await proof.world.index.reserve(await recordOf(first.job_id), '2026-01-01T00:00:00.000Z');
    expect(await pass({ thorough: true })).toMatchObject({ signed: 0 });
    expect(await verifyJob(proof.world, jobId(1))).toBeNull();
  });

  it('splits what is too much for one digest, and keeps to its limit', async () => {
    for (let n = 1; n <= 620; n++) await grow(proof.world, logOf(jobId(n), 1), false);
    expect(await pass({ limit: 30 })).toMatchObject({ signed: 30, digests: 1 });
    expect(await pass()).toMatchObject({ signed: 590, digests: 2 });
    expect(Math.max(...(await allDigests()).map(({ heads }) => heads.length))).toBeLessThanOrEqual(500);
    await expectWhole();
  });
});

const recordOf = async (id: string) => {
  const other = await startProofWorld();
  try {
    await grow(other.world, logOf(id, 1), true);
    const row = await other.world.index.get(id);
    if (!row) throw new Error('no row');
    return row;
  } finally {
    await other.close();
  }
};

describe('two passes at once', () => {
  it('give each number to one of them, and sign every event once', async () => {
    for (let n = 1; n <= 20; n++) await grow(proof.world, logOf(jobId(n), 2), false);
    await Promise.all([pass(), pass(), pass()]);
    await expectWhole();
    const digests = await allDigests();
    for (let n = 1; n <= 20; n++) expect(headsOf(digests, jobId(n))).toEqual([[0, 2]]);
  });

  it('beside appends leave no gap: what comes later is in a later digest', async () => {
    const log = logOf(jobId(1), 30);
    const append = async () => {
      for (let length = 1; length <= log.length; length++) await grow(proof.world, log.slice(0, length), length < log.length);
    };
    const sign = async () => {
      for (let i = 0; i < 6; i++) await pass({ thorough: i % 2 === 0 });
    };
    await Promise.all([append(), sign(), sign()]);
    await pass();
    await expectWhole();
    const heads = headsOf(await allDigests(), jobId(1));
    expect(heads.map(([since]) => since)).toEqual([0, ...heads.slice(0, -1).map(([, seq]) => seq)]);
    expect(await verifyJob(proof.world, jobId(1))).toMatchObject({ ok: true, events: 30, signed_through: 30 });
  });
});

describe('a pass that dies', () => {
  const target = ({ headers, method }: { headers: Record<string, string>; method: string }) => headers['x-amz-target'] ?? method;
  const once = (matches: (request: { method: string; path: string; headers: Record<string, string> }) => boolean) => {
    let left = 1;
    return (request: { method: string; path: string; headers: Record<string, string> }) => {
      if (left > 0 && matches(request)) {
        left -= 1;
        throw new Error('the process died');
      }
    };
  };

  it.each([
    ['before its digest is there', 'before', (r: { method: string; path: string }) => r.method === 'PUT' && r.path.includes('/digests/')],
    [
      'when its digest is there and nobody knows',
      'after',
      (r: { method: string; path: string }) => r.method === 'PUT' && r.path.includes('/digests/'),
    ],
    ['between two of its heads', 'after', (r: { method: string; headers: Record<string, string> }) => target(r).endsWith('UpdateItem')],
  ] as const)('%s is continued by the next one', async (_, when, matches) => {
    for (let n = 1; n <= 4; n++) await grow(proof.world, logOf(jobId(n), 3), n % 2 === 0);
    proof.fault[when] = once(matches);
    await expect(pass()).rejects.toThrow();
    proof.fault[when] = () => undefined;
    await pass();
    await expectWhole();
    const digests = await allDigests();
    for (let n = 1; n <= 4; n++) {
      expect(headsOf(digests, jobId(n))).toEqual([[0, 3]]);
      expect(await verifyJob(proof.world, jobId(n))).toMatchObject({ ok: true, signed_through: 3 });
    }
  });
});

describe('a lost table', () => {
  it('is rebuilt from the digests: the next one goes on where the last one ended', async () => {
    const log = logOf(jobId(1), 6);
    await grow(proof.world, log.slice(0, 2), true);
    await pass();
    await grow(proof.world, log.slice(0, 4), true);
    await pass();
    await proof.loseTable();
    await grow(proof.world, log, false);
    expect(await pass()).toMatchObject({ signed: 1 });
    expect(headsOf(await allDigests(), jobId(1))).toEqual([
      [0, 2],
      [2, 4],
      [4, 6],
    ]);
    expect(await verifyJob(proof.world, jobId(1))).toMatchObject({ ok: true, digests: [1, 2, 3] });
  });
});

describe('what somebody changed', () => {
  const BUCKET = 'holdpoint-local-events';
  const log = logOf(jobId(1), 6);
  const kinds = async (id = jobId(1)) => (await verifyJob(proof.world, id))?.problems.map(({ kind }) => kind) ?? [];
  const overwrite = (seq: number, changes: Record<string, unknown>) =>
    proof.clients.s3.send(
      new PutObjectCommand({ Bucket: BUCKET, Key: eventKey(jobId(1), seq), Body: JSON.stringify({ ...log[seq - 1], ...changes }) }),
    );
  const remove = (Key: string) => proof.clients.s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key }));

  beforeEach(async () => {
    await grow(proof.world, log.slice(0, 4), true);
    await pass();
  });

  it('is found: an event that was overwritten', async () => {
    await overwrite(2, { message: 'approved by ann' });
    expect(await kinds()).toEqual(expect.arrayContaining(['overwritten', 'edited']));
  });

  it('is found: an event that was written again as it was', async () => {
    await overwrite(2, {});
    expect(await kinds()).toEqual(['overwritten']);
  });

  it.each([1, 2, 4])('is found: event %i deleted', async (seq) => {
    await remove(eventKey(jobId(1), seq));
    expect(await kinds()).toEqual(expect.arrayContaining(['delete_marker', seq === 4 ? 'truncated' : 'deleted']));
  });

  it('is found: a whole log deleted', async () => {
    for (let seq = 1; seq <= 4; seq++) await remove(eventKey(jobId(1), seq));
    expect(await kinds()).toEqual(expect.arrayContaining(['delete_marker', 'truncated']));
  });

  it('is found: an object that is no event', async () => {
    await proof.clients.s3.send(
      new PutObjectCommand({ Bucket: BUCKET, Key: `jobs/${jobId(1)}/events/note.json`, Body: '{}', IfNoneMatch: '*' }),
    );
    expect(await kinds()).toEqual(['inserted']);
  });

  it('is found: text that is no event', async () => {
    await proof.clients.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: eventKey(jobId(1), 3), Body: 'gone' }));
    expect(await kinds()).toEqual(expect.arrayContaining(['overwritten', 'unreadable']));
  });

  it('is found: a digest that was deleted; and no other is written before that is settled', async () => {
    await remove('digests/00000001.json');
    expect(await kinds()).toEqual(expect.arrayContaining(['digest_deleted']));
    await grow(proof.world, log, false);
    await expect(pass()).rejects.toThrow('digest 1 is gone');
    await expect(catchUp(proof.world)).rejects.toMatchObject({ name: 'LogTampered' });
  });

  it('is not signed, but the other logs are, and the pass fails so that somebody hears of it', async () => {
    const other = logOf(jobId(2), 2);
    await grow(proof.world, other, false);
    await grow(proof.world, log.slice(0, 5), false);
    await overwrite(5, { message: 'approved by ann' });
    await expect(pass()).rejects.toMatchObject({ name: 'LogTampered', message: expect.stringContaining('event 5 was edited') });
    const digests = await allDigests();
    expect(headsOf(digests, jobId(1))).toEqual([[0, 4]]);
    expect(headsOf(digests, jobId(2))).toEqual([[0, 2]]);
  });
});
