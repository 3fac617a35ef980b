import type { World } from '../../../adapters/world.ts';
import type { JobEvent } from '../../../contracts/events.ts';
import type { JobState } from '../../../contracts/job-state.ts';
import type { TaskToken } from '../../../contracts/ports.ts';
import { findApproval } from '../../lib/fold.ts';
import { deliver } from '../deliver.ts';

/** Open task tokens whose answer is in the log. */
export const undelivered = (state: JobState, tokens: TaskToken[]): TaskToken[] =>
  tokens.filter((token) => findApproval(state, token)?.decision);

/** Sends decided answers again. Returns how many waits took one, and the tokens that are left. */
export const redeliver = async (world: World, state: JobState, tokens: TaskToken[]): Promise<{ sent: number; left: TaskToken[] }> => {
  const decided = undelivered(state, tokens);
  const sent = decided.length === 0 ? 0 : await deliver(world, state, decided);
  return { sent, left: tokens.filter((token) => !decided.includes(token)) };
};

const ANSWERS: readonly JobEvent['event_type'][] = ['APPROVED', 'REVISION_REQUESTED', 'REJECTED', 'RESUMED'];

/** True when the log waits, or was just decided, at a hold whose token nobody has any more. */
export const lostItsToken = (state: JobState, last: JobEvent | undefined, tokens: TaskToken[]): boolean => {
  if (tokens.length > 0) return false;
  const decidedLast = last !== undefined && ANSWERS.includes(last.event_type) && last.outputs['auto'] !== true;
  return state.status === 'WAITING_APPROVAL' || state.status === 'WAITING_HUMAN' || decidedLast;
};
