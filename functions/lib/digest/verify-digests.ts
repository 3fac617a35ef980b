import { AuditDigest, type TamperProblem } from '../../../contracts/digest.ts';
import { GENESIS_HASH } from '../../../contracts/events.ts';
import { digestHash, isSigned, type VerifyingKey } from './digest.ts';
import { gaps, inDigests, range } from './problems.ts';

/** The digest a value is, or why it is none. */
export const parseDigest = (value: unknown): { digest: AuditDigest } | { why: string } => {
  const parsed = AuditDigest.safeParse(value);
  if (parsed.success) return { digest: parsed.data };
  const [issue] = parsed.error.issues;
  return { why: `is no audit_digest_v1: ${issue?.path.join('.') || 'it'}: ${issue?.message}` };
};

const signatureProblem = (digest: AuditDigest, key: VerifyingKey): TamperProblem[] => {
  const { seq, key_id } = digest;
  if (key_id !== key.id)
    return [
      inDigests(
        'wrong_key',
        seq,
        `digest ${seq} names key ${key_id.slice(0, 16)}, the key given is ${key.id.slice(0, 16)}: it was signed by somebody else, or this is another environment's key`,
      ),
    ];
  if (isSigned(digest, key)) return [];
  return [inDigests('digest_forged', seq, `the signature of digest ${seq} is not of this key over this content: it was edited or forged`)];
};

/** Where a stream of digests stands: the number and hash of the last one. */
export type DigestHead = { seq: number; hash: string };
export const NO_DIGEST: DigestHead = { seq: 0, hash: GENESIS_HASH };

/** What is wrong with one digest behind another that directly precedes it. */
const linkProblem = (digest: AuditDigest, before: DigestHead): TamperProblem[] =>
  digest.seq === before.seq + 1 && digest.prev_hash !== before.hash
    ? [inDigests('digest_edited', digest.seq, `digest ${digest.seq} does not follow from digest ${before.seq}: one of them was replaced`)]
    : [];

const orderProblem = (digest: AuditDigest, before: DigestHead): TamperProblem[] => {
  if (digest.seq === before.seq) return [inDigests('digest_inserted', digest.seq, `digest ${digest.seq} is there twice`)];
  return digest.seq < before.seq
    ? [inDigests('digest_reordered', digest.seq, `digest ${digest.seq} comes after digest ${before.seq}`)]
    : [];
};

/**
 * Checks digests in the order they are given: signatures (with a key), order, and links between neighbours. `whole` also demands that no
 * number is left out after `from`; without it the digests are those that list one log.
 */
export const verifyDigests = (
  digests: readonly AuditDigest[],
  { key, whole, from = NO_DIGEST }: { key: VerifyingKey | null; whole: boolean; from?: DigestHead },
): { problems: TamperProblem[]; head: DigestHead } => {
  const problems: TamperProblem[] = [];
  let head = from;
  for (const digest of digests) {
    if (key) problems.push(...signatureProblem(digest, key));
    problems.push(...orderProblem(digest, head), ...linkProblem(digest, head));
    head = { seq: digest.seq, hash: digestHash(digest) };
  }
  if (whole) {
    const numbers = digests.map(({ seq }) => seq);
    for (const gap of gaps(numbers, from.seq + 1))
      problems.push(inDigests('digest_deleted', gap.from, `digest ${range(gap.from, gap.to)} is missing`));
  }
  return { problems, head };
};
