import * as z from 'zod';
import type { JobState } from '../../../contracts/job-state.ts';

const Call = z.object({ cost_usd: z.number() });

/** Model calls so far and what they billed; null when a call does not say. */
export const costSoFar = (state: JobState): { calls: number; usd: number | null } => {
  const costs = state.calls.map((call) => Call.safeParse(call));
  const known = costs.flatMap((cost) => (cost.success ? [cost.data.cost_usd] : []));
  return { calls: costs.length, usd: known.length === costs.length ? known.reduce((sum, usd) => sum + usd, 0) : null };
};
