import { NANO_USD, UnknownPrice } from '../../../contracts/budget.ts';
import type { Usage } from '../../../contracts/llm.ts';
import type { ProviderTarget, TokenPrice } from '../../../contracts/llm-config.ts';
import { amountOf, targetPrice } from './bounds.ts';
import type { PriceTable } from './prices.ts';

/** One provider of the chain, as an approver of live calls is shown it. */
export type TargetEstimate = Pick<ProviderTarget, 'position' | 'kind' | 'name' | 'model' | 'base_url'> & {
  /** USD per million tokens; null when unknown: the job would stop. */
  price: TokenPrice | null;
  /** If this provider answered every call. */
  usd: number | null;
};

export type ChainEstimate = {
  targets: TargetEstimate[];
  /** Whether any provider is real: then a person must confirm. */
  real: boolean;
  calls: number;
  /** Upper bound of the tokens of all calls. */
  tokens: number;
  /** Upper bound: the dearest provider answers everything. Null when a price is unknown. */
  usd: number | null;
};

const priceOrNull = (table: PriceTable, target: ProviderTarget) => {
  try {
    return targetPrice(table, target);
  } catch (error) {
    if (error instanceof UnknownPrice) return null;
    throw error;
  }
};

const estimateTarget = (table: PriceTable, target: ProviderTarget, calls: readonly Usage[]): TargetEstimate => {
  const { position, kind, name, model, base_url } = target;
  const price = priceOrNull(table, target);
  const usd = price && calls.reduce((sum, usage) => sum + amountOf(price, usage).nano_usd, 0) / NANO_USD;
  return { position, kind, name, model, base_url, price: price && { input: price.input, output: price.output }, usd };
};

/** What calls to a chain may cost at most. `calls` are bounds, as `usageBound` gives them; each is taken to succeed at once. */
export const estimateChain = (table: PriceTable, chain: readonly ProviderTarget[], calls: readonly Usage[]): ChainEstimate => {
  const targets = chain.map((target) => estimateTarget(table, target, calls));
  const costs = targets.map(({ usd }) => usd);
  return {
    targets,
    real: chain.some(({ kind }) => kind !== 'mock'),
    calls: calls.length,
    tokens: calls.reduce((sum, { total_tokens }) => sum + total_tokens, 0),
    usd: costs.some((usd) => usd === null) ? null : Math.max(0, ...costs.map((usd) => usd ?? 0)),
  };
};
