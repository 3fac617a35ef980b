import * as z from 'zod';
import { NANO_USD } from '../../../contracts/budget.ts';
import type { JobState } from '../../../contracts/job-state.ts';
import type { Meter } from './budget.ts';

const Call = z.object({ cost_usd: z.number() });

/**
 * Model calls so far and what was billed; null when a call does not say. Attempts that failed are billed too, and only
 * the budget's counters know them.
 */
export const costSoFar = (state: JobState, meters: Meter[] | null): { calls: number; usd: number | null } => {
  const costs = state.calls.map((call) => Call.safeParse(call));
  const known = costs.flatMap((cost) => (cost.success ? [cost.data.cost_usd] : []));
  const listed = known.length === costs.length ? known.reduce((sum, usd) => sum + usd, 0) : null;
  const counted = (meters?.find(({ part }) => part === 'nano_usd')?.spent ?? 0) / NANO_USD;
  return { calls: costs.length, usd: listed === null ? null : Math.max(listed, counted) };
};
