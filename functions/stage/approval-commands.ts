import type { World } from '../../adapters/world.ts';
import { type Channel, type OpenedLink, Refusal } from '../../contracts/commands.ts';
import type { Actor, EventDraft } from '../../contracts/events.ts';
import type { Approval, JobState } from '../../contracts/job-state.ts';
import { delegate } from '../lib/approvers.ts';
import { CAPABILITY, capabilityHash, issueLinks, linkedApprovers } from '../lib/capability.ts';
import { concerning, openApprovalOf } from '../lib/decide.ts';
import { eventId } from '../lib/event.ts';
import { findApproval, fold, toRecord } from '../lib/fold.ts';
import { indexLinks } from './hold.ts';
import { soon } from './open-job.ts';
import { appendDecided } from './settle.ts';

/** Appends an event about the open approval once: the same command again finds it there. */
const appendOnce = async (world: World, jobId: string, draftOf: (state: JobState) => EventDraft): Promise<JobState> => {
  const { state } = await appendDecided<null>(world, jobId, (now, events) => {
    const draft = draftOf(now);
    return events.some((event) => event.event_id === eventId(jobId, draft)) ? { settled: null } : { draft };
  });
  return state;
};

const issueLink = async (world: World, state: JobState, approval: Approval, approver: string): Promise<JobState> => {
  const issue = approval.links.filter((link) => link.approver === approver).length;
  const place = { job_id: state.job_id, state: approval.state, visit: approval.visit };
  const links = issueLinks(await world.keyRing(), place, [approver], issue, approval.expires_at);
  const after = await appendOnce(world, state.job_id, () => ({
    event_type: 'LINK_ISSUED',
    ...{ state: approval.state, visit: approval.visit, step: approval.step },
    kind: `issued:${approver}`,
    ordinal: issue,
    actor: { type: 'system', id: 'approvals', identity: 'none' },
    outputs: { ...concerning(approval), links },
  }));
  const issued = findApproval(after, approval);
  if (issued) await indexLinks(world, state.job_id, issued);
  return after;
};

/** The job with a link of this approver that is good for as long as the approval asks. One that was revoked is not replaced. */
export const ensureLink = async (world: World, state: JobState, approval: Approval, approver: string): Promise<JobState> => {
  const latest = approval.links.findLast((link) => link.approver === approver);
  const good = latest && (latest.revoked || latest.expires_at >= approval.expires_at);
  return good ? state : issueLink(world, state, approval, approver);
};

/** A delegation that was not told is looked for after this many ms. */
const TELL_AFTER_MS = 2_000;

/** Order of a delegation: bring the reconciler forward → append it → issue the link. The reconciler tells whom it asks. */
export const delegateApproval = async (
  world: World,
  jobId: string,
  command: { step: string; to: string; actor: Actor; channel: Channel },
): Promise<JobState> => {
  await world.index.checkSoon(jobId, soon(world, TELL_AFTER_MS));
  const delegated = await appendOnce(world, jobId, (now) => delegate(openApprovalOf(now, command.step), command));
  const approval = openApprovalOf(delegated, command.step);
  const linked = linkedApprovers(approval).includes(command.to);
  const state = linked ? await ensureLink(world, delegated, approval, command.to) : delegated;
  await world.index.put(toRecord(state), soon(world, 0));
  return state;
};

export const revokeLinks = async (
  world: World,
  jobId: string,
  command: { step: string; approver: string | null; actor: Actor; channel?: Channel },
): Promise<JobState> =>
  appendOnce(world, jobId, (now) => {
    const approval = openApprovalOf(now, command.step);
    const hit = approval.links.filter((link) => !link.revoked && (command.approver === null || link.approver === command.approver));
    const approvers = [...new Set(hit.map((link) => link.approver))];
    if (hit.length === 0) {
      throw new Refusal('NOT_FOUND', `no open link of step ${command.step}${command.approver ? ` belongs to ${command.approver}` : ''}`);
    }
    return {
      event_type: 'LINK_REVOKED',
      ...{ state: approval.state, visit: approval.visit, step: approval.step, actor: command.actor },
      kind: `revoked:${hit.map((link) => link.hash.slice(0, 16)).join()}`,
      message: `links of ${approvers.join(', ')} were revoked`,
      outputs: {
        ...concerning(approval),
        approvers,
        hashes: hit.map((link) => link.hash),
        ...(command.channel ? { channel: command.channel } : {}),
      },
    };
  });

const unknownLink = (): Refusal => new Refusal('NOT_FOUND', 'this link opens nothing; ask for a new one');

/**
 * What a link opens, by the log: the table only says where to look. A link of a decided approval opens its
 * outcome; a revoked or expired one nothing.
 */
export const openLink = async (world: World, capability: string): Promise<OpenedLink> => {
  if (!CAPABILITY.test(capability)) throw unknownLink();
  const hash = capabilityHash(capability);
  const target = await world.links.get(hash);
  const events = target ? await world.log.read(target.job_id) : [];
  const state = fold(events);
  const approval = state && target ? findApproval(state, target) : undefined;
  const link = approval?.links.find((one) => one.hash === hash);
  if (!state || !approval || !link) throw unknownLink();
  const { job_id } = state;
  if (link.revoked) {
    throw new Refusal('LINK_EXPIRED', 'this link was revoked; decide on the page of the job, signed in', { reason: 'revoked', job_id });
  }
  if (!approval.decision && world.clock().toISOString() >= link.expires_at) {
    const message = `this link was good until ${link.expires_at}; the job page asks for the decision still`;
    throw new Refusal('LINK_EXPIRED', message, { reason: 'expired', job_id });
  }
  return { state, events, approval, approver: link.approver };
};
