import { expect, test } from 'vitest';
import { isOutage, messageInWords } from './agent/failure-words.ts';
import { costWords, countCalls } from './cost-words.ts';

const money = (usd: number) => `${usd.toFixed(2)} USD`;
const live = { response_source: 'live', cost_usd: 0.5 };
const replayed = { response_source: 'replay', cost_usd: 0 };

test.each([
  [[], 'no model call so far'],
  [[replayed], '1 recorded answer, nothing billed'],
  [[live], '1 model call, 0.50 USD'],
  [[live, live, replayed], '2 model calls, 1.00 USD, and 1 recorded answer'],
  [[{ response_source: 'live' }], '1 model call, cost not recorded'],
])('a recorded answer is no model call and bills nothing: %j', (calls, words) => {
  expect(costWords(countCalls(calls), money)).toBe(words);
});

test('calls that failed are billed although a recording answered', () => {
  expect(costWords({ asked: 0, recorded: 1, usd: 0.2 }, money)).toBe('1 recorded answer; 0.20 USD for calls that failed');
});

test('kinds of failure are words, where they stand as one', () => {
  const message = 'no provider answered intent (glm/m: rate_limited (429), slow down; a/c: cooling_down, it failed); see no_key_here';
  expect(messageInWords(message)).toBe(
    'no provider answered intent (glm/m: rate limited (429), slow down; a/c: left out after repeated failures, it failed); see no_key_here',
  );
  expect([isOutage(message), isOutage('no cassette for intent/0000')]).toEqual([true, false]);
});
