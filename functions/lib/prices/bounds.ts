import { type Amount, UnknownPrice } from '../../../contracts/budget.ts';
import type { Message, Usage } from '../../../contracts/llm.ts';
import type { ProviderTarget } from '../../../contracts/llm-config.ts';
import { costNanoUsd, type ModelPrice, type PriceTable, priceOf } from './prices.ts';

/** Tokens that chat templates put around a message, and around all of them. */
const PER_MESSAGE = 16;
const PER_CALL = 64;

/** The price a target is charged at. Throws `UnknownPrice`. */
export const targetPrice = (table: PriceTable, { name, model, position, price }: ProviderTarget): ModelPrice => {
  const known = price ? { id: model, match: [], ...price } : priceOf(table, name, model);
  if (!known) throw new UnknownPrice(name, model, position);
  return known;
};

/**
 * The most tokens a call can take. A token of any byte-level vocabulary stands for at least one byte, so a prompt has
 * at most as many tokens as bytes: calls that hold such reservations can never overspend together.
 */
export const usageBound = (prompt: readonly Message[], maxOutputTokens: number): Usage => {
  const prompt_tokens = PER_CALL + prompt.reduce((sum, { content }) => sum + Buffer.byteLength(content) + PER_MESSAGE, 0);
  return { prompt_tokens, completion_tokens: maxOutputTokens, total_tokens: prompt_tokens + maxOutputTokens };
};

export const amountOf = (price: ModelPrice, usage: Usage): Amount => ({
  calls: 1,
  tokens: usage.total_tokens,
  nano_usd: costNanoUsd(price, usage),
});
