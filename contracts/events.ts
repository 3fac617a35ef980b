import * as z from 'zod';
import { ActorId, Instant, JobId, RunId, Sha256 } from './ids.ts';

export const EVENT_TYPES = [
  'IDEA_SUBMITTED',
  'BLUEPRINT_SUBMITTED',
  'BLUEPRINT_PROPOSED',
  'RUNSPEC_COMPILED',
  'WAITING_APPROVAL',
  'APPROVAL_VOTED',
  'APPROVED',
  'REJECTED',
  'REVISION_REQUESTED',
  'APPROVAL_EXPIRED',
  'APPROVAL_REMINDED',
  'APPROVAL_DELEGATED',
  'LINK_ISSUED',
  'LINK_REVOKED',
  'WAITING_HUMAN',
  'RESUMED',
  'RUN_COMPLETED',
  'GATES_COMPLETED',
  'REGISTRY_UPDATED',
  'REPORT_COMPLETED',
  'STOPPED_BUDGET',
  'STALE_RECOVERED',
  'JOB_TIMEOUT',
  'REDRIVEN',
  'CANCELLED',
  'ERROR',
  'DONE',
  'ROLLOUT_SUBMITTED',
  'ROLLOUT_STAGE_SET',
  'CANARY_COMPLETED',
  'STAGE_EVALUATED',
  'ROLLED_BACK',
  'FLAG_CHANGED',
  'KILL_SWITCH_SET',
  'KILL_SWITCH_RELEASED',
  'DECISION_REFUSED',
] as const;
export const EventType = z.enum(EVENT_TYPES);
export type EventType = z.infer<typeof EventType>;

/** Who acted, and how that is known. */
export const Actor = z.strictObject({
  type: z.enum(['user', 'stage', 'system', 'policy']),
  id: ActorId,
  identity: z.enum(['oidc', 'link', 'local', 'ci', 'none']),
});
export type Actor = z.infer<typeof Actor>;

/** Longest message of an event, in characters. */
export const MESSAGE_MAX = 4000;

/** `job_event_v1`. `hash` = sha256 of the canonical (RFC 8785) event without `hash`. */
export const JobEvent = z.strictObject({
  schema_version: z.literal('job_event_v1'),
  job_id: JobId,
  run_id: RunId,
  seq: z.int().min(1),
  /** sha256 of (job, state, visit, kind, ordinal): the same work is the same event, in any execution. */
  event_id: Sha256,
  event_type: EventType,
  step: z.string().max(64).nullable(),
  actor: Actor,
  at: Instant,
  message: z.string().max(MESSAGE_MAX).nullable(),
  outputs: z.record(z.string(), z.unknown()),
  prev_hash: Sha256,
  hash: Sha256,
});
export type JobEvent = z.infer<typeof JobEvent>;

/** `prev_hash` of the first event. */
export const GENESIS_HASH = '0'.repeat(64);

/** S3 key of an event: 8 digits, so that keys sort as numbers. */
export const eventKey = (jobId: JobId, seq: number): string => `jobs/${jobId}/events/${String(seq).padStart(8, '0')}.json`;

/** What events of the audit log carry as `job_id` and `run_id`: they belong to no job. */
export const AUDIT = { job_id: '000000000000', run_id: 'audit' } as const;

/** S3 key of an event of the audit log. */
export const auditKey = (seq: number): string => `audit/events/${String(seq).padStart(8, '0')}.json`;

/** What a decision to write an event consists of, before it has a place in the log. */
export type EventDraft = {
  event_type: EventType;
  /** State and visit the event belongs to; `Control` for what a person does outside a state. */
  state: string;
  visit: number;
  /** Distinguishes events of one state and visit; defaults to the event type. */
  kind?: string;
  ordinal?: number;
  step?: string | null;
  actor: Actor;
  message?: string | null;
  outputs?: Record<string, unknown>;
};
