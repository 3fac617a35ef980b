import type { EventDraft } from '../../contracts/events.ts';
import type { Approval } from '../../contracts/job-state.ts';
import { concerning } from './decide.ts';

const SCHEDULER = { type: 'policy', id: 'expiry', identity: 'none' } as const;

const seconds = (from: string, s: number): string => new Date(Date.parse(from) + s * 1000).toISOString();

const place = (approval: Approval) => ({ state: approval.state, visit: approval.visit, step: approval.step, actor: SCHEDULER });

const reminder = (approval: Approval): EventDraft => ({
  ...place(approval),
  event_type: 'APPROVAL_REMINDED',
  ordinal: approval.reminders,
  message: `nobody has decided since ${approval.opened_at}`,
  outputs: { ...concerning(approval), reminder: approval.reminders + 1 },
});

/** Escalation happens once: those who were asked then are reminded from there on. */
const actionOf = ({ policy, expiries }: Approval) => (policy.on_expiry === 'escalate' && expiries > 0 ? 'remind' : policy.on_expiry);

const refusal = (approval: Approval): EventDraft => ({
  ...place(approval),
  event_type: 'REJECTED',
  kind: 'REJECTED:expiry',
  message: 'nobody decided in time',
  outputs: { ...concerning(approval), channel: 'policy', reason: 'expired' },
});

const expired = (approval: Approval, now: string): EventDraft => {
  const action = actionOf(approval);
  const { policy, expiries, expires_at } = approval;
  // Two events, each a step of its own: a crash between them leaves the second to the next look.
  if (action === 'reject' && expiries > 0) return refusal(approval);
  return {
    ...place(approval),
    event_type: 'APPROVAL_EXPIRED',
    ordinal: expiries,
    message: `not decided by ${expires_at}: ${action}`,
    outputs: {
      ...concerning(approval),
      action,
      expires_at: action === 'reject' ? expires_at : seconds(now, policy.expires_after),
      approvers: action === 'escalate' ? policy.escalate_to : [],
    },
  };
};

/** When this approval next wants attention: a reminder or its expiry. */
export const nextAttention = (approval: Approval): string => {
  const remind = approval.policy.remind_after[approval.reminders];
  const at = remind === undefined ? approval.expires_at : seconds(approval.opened_at, remind);
  return at < approval.expires_at ? at : approval.expires_at;
};

/** What time has done to an open approval by `now`: the next event to append, or null. */
export const dueEvent = (approval: Approval, now: string): EventDraft | null => {
  if (approval.decision) return null;
  if (now >= approval.expires_at) return expired(approval, now);
  return now >= nextAttention(approval) ? reminder(approval) : null;
};
