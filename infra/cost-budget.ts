import * as z from 'zod';
import { PRICES, UNIT_NAMES, type UnitName, Units } from '../contracts/pricing.ts';
import file from './cost-budget.json' with { type: 'json' };

const Budget = z.strictObject({ what: z.string(), limit_usd: z.number(), units: Units });
export type CostBudget = z.infer<typeof Budget>;

/** What a job may cost at most, in units and USD: change the file with the change that makes a job dearer, or cheaper. */
export const COST_BUDGETS = z.strictObject({ chain: Budget, sample_idea: Budget }).parse(file);

/** Durations are the machine's, not the code's: they are allowed for, and not judged. */
const NOT_JUDGED: readonly UnitName[] = ['gb_seconds'];
/** Nothing but the code decides these: fewer of them is a pin that was forgotten. */
const EXACT: readonly UnitName[] = ['transitions', 'invocations', 's3_puts', 'api_requests'];

/** Every unit of which a run used more than the budget has, or less where the budget is exact; one line each. */
export const deviations = ({ units: pinned }: CostBudget, used: { readonly [N in UnitName]?: number | null | undefined }): string[] =>
  UNIT_NAMES.filter((name) => !NOT_JUDGED.includes(name)).flatMap((name) => {
    const more = (used[name] ?? 0) - pinned[name];
    if (more > 0) return [`${name} grew from ${pinned[name]} to ${used[name]} (+$${(more * PRICES[name]).toFixed(8)} per job)`];
    return more < 0 && EXACT.includes(name)
      ? [`${name} fell from ${pinned[name]} to ${used[name]}: lower it in infra/cost-budget.json`]
      : [];
  });
