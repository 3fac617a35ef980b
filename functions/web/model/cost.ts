import { NANO_USD } from '../../../contracts/budget.ts';
import type { JobState } from '../../../contracts/job-state.ts';
import { type CallCount, countCalls } from '../../lib/cost-words.ts';
import type { Meter } from './budget.ts';

/**
 * Model calls and recorded answers so far, and what was billed; null when a call does not say. Attempts that failed are
 * billed too, and only the budget's counters know them.
 */
export const costSoFar = (state: JobState, meters: Meter[] | null): CallCount => {
  const count = countCalls(state.calls);
  const counted = (meters?.find(({ part }) => part === 'nano_usd')?.spent ?? 0) / NANO_USD;
  return { ...count, usd: count.usd === null ? null : Math.max(count.usd, counted) };
};
