import type { World } from '../../../adapters/world.ts';
import { Refusal } from '../../../contracts/commands.ts';
import type { JobState } from '../../../contracts/job-state.ts';
import { linkedApprovers } from '../../lib/capability.ts';
import { sealEvent } from '../../lib/event.ts';
import { dueEvent } from '../../lib/expiry.ts';
import { evolve } from '../../lib/fold.ts';
import { ensureLink } from '../approval-commands.ts';

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

/** Whoever may decide by a link has one that is good for as long as the approval asks, unless somebody revoked it. */
export const ensureLinks = async (world: World, state: JobState): Promise<JobState> => {
  let after: JobState = state;
  if (state.status !== 'WAITING_APPROVAL') return after;
  for (const approver of linkedApprovers(state.approval)) {
    try {
      after = await ensureLink(world, after, state.approval, approver);
    } catch (thrown) {
      // Decided meanwhile: nobody needs a link any more.
      if (thrown instanceof Refusal && thrown.code === 'NOT_WAITING') break;
      throw thrown;
    }
  }
  return after;
};
