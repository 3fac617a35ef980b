import * as z from 'zod';
import { Instant, JobId, Sha256 } from './ids.ts';

/** Most logs one digest lists. A pass that finds more writes several digests. */
export const DIGEST_MAX_HEADS = 500;

/** How a digest is signed: on this machine with a key file, on AWS by KMS. Both sign the canonical digest without its signature. */
export const DigestAlgorithm = z.enum(['Ed25519', 'ECDSA_SHA_256']);
export type DigestAlgorithm = z.infer<typeof DigestAlgorithm>;

/**
 * Where a log stood: its event `seq` has `hash`, and so, by the chain, has everything before it. `since` is where the digest before
 * that lists this log left it (0 for none), so a digest that is taken away leaves a gap. The audit log is job `000000000000`.
 */
export const LogHead = z.strictObject({ job_id: JobId, since: z.int().min(0), seq: z.int().min(1), hash: Sha256 });
export type LogHead = z.infer<typeof LogHead>;

/**
 * `audit_digest_v1`: the heads of all logs that grew since the digest before, chained to it and signed. `prev_hash` is the sha256 of
 * the whole canonical digest before (zeros for number 1), `key_id` the sha256 of the public key (DER), `signature` lower-case hex: an
 * Ed25519 signature, or ECDSA on P-256 in DER. `interval_s` is how often the next one may be expected.
 */
export const AuditDigest = z.strictObject({
  schema_version: z.literal('audit_digest_v1'),
  seq: z.int().min(1),
  at: Instant,
  interval_s: z.int().min(1),
  prev_hash: Sha256,
  heads: z.array(LogHead).min(1).max(DIGEST_MAX_HEADS),
  key_id: Sha256,
  algorithm: DigestAlgorithm,
  signature: z.string().regex(/^[0-9a-f]{128,160}$/, 'a signature is 128-160 lower-case hex characters'),
});
export type AuditDigest = z.infer<typeof AuditDigest>;

/** S3 key of a digest. */
export const digestKey = (seq: number): string => `digests/${String(seq).padStart(8, '0')}.json`;

/** What can be wrong with a log or with the digests over it. */
export const PROBLEM_KINDS = [
  'edited',
  'deleted',
  'reordered',
  'inserted',
  'truncated',
  'delete_marker',
  'overwritten',
  'unreadable',
  'foreign',
  'unsigned',
  'digest_edited',
  'digest_deleted',
  'digest_reordered',
  'digest_inserted',
  'digest_truncated',
  'digest_forged',
  'wrong_key',
] as const;

/** `seq` is the event's number, `digest` the digest's, where there is one to name. */
export const TamperProblem = z.object({
  kind: z.enum(PROBLEM_KINDS),
  seq: z.int().nullable(),
  digest: z.int().nullable(),
  problem: z.string(),
});
export type TamperProblem = z.infer<typeof TamperProblem>;

/** Signs digests. Only the digest function has one that can. */
export type DigestSigner = {
  algorithm: DigestAlgorithm;
  /** Public key, PEM (SubjectPublicKeyInfo). */
  publicKey(): Promise<string>;
  sign(payload: Uint8Array): Promise<Uint8Array>;
};

/** One object under `digests/` or of a log, as the bucket lists it. `seq` is null where the key is none the system writes. */
export type StoredVersion = { key: string; seq: number | null; latest: boolean; delete_marker: boolean };

/** The digests: created once, never changed. */
export type Digests = {
  /** False when the number is taken. */
  create(digest: AuditDigest): Promise<boolean>;
  /** As stored, unparsed; null when there is none. */
  text(seq: number): Promise<string | null>;
  /** Versions of at most `limit` keys after digest number `after`. */
  versions(after: number, limit: number): Promise<StoredVersion[]>;
};

/** Logs as they are stored, for judging: nothing is parsed, nothing throws for what somebody changed. */
export type StoredLogs = {
  /** Text of the events `from` to `known`, and of those that follow without a gap. Null where one of the known is missing. */
  texts(jobId: string, from: number, known: number): Promise<{ seq: number; text: string | null }[]>;
  text(jobId: string, seq: number): Promise<string | null>;
  /** Every version of everything in the folder of the log. */
  versions(jobId: string): Promise<StoredVersion[]>;
  /** Ids of at most `limit` jobs that have a log, after `after`, in key order. */
  jobs(after: string, limit: number): Promise<string[]>;
};

/** What the table remembers of a log: where the last digest left it, and the numbers of the digests that list it. */
export type SignedLog = { job_id: string; seq: number; hash: string; digests: number[] };

/** A row of the projection that may have grown. */
export type DigestCandidate = { job_id: string; last_seq: number };

/** What has been signed, as a projection of the digests, and which logs may have grown since. Losing it loses nothing. */
export type DigestIndex = {
  /** Number of the newest digest that was applied here; 0 for none. */
  applied(): Promise<number>;
  signed(jobIds: readonly string[]): Promise<Map<string, SignedLog>>;
  /** Notes a digest's heads, then its number. Repeating it changes nothing. */
  apply(digest: AuditDigest): Promise<void>;
  /** Jobs that are not done. */
  open(cursor: string | null, limit: number): Promise<{ items: DigestCandidate[]; next: string | null }>;
  /** Jobs that ended, or were looked at, since they were last settled. */
  ended(limit: number): Promise<DigestCandidate[]>;
  /** Takes a job off the list of `ended`, unless it grew meanwhile. */
  settle(candidate: DigestCandidate): Promise<void>;
};
