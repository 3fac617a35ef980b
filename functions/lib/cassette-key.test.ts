import { expect, test } from 'vitest';
import type { ModelRequest } from '../../contracts/llm.ts';
import { canonicalJson } from './canonical-json.ts';
import { cassetteKey } from './cassette-key.ts';
import { sha256Hex } from './hash.ts';

const request: ModelRequest = {
  agent: 'intent',
  model_alias: 'strategist',
  prompt_version: 'v1',
  output_schema_version: 'blueprint_v1',
  output_schema: { type: 'object' },
  messages: [{ role: 'user', content: 'On 2026-01-05, for req-77: hello' }],
  variables: { today: '2026-01-05', request: 'req-77', empty: '' },
  settings: { temperature: 0, max_output_tokens: 10 },
  n: 0,
};
const keyOf = (more: Partial<ModelRequest>, secrets?: string[]) => cassetteKey({ ...request, ...more }, secrets).key;

test('the key is the digest of the canonical match, which shows placeholders for declared variables', () => {
  const { key, match, prompt } = cassetteKey(request);
  expect(key).toBe(sha256Hex(canonicalJson(match)));
  expect(match.messages[0]?.content).toBe('On {{today}}, for {{request}}: hello');
  expect(prompt[0]?.content).toBe('On 2026-01-05, for req-77: hello');
});

test('declared variables and the repeat index do not change the key', () => {
  const tomorrow = {
    messages: [{ role: 'user' as const, content: 'On 2026-01-06, for req-78: hello' }],
    variables: { today: '2026-01-06', request: 'req-78' },
  };
  expect(keyOf(tomorrow)).toBe(keyOf({}));
  expect(keyOf({ n: 3 })).toBe(keyOf({}));
});

test.each<[string, Partial<ModelRequest>]>([
  ['agent', { agent: 'report' }],
  ['model alias', { model_alias: 'other' }],
  ['prompt version', { prompt_version: 'v2' }],
  ['output schema version', { output_schema_version: 'blueprint_v2' }],
  ['output schema', { output_schema: { type: 'array' } }],
  ['a word of a message', { messages: [{ role: 'user', content: 'On 2026-01-05, for req-77: hallo' }] }],
  ['a role', { messages: [{ role: 'system', content: 'On 2026-01-05, for req-77: hello' }] }],
  ['a setting', { settings: { temperature: 0.1, max_output_tokens: 10 } }],
])('%s changes the key', (_, more) => expect(keyOf(more)).not.toBe(keyOf({})));

test('secrets are gone before hashing: rotating one keeps the key, and nothing kept holds it', () => {
  const said = (secret: string) => ({ messages: [{ role: 'user' as const, content: `password=${secret} and ${secret}` }], variables: {} });
  expect(keyOf(said('hunter2-old'), ['hunter2-old'])).toBe(keyOf(said('hunter2-new'), ['hunter2-new']));
  const { match, prompt, redactions } = cassetteKey({ ...request, ...said('hunter2-old') }, ['hunter2-old']);
  expect(JSON.stringify([match, prompt])).not.toContain('hunter2');
  expect(redactions).toEqual({ secret_value: 2 });
});

test('a variable inside another one does not break it', () => {
  const messages = [{ role: 'user' as const, content: 'run-12 of run-1' }];
  expect(cassetteKey({ ...request, messages, variables: { short: 'run-1', long: 'run-12' } }).match.messages[0]?.content).toBe(
    '{{long}} of {{short}}',
  );
});
