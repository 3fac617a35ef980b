import { type Commands, type OpenedLink, Refusal } from '../../contracts/commands.ts';
import type { EventDraft, JobEvent } from '../../contracts/events.ts';
import type { Approval, JobState } from '../../contracts/job-state.ts';
import type { KeyRing } from '../../contracts/ports.ts';
import { delegate } from '../lib/approvers.ts';
import { capabilityHash, capabilityOf, issueLinks } from '../lib/capability.ts';
import { concerning, openApprovalOf } from '../lib/decide.ts';
import { sealEvent } from '../lib/event.ts';
import { fold } from '../lib/fold.ts';

// Approvals over memory: the real rules and the real fold. For tests only.

/** Logs by job, and what time it is. */
type Logs = { logs: Map<string, JobEvent[]>; at: string };

export const RING: KeyRing = { current: 'k1', keys: { k1: '1'.repeat(64) } };

/** Links of these approvers, as an opening in the log holds them. */
export const linksFor = (job_id: string, state: string, visit: number, approvers: readonly string[], expires_at: string) =>
  issueLinks(RING, { job_id, state, visit }, approvers, 0, expires_at);

/** The capability that was sent to an approver. */
export const capabilityFor = (job_id: string, state: string, visit: number, approver: string): string =>
  capabilityOf(RING, { job_id, state, visit }, { approver, key_id: RING.current, issue: 0 }) ?? '';

const append = (memory: Logs, id: string, draftOf: (state: JobState) => EventDraft): JobState => {
  const events = memory.logs.get(id) ?? [];
  const state = fold(events);
  if (!state) throw new Refusal('NOT_FOUND', `job ${id} does not exist`);
  const event = sealEvent(draftOf(state), { ...state, run_id: state.owner_run, at: memory.at });
  memory.logs.set(id, [...events, event]);
  return fold([...events, event]) ?? state;
};

const revocation = (approval: Approval, approver: string | null, actor: EventDraft['actor']): EventDraft => {
  const hashes = approval.links.filter((link) => approver === null || link.approver === approver).map(({ hash }) => hash);
  if (hashes.length === 0) throw new Refusal('NOT_FOUND', 'no open link');
  const { state, visit, step } = approval;
  return { event_type: 'LINK_REVOKED', ...{ state, visit, step, actor }, outputs: { ...concerning(approval), hashes } };
};

const openLink = (memory: Logs, capability: string): OpenedLink => {
  const hash = capabilityHash(capability);
  for (const events of memory.logs.values()) {
    const state = fold(events);
    const approval = state?.approvals.find(({ links }) => links.some((link) => link.hash === hash));
    const link = approval?.links.find((one) => one.hash === hash);
    if (!state || !approval || !link) continue;
    if (link.revoked) throw new Refusal('LINK_EXPIRED', 'this link was revoked', { reason: 'revoked', job_id: state.job_id });
    if (!approval.decision && memory.at >= link.expires_at) {
      throw new Refusal('LINK_EXPIRED', 'this link has expired', { reason: 'expired', job_id: state.job_id });
    }
    return { state, events: [...events], approval, approver: link.approver };
  }
  throw new Refusal('NOT_FOUND', 'this link opens nothing; ask for a new one');
};

/** The commands about approvals, and those that end or revive a job. */
export const approvalCommands = (memory: Logs): Pick<Commands, 'delegate' | 'revokeLinks' | 'openLink' | 'redrive' | 'cancel'> => ({
  delegate: async (id, { step, ...command }) => append(memory, id, (state) => delegate(openApprovalOf(state, step), command)),
  revokeLinks: async (id, { step, approver, actor }) =>
    append(memory, id, (state) => revocation(openApprovalOf(state, step), approver, actor)),
  openLink: async (capability) => openLink(memory, capability),
  redrive: async (id, { reason, actor, channel }) =>
    append(memory, id, (state) => {
      if (state.status !== 'DONE') throw new Refusal('DECISION_CONFLICT', `job ${id} is ${state.status}, not done`);
      return { event_type: 'REDRIVEN', state: 'Control', visit: 1, actor, message: reason, outputs: { owner_run: `${id}-2`, channel } };
    }),
  cancel: async (id, { reason, actor, channel }) =>
    append(memory, id, () => ({ event_type: 'CANCELLED', state: 'Control', visit: 1, actor, message: reason, outputs: { channel } })),
});
