import * as z from 'zod';
import { StoppedBudget } from './errors.ts';

/** Nano-USD in a USD: whole numbers add up exactly, and a token of the cheapest model is still more than one. */
export const NANO_USD = 1_000_000_000;

/** What a call takes from a budget, or a budget's limits. */
export const Amount = z.strictObject({ calls: z.int().min(0), tokens: z.int().min(0), nano_usd: z.int().min(0) });
export type Amount = z.infer<typeof Amount>;

export const NOTHING: Amount = { calls: 0, tokens: 0, nano_usd: 0 };

/** `committed` is what was spent plus what calls under way have reserved. */
export type BudgetUse = { committed: Amount; spent: Amount };

/** A job's budget: one item, changed only by conditional updates. */
export type Budgets = {
  /**
   * Takes `amount` if the committed amounts stay within `limits`, else says how much is in use. A reservation that is
   * open already counts as granted, and is not taken twice.
   */
  reserve(
    jobId: string,
    reservation: string,
    amount: Amount,
    limits: Amount,
  ): Promise<{ granted: true } | { granted: false; use: BudgetUse }>;
  /** Replaces a reservation by what was really used. Settling twice changes nothing. */
  settle(jobId: string, reservation: string, reserved: Amount, actual: Amount): Promise<void>;
  use(jobId: string): Promise<BudgetUse>;
};

export const BudgetPart = z.enum(['calls', 'tokens', 'nano_usd']);
export type BudgetPart = z.infer<typeof BudgetPart>;

/** What an approver of more budget is shown. */
export const BudgetShortfall = z.strictObject({
  provider: z.string(),
  model: z.string(),
  asked: Amount,
  left: Amount,
  limits: Amount,
  spent: Amount,
  exceeded: z.array(BudgetPart).min(1),
});
export type BudgetShortfall = z.infer<typeof BudgetShortfall>;

/** What the budget hold keeps: the limits, what is used of them, and what approving grants. */
export const BudgetEscalation = z.strictObject({
  limits: Amount,
  use: z.strictObject({ committed: Amount, spent: Amount }),
  proposed: Amount,
});
export type BudgetEscalation = z.infer<typeof BudgetEscalation>;

const UNITS: Record<BudgetPart, (value: number) => string> = {
  calls: (value) => `${value} calls`,
  tokens: (value) => `${value} tokens`,
  nano_usd: (value) => `${value / NANO_USD} USD`,
};

const shortfallMessage = ({ provider, model, asked, left, limits, exceeded }: BudgetShortfall): string => {
  const parts = exceeded.map(
    (part) => `up to ${UNITS[part](asked[part])} asked, ${UNITS[part](left[part])} left of ${UNITS[part](limits[part])}`,
  );
  return `the budget does not cover the next call to ${provider}/${model}: ${parts.join('; ')}`;
};

/** The next call could cost more than is left. */
export class BudgetExceeded extends StoppedBudget {
  readonly shortfall: BudgetShortfall;
  constructor(shortfall: BudgetShortfall) {
    super(shortfallMessage(shortfall));
    this.shortfall = shortfall;
  }
}

/** What a call would cost is not known, so it is not made. */
export class UnknownPrice extends StoppedBudget {
  readonly provider: string;
  readonly model: string;
  constructor(provider: string, model: string, position: number) {
    super(
      `no price is known for ${provider}/${model}, number ${position} of the chain; set HOLDPOINT_LLM_PRICE_${position} to its USD per million tokens as "input,output", or choose another model`,
    );
    this.provider = provider;
    this.model = model;
  }
}
