import { expect, test } from 'vitest';
import type { Cassette } from '../../../contracts/llm.ts';
import { recordingOf, shipped } from './recording.fixture.ts';
import { keyOf, rekey } from './rekey.ts';
import { checkStaleness, type Expectation } from './staleness.ts';

const expectation: Expectation = { now: new Date('2026-03-01T00:00:00.000Z'), maxAgeDays: 90, models: null, used: null };
const stateOf = (cassettes: Cassette[], more: Partial<Expectation> = {}) =>
  checkStaleness(
    cassettes.map((cassette, i) => ({ name: `case-${i}`, cassette })),
    { ...expectation, ...more },
  ).map(({ state }) => state);

const trend = recordingOf('intent/trend');
const matching = (change: Partial<Cassette['match']>): Cassette => {
  const match = { ...trend.match, ...change };
  return { ...trend, match, key: keyOf({ match }) };
};

test.each<[string, string, Cassette, Partial<Expectation>]>([
  ['fresh', 'as this build asks', trend, {}],
  ['version_mismatch', 'another prompt', matching({ prompt_version: 'v0' }), {}],
  ['version_mismatch', 'another output schema', matching({ output_schema_sha256: '0'.repeat(64) }), {}],
  ['version_mismatch', 'an agent that is gone', matching({ agent: 'oracle' }), {}],
  ['version_mismatch', 'a key that is not its digest', { ...trend, key: '0'.repeat(64) }, {}],
  ['redactor_outdated', 'an older redactor', { ...trend, redactor_version: 'redactor_v0' }, {}],
  ['redactor_outdated', 'a secret known since', recordingOf('intent/trend', { text: '{"a":"password=hunter22"}' }), {}],
  ['model_drift', 'a model that answers no more', trend, { models: ['glm-5'] }],
  ['fresh', 'one of the models that answer', trend, { models: ['glm-5', 'glm-4.6'] }],
  ['expired', 'an old answer', trend, { now: new Date('2026-06-01T00:00:00.000Z') }],
  ['unused', 'a question nobody asks', trend, { used: new Set() }],
  ['fresh', 'a question somebody asks', trend, { used: new Set([`intent/${trend.key}`]) }],
  ['fresh', 'a hand-written answer, however old', shipped('intent/trend').cassette, { now: new Date('2036-01-01'), models: ['x'] }],
])('%s: %s', (state, _, cassette, more) => {
  expect(stateOf([cassette], more)).toEqual([state]);
});

test('without models named, the latest answer of a role says which model answers', () => {
  const later = { ...matching({ settings: { temperature: 1 } }), recorded_at: '2026-02-01T00:00:00.000Z' };
  const newer = { ...later, answer: { ...later.answer, model: 'glm-5' } };
  expect(stateOf([trend, newer, recordingOf('report/trend')])).toEqual(['model_drift', 'fresh', 'fresh']);
});

test('the second answer to one question is never replayed', () => {
  expect(stateOf([trend, recordingOf('intent/trend', { text: '{}' }), { ...trend, n: 1 }])).toEqual(['fresh', 'unused', 'fresh']);
});

test('all reasons are told, the gravest names the state', () => {
  const [checked] = checkStaleness([{ name: 'a', cassette: { ...matching({ prompt_version: 'v0' }), redactor_version: 'redactor_v0' } }], {
    ...expectation,
    maxAgeDays: 1,
  });
  expect(checked?.reasons.map(({ state }) => state)).toEqual(['version_mismatch', 'redactor_outdated', 'expired']);
  expect(checked?.reasons[0]?.reason).toBe('prompt_version is v0, now v1');
});

test('re-keying a recording of this build changes nothing, and is settled after once', () => {
  expect(rekey(trend)).toMatchObject({ cassette: trend, changed: false, redactions: {} });
  const leaky = recordingOf('intent/trend', { text: 'password=hunter22' }, { redactor_version: 'redactor_v0', key: '0'.repeat(64) });
  const once = rekey(leaky, ['twelve-month']);
  expect(once).toMatchObject({ from: '0'.repeat(64), changed: true, redactions: { sensitive_key: 1 } });
  expect(JSON.stringify(once.cassette)).not.toContain('hunter22');
  expect(rekey(once.cassette).changed).toBe(false);
  expect(once.cassette.key).toBe(keyOf(once.cassette));
});
