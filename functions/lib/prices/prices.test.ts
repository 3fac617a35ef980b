import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NANO_USD, UnknownPrice } from '../../../contracts/budget.ts';
import type { ProviderTarget } from '../../../contracts/llm-config.ts';
import { targetPrice, usageBound } from './bounds.ts';
import { PRICE_TABLE } from './price-table.ts';
import { costNanoUsd, type ModelPrice, priceOf } from './prices.ts';

const target = (name: string, model: string, changes: Partial<ProviderTarget> = {}): ProviderTarget => ({
  ...{ position: 1, kind: 'openai-compatible', name, model, base_url: 'https://example.com', region: null, api_key_env: null },
  ...{ timeout_ms: 1, retries: 0, price: null },
  ...changes,
});

test.each([
  ['anthropic', 'claude-haiku-4-5-20251001', 1, 5],
  ['openai', 'gpt-4.1-mini', 0.4, 1.6],
  ['glm', 'glm-5.3', 1.103, 3.862],
  ['bedrock', 'eu.anthropic.claude-haiku-4-5-20251001-v1:0', 1.1, 5.5],
  ['bedrock', 'global.anthropic.claude-haiku-4-5-20251001-v1:0', 1, 5],
  ['mock', 'anything', 0, 0],
])("%s/%s has its provider's own price", (provider, model, input, output) => {
  expect(priceOf(PRICE_TABLE, provider, model)).toMatchObject({ input, output });
});

test.each([
  ['anthropic', 'gpt-4.1'],
  ['nobody', 'gpt-4.1'],
  ['__proto__', 'gpt-4.1'],
  ['openai', 'gpt-99'],
])('%s/%s has no price, and a call to it is refused by name', (provider, model) => {
  expect(priceOf(PRICE_TABLE, provider, model)).toBeNull();
  expect(() => targetPrice(PRICE_TABLE, target(provider, model))).toThrow(UnknownPrice);
  expect(() => targetPrice(PRICE_TABLE, target(provider, model))).toThrow(`${provider}/${model}`);
});

test('a price in the configuration wins over the table', () => {
  const own = { price: { input: 1, output: 2 } };
  expect(targetPrice(PRICE_TABLE, target('openai', 'gpt-4.1', own))).toMatchObject(own.price);
  expect(targetPrice(PRICE_TABLE, target('nobody', 'unheard-of', own))).toMatchObject(own.price);
});

describe('what a call costs', () => {
  const price: ModelPrice = { id: 'm', match: [], input: 3, output: 15, tiers: [{ above: 200_000, input: 6, output: 22.5 }] };

  test('is exact in nano-USD, and a whole call takes the tier of its prompt', () => {
    expect(costNanoUsd(price, { prompt_tokens: 1000, completion_tokens: 100 })).toBe(4_500_000);
    expect(costNanoUsd(price, { prompt_tokens: 200_000, completion_tokens: 0 })).toBe(0.6 * NANO_USD);
    expect(costNanoUsd(price, { prompt_tokens: 200_001, completion_tokens: 0 })).toBe(1_200_006_000);
    expect(costNanoUsd({ id: 'm', match: [], input: 0.0375, output: 0 }, { prompt_tokens: 1, completion_tokens: 0 })).toBe(38);
    expect(costNanoUsd({ id: 'm', match: [], input: 1.103, output: 0 }, { prompt_tokens: 1, completion_tokens: 0 })).toBe(1103);
  });

  const count = fc.integer({ min: 0, max: 2_000_000 });
  const all = Object.values(PRICE_TABLE.providers).flat();

  test('is a whole number, and never less for more tokens: a bound on tokens bounds the cost', () => {
    fc.assert(
      fc.property(fc.constantFrom(...all), count, count, count, count, (model, prompt, completion, morePrompt, moreCompletion) => {
        const less = costNanoUsd(model, { prompt_tokens: prompt, completion_tokens: completion });
        const more = costNanoUsd(model, { prompt_tokens: prompt + morePrompt, completion_tokens: completion + moreCompletion });
        expect(Number.isSafeInteger(less)).toBe(true);
        expect(more).toBeGreaterThanOrEqual(less);
      }),
    );
  });

  test('of two calls is not less than of both at once, but for a nano-USD of rounding', () => {
    fc.assert(
      fc.property(fc.constantFrom(...all.filter(({ tiers }) => !tiers)), count, count, (model, a, b) => {
        const cost = (prompt_tokens: number) => costNanoUsd(model, { prompt_tokens, completion_tokens: 0 });
        expect(cost(a) + cost(b) - cost(a + b)).toBeGreaterThanOrEqual(0);
        expect(cost(a) + cost(b) - cost(a + b)).toBeLessThanOrEqual(1);
      }),
    );
  });
});

test('a prompt is bounded by its bytes, whatever its language', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 9000 }), (content, max) => {
      const bound = usageBound([{ role: 'user', content }], max);
      expect(bound.prompt_tokens).toBeGreaterThan(Buffer.byteLength(content));
      expect(bound.total_tokens).toBe(bound.prompt_tokens + max);
    }),
  );
});
