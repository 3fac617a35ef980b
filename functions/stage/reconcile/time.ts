import type { World } from '../../../adapters/world.ts';
import { Refusal } from '../../../contracts/commands.ts';
import type { JobEvent } from '../../../contracts/events.ts';
import type { JobState } from '../../../contracts/job-state.ts';
import { linkedApprovers } from '../../lib/capability.ts';
import { sealEvent } from '../../lib/event.ts';
import { dueEvent } from '../../lib/expiry.ts';
import { evolve } from '../../lib/fold.ts';
import { issueLink } from '../approval-commands.ts';
import { tell } from '../tell.ts';

/** Reminders and expiry of an open approval: settled by the log like any decision. Returns the state after. */
export const passTime = async (world: World, before: JobState): Promise<JobState> => {
  let state = before;
  while (state.status === 'WAITING_APPROVAL') {
    const at = world.clock().toISOString();
    const draft = dueEvent(state.approval, at);
    if (!draft) break;
    const { job_id, owner_run: run_id, last_seq, last_hash } = state;
    const event = sealEvent(draft, { job_id, run_id, last_seq, last_hash, at });
    // Somebody was faster: the next pass looks at what they made of it.
    if ((await world.log.append(event)) === 'conflict') break;
    state = evolve(state, event);
  }
  return state;
};

/** Every named approver has a link that is good for as long as the approval asks, unless somebody revoked it. */
export const ensureLinks = async (world: World, state: JobState): Promise<JobState> => {
  let after: JobState = state;
  if (state.status !== 'WAITING_APPROVAL') return after;
  for (const approver of linkedApprovers(state.approval)) {
    const latest = state.approval.links.findLast((link) => link.approver === approver);
    if (latest && (latest.revoked || latest.expires_at >= state.approval.expires_at)) continue;
    try {
      after = await issueLink(world, after, state.approval, approver);
    } catch (thrown) {
      // Decided meanwhile: nobody needs a link any more.
      if (thrown instanceof Refusal && thrown.code === 'NOT_WAITING') break;
      throw thrown;
    }
  }
  return after;
};

/** What was asked and what time did, to those who can still decide. Told again, it is sent once. */
export const tellAll = async (world: World, state: JobState, events: readonly JobEvent[]): Promise<void> => {
  if (state.status !== 'WAITING_APPROVAL' && state.status !== 'WAITING_HUMAN') return;
  const { approval } = state;
  await tell(world, 'opened', state, approval, 1);
  if (approval.reminders > 0) await tell(world, 'reminded', state, approval, approval.reminders);
  if (approval.expiries === 0) return;
  const last = events.findLast(({ event_type }) => event_type === 'APPROVAL_EXPIRED');
  await tell(world, last?.outputs['action'] === 'escalate' ? 'escalated' : 'expired', state, approval, approval.expiries);
};
