import { expect, test } from 'vitest';
import type { ProviderAttempt } from '../../../contracts/llm-journal.ts';
import { failureInWords, providerFailures } from './attempts.ts';

const attempt = (provider: string, outcome: ProviderAttempt['outcome'], status: number | null = null): ProviderAttempt => ({
  position: 1,
  provider,
  model: 'm',
  attempt: 1,
  outcome,
  status,
  message: null,
  latency_ms: 1,
  charged: { calls: 0, tokens: 0, nano_usd: 0 },
});

test('a provider is named once, by its last failure, with how often it was asked', () => {
  const failures = providerFailures([
    attempt('glm', 'rate_limited', 429),
    attempt('glm', 'server_error', 500),
    attempt('anthropic', 'no_key'),
    attempt('bedrock', 'cooling_down'),
    attempt('openai', 'answered'),
  ]);
  expect(failures.map(failureInWords)).toEqual([
    'glm/m server error (500), 2 attempts',
    'anthropic/m no key, not asked',
    'bedrock/m left out after repeated failures, not asked',
  ]);
});
