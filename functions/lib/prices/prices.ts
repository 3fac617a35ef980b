import type { Usage } from '../../../contracts/llm.ts';
import type { TokenPrice } from '../../../contracts/llm-config.ts';

export type MatchKind = 'equals' | 'starts_with' | 'ends_with' | 'contains' | 'regex';

/** A model's price, and the ids it goes by. Above `tokens` prompt tokens a tier's price holds for the whole call. */
export type ModelPrice = TokenPrice & {
  id: string;
  match: readonly (readonly [MatchKind, string])[];
  tiers?: readonly (TokenPrice & { above: number })[];
};

/** Prices by provider name; USD per million tokens. */
export type PriceTable = { version: string; providers: Readonly<Record<string, readonly ModelPrice[]>> };

/** Nano-USD per token for each USD per million tokens. */
const NANO_PER_TOKEN = 1000;

const MATCHES: Record<MatchKind, (id: string, text: string) => boolean> = {
  equals: (id, text) => id === text,
  starts_with: (id, text) => id.startsWith(text),
  ends_with: (id, text) => id.endsWith(text),
  contains: (id, text) => id.includes(text),
  regex: (id, text) => new RegExp(text).test(id),
};

const FREE: ModelPrice = { id: 'mock', match: [], input: 0, output: 0 };

/** The price of a provider's model; null when it is unknown. `mock` is free. */
export const priceOf = (table: PriceTable, provider: string, model: string): ModelPrice | null =>
  provider === 'mock'
    ? FREE
    : ((Object.hasOwn(table.providers, provider) ? table.providers[provider] : undefined)?.find(({ match }) =>
        match.some(([kind, text]) => MATCHES[kind](model, text)),
      ) ?? null);

const tierAt = (price: ModelPrice, promptTokens: number): TokenPrice =>
  (price.tiers ?? []).reduce<TokenPrice>((found, tier) => (promptTokens > tier.above ? tier : found), price);

/** What a call costs, in nano-USD, rounded up. Never less for more tokens, so that a bound on tokens bounds the cost. */
export const costNanoUsd = (price: ModelPrice, usage: Pick<Usage, 'prompt_tokens' | 'completion_tokens'>): number => {
  const { input, output } = tierAt(price, usage.prompt_tokens);
  // Products of decimal prices carry binary dust, which must not round a whole amount up.
  const nano = (usage.prompt_tokens * input + usage.completion_tokens * output) * NANO_PER_TOKEN;
  return Math.ceil(Number(nano.toFixed(3)));
};
