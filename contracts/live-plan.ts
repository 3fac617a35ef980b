import * as z from 'zod';
import { Amount, BudgetPart } from './budget.ts';
import { Mode } from './llm.ts';

/** `live_confirm_v1`: what an approver of live calls signs, whole. Any change of it asks again. */
export const LivePlan = z.strictObject({
  schema_version: z.literal('live_confirm_v1'),
  mode: Mode,
  /** In fallback order: a fallback inside this chain is covered. */
  chain: z.array(
    z.strictObject({
      position: z.int().min(1),
      provider: z.string(),
      model: z.string(),
      /** Host that is called; null where the provider has none of its own. */
      host: z.string().nullable(),
    }),
  ),
  /** Limits of the job. */
  budget: Amount,
  /** At most, for the whole job: every agent once, each answer as long as it may be, at the dearest price of the chain. */
  estimate: z.strictObject({ calls: z.int().min(0), tokens: z.int().min(0), nano_usd: z.int().min(0).nullable() }),
  /** The risk in words. */
  risk: z.array(z.string()),
});
export type LivePlan = z.infer<typeof LivePlan>;

/** Parts of the budget that the estimate exceeds. */
export const overBudget = ({ budget, estimate }: Pick<LivePlan, 'budget' | 'estimate'>): BudgetPart[] =>
  BudgetPart.options.filter((part) => (estimate[part] ?? 0) > budget[part]);
