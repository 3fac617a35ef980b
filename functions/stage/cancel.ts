import type { World } from '../../adapters/world.ts';
import { type Channel, Refusal } from '../../contracts/commands.ts';
import type { Actor } from '../../contracts/events.ts';
import type { JobState } from '../../contracts/job-state.ts';
import { eventId } from '../lib/event.ts';
import { toRecord } from '../lib/fold.ts';
import { soon } from './open-job.ts';
import { appendDecided, finishCancel } from './settle.ts';

/** Until the reconciler completes a cancellation that was cut off, in ms. */
const COMPLETE_AFTER_MS = 2_000;

/** What a cancellation puts an end to: the question that was open, if one was. */
const askedThen = (state: JobState): Record<string, unknown> =>
  state.status === 'WAITING_APPROVAL' || state.status === 'WAITING_HUMAN' ? { subject_digest: state.approval.subject_digest } : {};

/** Ends a job that is not done. */
export const cancelJob = async (
  world: World,
  jobId: string,
  { reason, actor, channel }: { reason: string | null; actor: Actor; channel?: Channel },
): Promise<JobState> => {
  const cancelled = { event_type: 'CANCELLED', state: 'Control', visit: 1, actor, message: reason } as const;
  await world.index.checkSoon(jobId, soon(world, COMPLETE_AFTER_MS));
  const first = await appendDecided<null>(world, jobId, (state, events) => {
    if (state.status === 'DONE') {
      if (state.outcome === 'cancelled') return { settled: null };
      throw new Refusal('DECISION_CONFLICT', `job ${jobId} is already done (${state.outcome}); nothing was cancelled`);
    }
    const draft = { ...cancelled, ordinal: state.redrives, outputs: { ...askedThen(state), ...(channel ? { channel } : {}) } };
    return events.some((e) => e.event_id === eventId(jobId, draft)) ? { settled: null } : { draft };
  });
  await world.index.put(toRecord(first.state), soon(world, 0));
  return finishCancel(world, jobId);
};
