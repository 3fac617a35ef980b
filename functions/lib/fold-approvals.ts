import * as z from 'zod';
import { ExpiryAction, StepPolicy } from '../../contracts/approval-policy.ts';
import { Amount } from '../../contracts/budget.ts';
import type { JobEvent } from '../../contracts/events.ts';
import type { Approval, IssuedLink } from '../../contracts/job-state.ts';

const Link = z.object({ approver: z.string(), hash: z.string(), key_id: z.string(), issue: z.int(), expires_at: z.string() });

/** What an opening keeps in `outputs`. */
export const Opened = z.object({
  state: z.string(),
  visit: z.int(),
  subject_digest: z.string(),
  subject: z.array(z.object({ name: z.string(), key: z.string(), sha256: z.string() })),
  expires_at: z.string(),
  choices: z.array(z.string()),
  policy: StepPolicy,
  links: z.array(Link).default([]),
  grant: Amount.nullish(),
});

/** What every later event of an approval names. */
export const Concerned = z.object({ state: z.string(), visit: z.int(), subject_digest: z.string() });
export const Voted = Concerned.extend({ for: z.string().optional() });
export const Delegated = Concerned.extend({ from: z.string(), to: z.string() });
export const Expired = Concerned.extend({ action: ExpiryAction, expires_at: z.string(), approvers: z.array(z.string()).default([]) });
export const Issued = Concerned.extend({ links: z.array(Link) });
export const Revoked = Concerned.extend({ hashes: z.array(z.string()) });

const issued = (links: z.infer<typeof Link>[]): IssuedLink[] => links.map((link) => ({ ...link, revoked: false }));

export const openedApproval = (event: JobEvent, { grant = null, links, ...opening }: z.infer<typeof Opened>): Approval => ({
  ...opening,
  grant,
  step: event.step ?? '',
  opened_at: event.at,
  votes: [],
  delegations: [],
  links: issued(links),
  reminders: 0,
  expiries: 0,
  decision: null,
});

/** Rules of an approval nobody was asked about: it passed by itself. */
const PASSED: StepPolicy = {
  ...{ approvers: [], quorum: 1, self_approval: true, proven_by: ['local'], expires_after: 1, remind_after: [] },
  ...{ on_expiry: 'remind', escalate_to: [], auto_approve: null },
};

export const passedApproval = (event: JobEvent, { state, visit, subject_digest }: z.infer<typeof Concerned>): Approval => ({
  ...openedApproval(event, { state, visit, subject_digest, subject: [], expires_at: event.at, choices: [], policy: PASSED, links: [] }),
});

export const withDecision = (
  approval: Approval,
  event: JobEvent,
  event_type: NonNullable<Approval['decision']>['event_type'],
): Approval => ({
  ...approval,
  decision: { event_type, by: event.actor, at: event.at, seq: event.seq, hash: event.hash, comment: event.message },
});

export const withVote = (approval: Approval, event: JobEvent, vote: z.infer<typeof Voted>): Approval => ({
  ...approval,
  votes: [...approval.votes, { by: event.actor.id, for: vote.for ?? event.actor.id, at: event.at }],
});

export const withDelegation = (approval: Approval, { from, to }: z.infer<typeof Delegated>): Approval => ({
  ...approval,
  delegations: [...approval.delegations, { from, to }],
});

/** Asked again for longer, and of more people where the policy says so. */
export const withExpiry = (approval: Approval, { expires_at, approvers }: z.infer<typeof Expired>): Approval => ({
  ...approval,
  expires_at,
  expiries: approval.expiries + 1,
  policy: { ...approval.policy, approvers: [...new Set([...approval.policy.approvers, ...approvers])] },
});

export const withReminder = (approval: Approval): Approval => ({ ...approval, reminders: approval.reminders + 1 });

export const withLinks = (approval: Approval, { links }: z.infer<typeof Issued>): Approval => ({
  ...approval,
  links: [...approval.links, ...issued(links)],
});

export const withoutLinks = (approval: Approval, { hashes }: z.infer<typeof Revoked>): Approval => ({
  ...approval,
  links: approval.links.map((link) => (hashes.includes(link.hash) ? { ...link, revoked: true } : link)),
});
