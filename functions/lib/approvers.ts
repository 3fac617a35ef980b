import { Refusal } from '../../contracts/commands.ts';
import type { Actor, EventDraft } from '../../contracts/events.ts';
import type { Approval, JobState } from '../../contracts/job-state.ts';

/** The approver in whose place `id` acts: itself, or who delegated to it. */
export const actsFor = ({ policy, delegations }: Approval, id: string): string =>
  policy.approvers.includes(id) ? id : (delegations.find(({ to }) => to === id)?.from ?? id);

const mayDecide = (approval: Approval, id: string): boolean => {
  const { approvers } = approval.policy;
  return approvers.length === 0 || approvers.includes(actsFor(approval, id));
};

const names = (approvers: readonly string[]): string => (approvers.length === 0 ? 'anybody else' : approvers.join(', '));

/**
 * Refuses who may not decide here: not among the approvers, not identified as the policy asks, or approving
 * their own job.
 */
export const refuseActor = (state: JobState, approval: Approval, { actor, choice }: { actor: Actor; choice: string }): void => {
  const { policy } = approval;
  if (!mayDecide(approval, actor.id)) {
    throw new Refusal('FORBIDDEN', `${actor.id} may not decide step ${approval.step}; it waits for ${names(policy.approvers)}`);
  }
  if (!policy.proven_by.some((proof) => proof === actor.identity)) {
    throw new Refusal(
      'FORBIDDEN',
      `step ${approval.step} asks for an identity proven by ${policy.proven_by.join(' or ')}, not ${actor.identity}; sign in first`,
    );
  }
  const own = state.submitted_by.id === actor.id || state.submitted_by.id === actsFor(approval, actor.id);
  if (!policy.self_approval && choice === 'approve' && own) {
    throw new Refusal(
      'SELF_APPROVAL',
      `${actor.id} submitted this job and cannot approve it; ask ${names(policy.approvers.filter((id) => id !== actor.id))}`,
    );
  }
};

/**
 * Hands one approver's say to somebody else.
 * @throws Refusal FORBIDDEN where the one who delegates has no say, INVALID_INPUT for oneself
 */
export const delegate = (approval: Approval, command: { actor: Actor; to: string; channel: string }): EventDraft => {
  const { actor, to } = command;
  if (to === actor.id) throw new Refusal('INVALID_INPUT', 'delegate to somebody else than yourself');
  if (!approval.policy.approvers.includes(actor.id)) {
    throw new Refusal(
      'FORBIDDEN',
      `${actor.id} is not an approver of step ${approval.step} and has nothing to delegate; it waits for ${names(approval.policy.approvers)}`,
    );
  }
  const { state, visit, subject_digest } = approval;
  return {
    event_type: 'APPROVAL_DELEGATED',
    ...{ state, visit, step: approval.step, actor },
    kind: `delegated:${actor.id}:${to}`,
    message: `${actor.id} asked ${to} to decide`,
    outputs: { state, visit, subject_digest, from: actor.id, to, channel: command.channel },
  };
};
