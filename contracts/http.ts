import * as z from 'zod';
import { AuditDigest, TamperProblem } from './digest.ts';
import { JobEvent } from './events.ts';
import { FlagName, FlagOwner, FlagType } from './flags.ts';
import { AgentId, JobId, Sha256, SubjectDigest } from './ids.ts';
import { JobStatus, Outcome } from './job-state.ts';
import { Mode } from './llm.ts';
import { Snapshot } from './snapshot.ts';
import { KillSwitch, KillTarget } from './switches.ts';

/** Stable problem codes. */
export const PROBLEM_CODES = [
  'INVALID_INPUT',
  'MALFORMED_PAYLOAD',
  'UNKNOWN_STEP',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'SELF_APPROVAL',
  'CONTEXT_SIGNATURE_INVALID',
  'NOT_FOUND',
  'NOT_WAITING',
  'STALE_SUBJECT',
  'DECISION_CONFLICT',
  'LINK_EXPIRED',
  'PAYLOAD_TOO_LARGE',
  'TOO_MANY_REQUESTS',
  'INTERNAL',
  'KILL_SWITCH',
] as const;
export type ProblemCode = (typeof PROBLEM_CODES)[number];

/** The HTTP status of each code. */
export const PROBLEMS = {
  INVALID_INPUT: 400,
  MALFORMED_PAYLOAD: 400,
  UNKNOWN_STEP: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  SELF_APPROVAL: 403,
  CONTEXT_SIGNATURE_INVALID: 403,
  NOT_FOUND: 404,
  NOT_WAITING: 409,
  STALE_SUBJECT: 409,
  DECISION_CONFLICT: 409,
  LINK_EXPIRED: 410,
  PAYLOAD_TOO_LARGE: 413,
  TOO_MANY_REQUESTS: 429,
  INTERNAL: 500,
  KILL_SWITCH: 503,
} as const satisfies Record<ProblemCode, number>;

/** RFC 9457 problem document. */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.enum(PROBLEM_CODES),
});
export type Problem = z.infer<typeof Problem>;

/** A job as the API shows it; `null` where a field does not apply. */
export const JobView = z.strictObject({
  job_id: z.string(),
  title: z.string(),
  kind: z.enum(['idea', 'blueprint', 'rollout']),
  status: JobStatus,
  step: z.string().nullable(),
  outcome: Outcome.nullable(),
  subject_digest: SubjectDigest.nullable(),
  mode: Mode,
  degraded: z.boolean(),
  created_at: z.string(),
  updated_at: z.string(),
  links: z.strictObject({ self: z.string(), page: z.string(), events: z.string(), artifacts: z.string() }),
});
export type JobView = z.infer<typeof JobView>;

export const ApprovalView = z.strictObject({
  job_id: z.string(),
  title: z.string(),
  step: z.string(),
  visit: z.int(),
  subject_digest: SubjectDigest,
  opened_at: z.string(),
  expires_at: z.string(),
  quorum: z.int(),
  votes: z.int(),
});
export type ApprovalView = z.infer<typeof ApprovalView>;

export const DecisionBody = z.strictObject({ subject_digest: SubjectDigest, comment: z.string().max(4000).optional() });
export type DecisionBody = z.infer<typeof DecisionBody>;

/** The outcome every caller of a decision is shown, first or late. */
export const DecisionView = z.strictObject({
  decision: z.strictObject({
    event_type: z.enum(['APPROVED', 'REJECTED', 'REVISION_REQUESTED', 'APPROVAL_VOTED', 'RESUMED']),
    step: z.string(),
    visit: z.int(),
    by: z.string(),
    at: z.string(),
    seq: z.int(),
    comment: z.string().nullable(),
    subject_digest: SubjectDigest,
  }),
  already_decided: z.boolean(),
});
export type DecisionView = z.infer<typeof DecisionView>;

/** Largest decision or control body accepted, in bytes. */
export const DECISION_MAX_BYTES = 64 * 1024;

/** Answers the question of a step; trimmed, so that the same words are the same answer wherever they come from. */
export const ResumeBody = z.strictObject({ step: z.string().min(1).max(64), answer: z.string().trim().min(1).max(4000) });
export type ResumeBody = z.infer<typeof ResumeBody>;

export const CancelBody = z.strictObject({ reason: z.string().min(1).max(4000).optional() });
export type CancelBody = z.infer<typeof CancelBody>;

/** `open`: every job that is not done, due or not. `all`: every job that has a log. Otherwise what is due. */
export const ReconcileBody = z.strictObject({
  restart_waiters: z.boolean().default(false),
  all: z.boolean().default(false),
  open: z.boolean().default(false),
});
export type ReconcileBody = z.infer<typeof ReconcileBody>;

/** Counts of one pass, and in words what was done to which job, the first 100 of them. */
export const ReconcileView = z.strictObject({
  checked: z.int(),
  repaired: z.int(),
  redelivered: z.int(),
  redriven: z.int(),
  recovered: z.int(),
  asked: z.int(),
  failed: z.int(),
  did: z.array(z.strictObject({ job_id: JobId, did: z.string() })),
});
export type ReconcileView = z.infer<typeof ReconcileView>;

/** Why, for the audit log. */
const reason = { reason: z.string().trim().min(1).max(4000).optional() };

export const FlagBody = z.strictObject({ value: z.json(), ...reason });
export type FlagBody = z.infer<typeof FlagBody>;

/** A target is required: a level to go down to, or a halt. */
export const KillBody = z.union([z.strictObject({ to: KillTarget, ...reason }), z.strictObject({ halt: z.literal(true), ...reason })], {
  error: 'needs a target: {"to": "stage2"}, {"to": "stage1"}, {"to": "off"} or {"halt": true}, and may have a reason',
});
export type KillBody = z.infer<typeof KillBody>;

export const ReleaseBody = z.strictObject(reason);

/** `value` is what holds now; `set_to` is what somebody set, which the kill switch may hold back. */
export const FlagView = z.strictObject({
  name: FlagName,
  type: FlagType,
  value: z.unknown(),
  default: z.unknown(),
  set_to: z.unknown(),
  held_by_kill_switch: z.boolean(),
  owner: FlagOwner,
  meaning: z.string(),
  /** Null where nobody ever set it. */
  changed_by: z.string().nullable(),
  changed_at: z.string().nullable(),
  reason: z.string().nullable(),
});
export type FlagView = z.infer<typeof FlagView>;
export const FlagList = z.strictObject({
  flags: z.array(FlagView),
  kill: KillSwitch,
  /** Stored values this build cannot use: their flags have their safe values. */
  complaints: z.array(z.string()),
});
export type FlagList = z.infer<typeof FlagList>;

/** `already`: nothing changed, so nothing was written. */
export const KillView = z.strictObject({ kill: KillSwitch, already: z.boolean() });
export type KillView = z.infer<typeof KillView>;

export const JobDetail = z.strictObject({ job: JobView, events: z.array(JobEvent) });
export const JobList = z.strictObject({ jobs: z.array(JobView), next_cursor: z.string().nullable() });
export const EventList = z.strictObject({ events: z.array(JobEvent) });
export const ApprovalList = z.strictObject({ approvals: z.array(ApprovalView), next_cursor: z.string().nullable() });
export const ArtifactList = z.strictObject({ artifacts: z.array(z.strictObject({ path: z.string(), bytes: z.int(), sha256: Sha256 })) });
export const SnapshotList = z.strictObject({ snapshots: z.array(Snapshot) });
export const CassetteList = z.strictObject({ cassettes: z.array(z.strictObject({ agent: AgentId, key: Sha256, n: z.int() })) });

export const HealthView = z.strictObject({ status: z.literal('ok') });
export const StatusView = z.strictObject({
  service: z.literal('holdpoint'),
  env: z.string(),
  local: z.boolean(),
  at: z.string(),
  /** `missing`: there is no table. `outdated`: it has no index that this build reads. */
  index: z.enum(['ok', 'missing', 'outdated', 'unavailable']),
});
export type StatusView = z.infer<typeof StatusView>;

/** `serial_gate` is `open` while nothing runs: work that must not overlap may start. Ages are in seconds. */
export const QueueView = z.strictObject({
  running: z.int(),
  waiting: z.int(),
  oldest_s: z.number().nullable(),
  serial_gate: z.enum(['open', 'closed']),
});
export type QueueView = z.infer<typeof QueueView>;

/** What can be computed from the index; `null` where there is no data. Times are in seconds. */
export const MetricsView = z.strictObject({
  /** Running jobs without an event for 15 minutes. */
  stalled_count: z.int().nullable(),
  /** Decided waits whose next stage was seen to start, of those and the ones where it did not; what is under way counts as neither. */
  resume_success_rate: z.number().nullable(),
  /** Mean time from submission to DONE, waits for people included. */
  mean_converge_time: z.number().nullable(),
  alerts: z.array(z.strictObject({ name: z.string(), message: z.string() })),
  jobs: z.record(z.string(), z.int()),
  outcomes: z.record(z.string(), z.int()),
  /** Jobs in which a recorded answer stood in for a provider that failed. */
  degraded_answers: z.int().nullable(),
  /** Share of the gates' decisions that a model in their shadow would have made the same; what was compared, in decisions. */
  shadow_agreement: z.number().nullable(),
  shadow_compared: z.int().nullable(),
  /** How long what waits for a person has waited, in classes of age; `to_s` is null in the last. */
  waiting: z.strictObject({
    oldest_s: z.number().nullable(),
    by_age: z.array(z.strictObject({ from_s: z.int(), to_s: z.int().nullable(), jobs: z.int() })),
  }),
  /** False when there are more jobs than were counted. */
  complete: z.boolean(),
});
export type MetricsView = z.infer<typeof MetricsView>;

/**
 * `ok` only when every event is there, in order, unaltered, and as the digests say; otherwise `problems` says where and what.
 * `signed_through` is the last event that a digest signed, `digests` are those that list the job.
 */
export const VerifyReport = z.object({
  job_id: JobId,
  ok: z.boolean(),
  events: z.int().min(0),
  head: Sha256.nullable(),
  signed_through: z.int().min(0),
  digests: z.array(z.int().min(1)),
  /** How often digests are written, in seconds. */
  interval_s: z.int().min(1),
  problems: z.array(TamperProblem),
});
export type VerifyReport = z.infer<typeof VerifyReport>;

/** The next logs in the order of their ids; the audit log, `000000000000`, is in the first page. */
export const VerifyPage = z.object({ reports: z.array(VerifyReport), next: JobId.nullable() });
export type VerifyPage = z.infer<typeof VerifyPage>;

/** Digests in order, and what the storage says of them. `applied` is the number of the last one, as the table remembers it. */
export const DigestPage = z.object({
  digests: z.array(AuditDigest),
  problems: z.array(TamperProblem),
  applied: z.int().min(0),
  next: z.int().nullable(),
});
export type DigestPage = z.infer<typeof DigestPage>;
