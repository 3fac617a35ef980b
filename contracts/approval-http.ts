import * as z from 'zod';
import { ProvenBy } from './approval-policy.ts';
import { DecisionView, Problem } from './http.ts';
import { ActorId, JobId, SubjectDigest } from './ids.ts';
import { ApprovalStep, Choice } from './steps.ts';

/** Decisions taken in one request. */
export const MAX_BULK = 50;

export const RedriveBody = z.strictObject({ reason: z.string().min(1).max(4000).optional() });
export type RedriveBody = z.infer<typeof RedriveBody>;

/** As people write a name: space around it is none of it, or nobody would be called so. */
const Name = z.string().trim().pipe(ActorId);

export const DelegateBody = z.strictObject({ to: Name });
export type DelegateBody = z.infer<typeof DelegateBody>;

/** Without an approver every open link of the step is revoked. */
export const RevokeLinksBody = z.strictObject({ approver: Name.optional() });
export type RevokeLinksBody = z.infer<typeof RevokeLinksBody>;

export const BulkItem = z.strictObject({ job_id: JobId, step: ApprovalStep, subject_digest: SubjectDigest });
export type BulkItem = z.infer<typeof BulkItem>;

export const BulkDecisionBody = z.strictObject({
  choice: Choice,
  comment: z.string().max(4000).optional(),
  items: z.array(BulkItem).min(1).max(MAX_BULK),
});
export type BulkDecisionBody = z.infer<typeof BulkDecisionBody>;

const settled = { job_id: z.string(), step: z.string() };

/** What came of one item: the decision on record, or why there is none. `status` is what the item alone would have been answered. */
export const BulkResult = z.union([
  z.strictObject({ ...settled, status: z.literal(200), ...DecisionView.shape }),
  z.strictObject({ ...settled, status: z.int().min(400), problem: z.looseObject(Problem.shape) }),
]);
export type BulkResult = z.infer<typeof BulkResult>;

export const BulkDecisionView = z.strictObject({ results: z.array(BulkResult) });
export type BulkDecisionView = z.infer<typeof BulkDecisionView>;

/** One opening of an approval in full: who is asked, who voted, who stands in for whom, whose links are open. */
export const ApprovalDetail = z.strictObject({
  job_id: z.string(),
  step: z.string(),
  visit: z.int(),
  subject_digest: SubjectDigest,
  opened_at: z.string(),
  expires_at: z.string(),
  open: z.boolean(),
  /** Empty: anybody who is identified as `proven_by` says. */
  approvers: z.array(z.string()),
  proven_by: z.array(ProvenBy),
  quorum: z.int(),
  self_approval: z.boolean(),
  votes: z.array(z.strictObject({ by: z.string(), for: z.string(), at: z.string() })),
  delegations: z.array(z.strictObject({ from: z.string(), to: z.string() })),
  reminders: z.int(),
  expiries: z.int(),
  links: z.array(
    z.strictObject({ approver: z.string(), issue: z.int(), expires_at: z.string(), state: z.enum(['open', 'revoked', 'expired', 'used']) }),
  ),
  decision: DecisionView.shape.decision.nullable(),
});
export type ApprovalDetail = z.infer<typeof ApprovalDetail>;

/** Every opening of a job's approvals, the latest last. */
export const ApprovalDetailList = z.strictObject({ approvals: z.array(ApprovalDetail) });
