import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { AuditDigest, LogHead } from '../../../contracts/digest.ts';
import { canonicalJson } from '../canonical-json.ts';
import { sha256Hex } from '../hash.ts';

type Unsigned = Omit<AuditDigest, 'signature'>;

/** What is signed: the canonical digest without its signature. */
export const digestPayload = (digest: Unsigned & { signature?: string }): Uint8Array => {
  const { signature: _, ...content } = digest;
  return Buffer.from(canonicalJson(content));
};

/** What the next digest carries as `prev_hash`: covers the signature too. */
export const digestHash = (digest: AuditDigest): string => sha256Hex(canonicalJson(digest));

/** A digest before it is signed: its heads in the order of their ids, so that the same heads are the same bytes. */
export const draftDigest = (
  place: Pick<AuditDigest, 'seq' | 'at' | 'interval_s' | 'prev_hash' | 'key_id' | 'algorithm'>,
  heads: readonly LogHead[],
): Unsigned => ({
  schema_version: 'audit_digest_v1',
  ...place,
  heads: heads.toSorted((a, b) => (a.job_id < b.job_id ? -1 : 1)),
});

/** A public key with its id, the sha256 of its DER form. */
export type VerifyingKey = { id: string; key: KeyObject };

const SUPPORTED = ['ed25519', 'ec'];

/** Reads a PEM public key. Throws an Error for text that is none, or a key of a kind that no digest is signed with. */
export const readKey = (pem: string): VerifyingKey => {
  const key = createPublicKey(pem);
  if (!SUPPORTED.includes(key.asymmetricKeyType ?? '')) throw new Error(`a key of type ${key.asymmetricKeyType} signs no digest`);
  return {
    id: createHash('sha256')
      .update(key.export({ type: 'spki', format: 'der' }))
      .digest('hex'),
    key,
  };
};

/** The hash that goes with each algorithm, as node:crypto names it; Ed25519 brings its own. */
const HASH = { Ed25519: null, ECDSA_SHA_256: 'sha256' } as const;
const KEY_TYPE = { Ed25519: 'ed25519', ECDSA_SHA_256: 'ec' } as const;

/** Whether `key` signed exactly this digest. */
export const isSigned = (digest: AuditDigest, { key }: VerifyingKey): boolean => {
  if (key.asymmetricKeyType !== KEY_TYPE[digest.algorithm]) return false;
  return verify(HASH[digest.algorithm], digestPayload(digest), key, Buffer.from(digest.signature, 'hex'));
};
