import type { ApprovalDetail } from '../../../contracts/approval-http.ts';
import type { Approval, IssuedLink, JobState } from '../../../contracts/job-state.ts';
import { decisionView } from '../../lib/decide.ts';

/** True while this very opening takes a decision. */
export const isOpen = (state: JobState, approval: Pick<Approval, 'state' | 'visit'>): boolean =>
  (state.status === 'WAITING_APPROVAL' || state.status === 'WAITING_HUMAN') &&
  !state.cancelled &&
  state.approval.state === approval.state &&
  state.approval.visit === approval.visit;

export type LinkState = ApprovalDetail['links'][number]['state'];

/** What following a link leads to: a decision, an outcome, or nothing. */
export const linkState = (link: IssuedLink, open: boolean, now: Date): LinkState => {
  if (link.revoked) return 'revoked';
  if (!open) return 'used';
  return now.toISOString() >= link.expires_at ? 'expired' : 'open';
};

/** One opening as the API shows it. Hashes of links stay in the log. */
export const approvalDetail = (state: JobState, approval: Approval, now: Date): ApprovalDetail => {
  const { step, visit, subject_digest, opened_at, expires_at, policy, votes, delegations, reminders, expiries } = approval;
  const open = isOpen(state, approval);
  return {
    job_id: state.job_id,
    ...{ step, visit, subject_digest, opened_at, expires_at, open },
    ...{ approvers: policy.approvers, proven_by: policy.proven_by, quorum: policy.quorum, self_approval: policy.self_approval },
    ...{ votes, delegations, reminders, expiries },
    links: approval.links.map((link) => ({
      approver: link.approver,
      issue: link.issue,
      expires_at: link.expires_at,
      state: linkState(link, open, now),
    })),
    decision: decisionView(approval, true)?.decision ?? null,
  };
};
