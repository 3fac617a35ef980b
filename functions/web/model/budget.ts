import * as z from 'zod';
import { type Amount, type BudgetPart, type BudgetUse, NANO_USD } from '../../../contracts/budget.ts';
import type { JobState } from '../../../contracts/job-state.ts';
import { ResponseSource } from '../../../contracts/llm.ts';
import { limitsOf } from '../../lib/limits.ts';
import { figure, usdFigure } from './text.ts';

/** One part of a budget: what is spent, what calls under way have reserved, and the limit. */
export type Meter = { part: BudgetPart; spent: number; reserved: number; limit: number };

const Row = z.object({ response_source: ResponseSource, total_tokens: z.number(), cost_usd: z.number() });

export const BUDGET_PARTS: readonly BudgetPart[] = ['calls', 'tokens', 'nano_usd'];
export const PART_NAMES: Record<BudgetPart, string> = { calls: 'calls', tokens: 'tokens', nano_usd: 'USD' };

/** An amount of one part, where its unit stands beside it. */
export const bareText = (part: BudgetPart, value: number): string => (part === 'nano_usd' ? usdFigure(value / NANO_USD) : figure(value));

const unitOf = (part: BudgetPart, value: number): string => (value === 1 ? PART_NAMES[part].replace(/s$/, '') : PART_NAMES[part]);

/** `1 call`, `2.00 USD`. */
export const partText = (part: BudgetPart, value: number): string => `${bareText(part, value)} ${unitOf(part, value)}`;

/** `20 calls, 200,000 tokens, 2.00 USD`. */
export const amountText = (amount: Amount): string => BUDGET_PARTS.map((part) => partText(part, amount[part])).join(', ');

/** What live calls took, as the log lists them: a replayed answer takes nothing. */
const logged = (state: JobState): Amount =>
  state.calls
    .flatMap((call) => Row.safeParse(call).data ?? [])
    .filter(({ response_source }) => response_source !== 'replay')
    .reduce(
      (sum, row) => ({
        calls: sum.calls + 1,
        tokens: sum.tokens + row.total_tokens,
        nano_usd: sum.nano_usd + Math.round(row.cost_usd * NANO_USD),
      }),
      { calls: 0, tokens: 0, nano_usd: 0 },
    );

/**
 * A job's budget and how much of it is gone; null for a job that neither called a model nor may. The counters know
 * failed attempts too, the log survives the loss of the counters: the larger one holds.
 */
export const metersOf = (state: JobState, configured: Amount, { spent, committed }: BudgetUse): Meter[] | null => {
  const rows = logged(state);
  if (state.mode === 'replay' && state.calls.length === 0 && committed.calls === 0) return null;
  const limits = limitsOf(state, configured);
  return BUDGET_PARTS.map((part) => ({
    part,
    spent: Math.max(spent[part], rows[part]),
    reserved: Math.max(0, committed[part] - Math.max(spent[part], rows[part])),
    limit: limits[part],
  }));
};
