import * as z from 'zod';

// Allow-lists, matched before any key, path or query is built from a name (B6).

/** First 12 hex characters of the sha256 of the canonical (RFC 8785) job spec. */
export const JobId = z.string().regex(/^[0-9a-f]{12}$/, 'a job id is 12 lower-case hex characters');
export type JobId = z.infer<typeof JobId>;

/** A Step Functions execution name: at most 80 ASCII characters. */
export const RunId = z.string().regex(/^[A-Za-z0-9_-]{1,80}$/, 'a run id is 1-80 letters, digits, "-" or "_"');
export type RunId = z.infer<typeof RunId>;

/** Lower-case hex sha256. */
export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'a sha256 is 64 lower-case hex characters');
export type Sha256 = z.infer<typeof Sha256>;

/** `sha256:<hex>`, as decisions carry it. */
export const SubjectDigest = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'a subject digest is "sha256:" and 64 hex characters');
export type SubjectDigest = z.infer<typeof SubjectDigest>;

const slug = (what: string) =>
  z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, `${what} is 1-63 lower-case letters, digits, "-" or "_", starting with a letter or digit`);

export const SnapshotId = slug('a snapshot id');
export type SnapshotId = z.infer<typeof SnapshotId>;
export const PolicyBundleId = slug('a policy bundle id');
export type PolicyBundleId = z.infer<typeof PolicyBundleId>;
export const AgentId = slug('an agent id');
export type AgentId = z.infer<typeof AgentId>;

/** A person or machine who acts: shown in the log, never used in a key. */
export const ActorId = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[\p{L}\p{N}][\p{L}\p{N}._@+:/ -]*$/u, 'a name is 1-128 letters, digits, spaces or ._@+:/- and starts with a letter or digit');
export type ActorId = z.infer<typeof ActorId>;

/** Path of an artifact below `jobs/<job_id>/`: 1-8 plain segments, never `.` or `..`. */
export const ArtifactPath = z
  .string()
  .max(300)
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*(\/[A-Za-z0-9_][A-Za-z0-9_.-]*){0,7}$/, 'an artifact path is plain segments joined by "/"');
export type ArtifactPath = z.infer<typeof ArtifactPath>;

/** Calendar date, `YYYY-MM-DD`. */
export const IsoDate = z.iso.date();
export type IsoDate = z.infer<typeof IsoDate>;

/** Instant in UTC with milliseconds, `2026-01-01T00:00:00.000Z`. */
export const Instant = z.iso.datetime({ precision: 3 });
export type Instant = z.infer<typeof Instant>;
