import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { AuditDigest, DigestAlgorithm, LogHead } from '../../../contracts/digest.ts';
import { EMPTY_LOG, sealEvent } from '../event.ts';
import { digestHash, digestPayload, draftDigest, readKey, type VerifyingKey } from './digest.ts';
import { type DigestHead, NO_DIGEST } from './verify-digests.ts';
import type { Sealed } from './verify-events.ts';

export const JOB = '0123456789ab';
export const OTHER_JOB = 'ba9876543210';

export type TestKey = { algorithm: DigestAlgorithm; privateKey: KeyObject; verifying: VerifyingKey; pem: string };

export const testKey = (algorithm: DigestAlgorithm = 'Ed25519'): TestKey => {
  const { privateKey, publicKey } =
    algorithm === 'Ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  return { algorithm, privateKey, verifying: readKey(pem), pem };
};

/** A sealed log of `length` events of `jobId`; `twist` changes what their content is. */
export const logOf = (length: number, jobId = JOB, twist = ''): Sealed[] => {
  const events: Sealed[] = [];
  for (let i = 0; i < length; i++) {
    const last = events.at(-1);
    const head = last ? { last_seq: last.seq, last_hash: last.hash } : EMPTY_LOG;
    events.push(
      sealEvent(
        {
          ...{ event_type: 'RUN_COMPLETED', state: 'Run', visit: i + 1, message: `ran ${i}${twist}` },
          ...{ actor: { type: 'stage', id: 'Run', identity: 'none' }, outputs: { trades: i, note: 'profit "net"' } },
        },
        { ...head, job_id: jobId, run_id: 'run-1', at: '2026-01-01T00:00:00.000Z' },
      ),
    );
  }
  return events;
};

export const signDigest = (heads: readonly LogHead[], before: DigestHead, key: TestKey): AuditDigest => {
  const draft = draftDigest(
    {
      ...{ seq: before.seq + 1, at: '2026-01-01T01:00:00.000Z', interval_s: 3600 },
      ...{ prev_hash: before.hash, key_id: key.verifying.id, algorithm: key.algorithm },
    },
    heads,
  );
  const signature = sign(key.algorithm === 'Ed25519' ? null : 'sha256', digestPayload(draft), key.privateKey);
  return { ...draft, signature: signature.toString('hex') };
};

/**
 * Digests over logs as an environment writes them: `cuts` are per digest how far it saw each log, so that log `j` had `cuts[i][j]` events
 * when digest `i` was written.
 */
export const digestsOver = (logs: readonly Sealed[][], cuts: readonly number[][], key: TestKey): AuditDigest[] => {
  const digests: AuditDigest[] = [];
  const signed = logs.map(() => 0);
  let before = NO_DIGEST;
  for (const cut of cuts) {
    const heads = logs.flatMap((log, j): LogHead[] => {
      const seq = Math.min(cut[j] ?? 0, log.length);
      const event = log[seq - 1];
      if (!event || seq <= (signed[j] ?? 0)) return [];
      const since = signed[j] ?? 0;
      signed[j] = seq;
      return [{ job_id: event.job_id, since, seq, hash: event.hash }];
    });
    if (heads.length === 0) continue;
    const digest = signDigest(heads, before, key);
    before = { seq: digest.seq, hash: digestHash(digest) };
    digests.push(digest);
  }
  return digests;
};

/** The digests that list a job: what an export of it holds. */
export const listing = (digests: readonly AuditDigest[], jobId: string): AuditDigest[] =>
  digests.filter(({ heads }) => heads.some(({ job_id }) => job_id === jobId));
