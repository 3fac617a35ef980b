import * as z from 'zod';
import { JobStatus, Outcome } from './job-state.ts';
import { Mode } from './llm.ts';
import { SubjectDigest } from './ids.ts';

/** Stable problem codes and the HTTP status each one has. */
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
} as const;
export type ProblemCode = keyof typeof PROBLEMS;

/** RFC 9457 problem document. */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.enum(Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]]),
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
    event_type: z.enum(['APPROVED', 'REJECTED', 'REVISION_REQUESTED', 'APPROVAL_VOTED']),
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
