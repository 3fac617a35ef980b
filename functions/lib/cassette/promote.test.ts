import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { encodeFixture, type Fixture } from './fixture.ts';
import { PromotionRefused, promote } from './promote.ts';
import { KNOWN_SECRET, recordingOf, shipped, UNKNOWN_TOKEN } from './recording.fixture.ts';
import { regress } from './regress.ts';
import { keyOf, rekeyFixture } from './rekey.ts';
import { secretScan } from './secret-scan.ts';

const options = { scan: secretScan, secrets: [], allowGuardFindings: false };
const trend = recordingOf('intent/trend');
const saying = (words: string) => trend.answer.text.replace('"rationale": "', `"rationale": "${words} `);

const refusal = async (document: unknown): Promise<PromotionRefused> => {
  const thrown: unknown = await promote(document, options).catch((error: unknown) => error);
  if (!(thrown instanceof PromotionRefused)) throw new Error(`expected a refusal, got ${String(thrown)}`);
  return thrown;
};

describe('a recording becomes a fixture', () => {
  test('that regresses clean, with what its answer parses to as the expected output', async () => {
    const { fixture, changes, redactions, report } = await promote(trend, options);
    expect(fixture).toMatchObject({ agent: 'intent', cassette: trend, expected: shipped('intent/trend').expected });
    expect([changes, redactions, report.guard_status]).toEqual([[], {}, 'passed']);
    expect(regress({ ...fixture, case: 'x' }).drift).toEqual([]);
    expect(encodeFixture(fixture).notes).toBeNull();
  });

  test('redacted again and filed under the key of what is left', async () => {
    const content = `Hello ${KNOWN_SECRET}\n${trend.match.messages[1]?.content.split('\n').slice(1).join('\n')}`;
    const match = { ...trend.match, messages: [{ role: 'user' as const, content }] };
    const leaky = { ...trend, match, key: keyOf({ match }), answer: { ...trend.answer, text: saying(`password=hunter22`) } };
    const { fixture, changes, redactions } = await promote(leaky, { ...options, secrets: ['bear market'] });
    expect(JSON.stringify(fixture)).not.toMatch(new RegExp(`${KNOWN_SECRET}|hunter22`));
    expect(redactions).toMatchObject({ provider_key: 1, sensitive_key: 1 });
    expect(changes.map(({ pointer }) => pointer)).toEqual(['/key', '/match/messages/0/content', '/answer/output/rationale']);
    expect([fixture.cassette.key, fixture.notes.aliases]).toEqual([keyOf(fixture.cassette), [leaky.key]]);
  });
});

describe('is refused', () => {
  test.each([
    ['a replayed answer', { ...trend, response_source: 'replay' }],
    ['a degraded answer', { ...trend, answer: { ...trend.answer, degraded: true } }],
    ['an answer labelled as replayed', { ...trend, labels: { response_source: 'replay', degraded: false } }],
    ['a seeded fixture', shipped('intent/trend').cassette],
  ])('%s', async (_, document) => {
    expect(await refusal(document)).toMatchObject({ step: 'source', message: expect.stringContaining('in mode record') });
  });

  test.each([
    ['the answer', { ...trend, answer: { ...trend.answer, text: saying(UNKNOWN_TOKEN) } }, '/answer/text'],
    [
      'the answer, behind a directive',
      { ...trend, answer: { ...trend.answer, text: saying(`/* secretlint-disable */ ${UNKNOWN_TOKEN}`) } },
      '/answer/text',
    ],
    ['a setting', { ...trend, match: { ...trend.match, settings: { note: UNKNOWN_TOKEN } } }, '/match/settings/note'],
    ['a name that redaction does not touch', { ...trend, answer: { ...trend.answer, model: KNOWN_SECRET } }, '/answer/model'],
  ])('a secret that is left in %s: the place is named, the secret is not', async (_, document, pointer) => {
    const { step, findings, message } = await refusal(document);
    expect([step, findings.map((finding) => finding.pointer)]).toEqual(['secret_scan', expect.arrayContaining([pointer])]);
    expect(JSON.stringify([findings, message])).not.toMatch(new RegExp(`${UNKNOWN_TOKEN}|${KNOWN_SECRET}`));
  });

  test('what the guard stops, unless its findings are accepted, and then they are noted', async () => {
    const guarded = recordingOf('intent/guarded');
    expect(await refusal(guarded)).toMatchObject({
      step: 'guard',
      findings: expect.arrayContaining([expect.objectContaining({ rule: 'code' })]),
    });
    const { fixture } = await promote(guarded, { ...options, allowGuardFindings: true });
    expect(fixture.notes.accepted_findings).toEqual(shipped('intent/guarded').notes.accepted_findings);
    expect(regress({ ...fixture, case: 'x' })).toMatchObject({ worst: null, guard_status: 'failed' });
  });

  test('an incomplete answer, and what is no cassette', async () => {
    expect(await refusal({ ...trend, answer: { ...trend.answer, finish_reason: 'length' } })).toMatchObject({ step: 'guard' });
    await expect(promote({ schema_version: 'cassette_v9' }, options)).rejects.toThrow('cassette_v9');
    await expect(promote(null, options)).rejects.toThrow('no schema_version');
  });
});

test('what redaction left behind is no secret to the scan, and no directive silences it', async () => {
  expect(await secretScan('https://user:[REDACTED:url_password]@example.com/')).toEqual([]);
  expect(await secretScan(`secretlint-disable\n// secretlint-disable\n${UNKNOWN_TOKEN}`)).toEqual([
    'secretlint-rule-linear:LINEAR_API_TOKEN',
  ]);
});

test('the secret scan finds nothing in what ships', async () => {
  const files = readdirSync('cassettes', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'));
  expect(files.length).toBeGreaterThanOrEqual(12);
  for (const name of files) expect(await secretScan(readFileSync(join('cassettes', name), 'utf8')), name).toEqual([]);
});

describe('regress', () => {
  const fixture = shipped('intent/guarded');
  const worst = (more: Partial<Fixture>) => regress({ ...fixture, ...more });

  test('fails, naming the field, when the expected output was changed', () => {
    const expected = { ...(fixture.expected as object), strategy: { type: 'momentum', lookback: 253, threshold: 0 } };
    expect(worst({ expected })).toMatchObject({
      worst: 'error',
      drift: [{ part: 'output', pointer: '/strategy/lookback', message: '"253" expected, "252" found' }],
    });
  });

  test('fails on a finding nobody accepted, and warns of one that is gone', () => {
    const notes = {
      ...fixture.notes,
      accepted_findings: [{ rule: 'code', pointer: '/rationale' } as const, { rule: 'schema', pointer: '/x' } as const],
    };
    const { drift } = worst({ notes });
    expect(new Set(drift.map(({ tier, part, pointer }) => `${tier} ${part} ${pointer}`))).toEqual(
      new Set(['error guard /rationale', 'warn guard /x']),
    );
  });

  test('fails on a wrong key, a secret left, an answer that is no JSON and an agent that is gone', () => {
    const { cassette } = fixture;
    expect(worst({ cassette: { ...cassette, key: '0'.repeat(64) } })).toMatchObject({ worst: 'error', drift: [{ pointer: '/key' }] });
    const texts = ['password=hunter22', 'not JSON'];
    for (const text of texts) expect(worst({ cassette: { ...cassette, answer: { ...cassette.answer, text } } }).worst).toBe('error');
    expect(worst({ agent: 'oracle' })).toMatchObject({ worst: 'error', guard_status: null });
  });
});

test('a re-keyed fixture keeps its old key as an alias, and an edited expectation as it was edited', () => {
  const fixture = shipped('intent/trend');
  const leaky = {
    ...fixture,
    cassette: { ...fixture.cassette, key: '0'.repeat(64), answer: { ...fixture.cassette.answer, text: '"password=hunter22"' } },
  };
  const followed = rekeyFixture({ ...leaky, expected: 'password=hunter22' });
  expect(followed.fixture).toMatchObject({ expected: 'password=[REDACTED:sensitive_key]', notes: { aliases: ['0'.repeat(64)] } });
  expect(rekeyFixture(leaky).fixture.expected).toEqual(fixture.expected);
  expect(rekeyFixture(fixture).changed).toBe(false);
});
