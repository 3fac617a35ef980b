import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { canonicalJson } from '../../functions/lib/canonical-json.ts';
import { sha256Hex } from '../../functions/lib/hash.ts';
import { redact } from '../../functions/lib/redaction.ts';
import { readFixtures, shippedCassettes } from './fixtures.ts';

const shipped = readFixtures('cassettes');
const named = shipped.map((fixture) => [`${fixture.agent}/${fixture.case}`, fixture] as const);

describe('every shipped fixture', () => {
  test.each(named)('%s answers what is expected, under the key of what it matches', (_, { cassette, expected }) => {
    expect(JSON.parse(cassette.answer.text)).toEqual(expected);
    expect(cassette.key).toBe(sha256Hex(canonicalJson(cassette.match)));
  });
  test.each(named)('%s holds no secret', (_, { cassette }) => {
    expect(redact(JSON.stringify(cassette)).counts).toEqual({});
  });
});

test('a fixture for each sample idea and agent ships', () => {
  expect(shippedCassettes('cassettes')).toHaveLength(shipped.length);
  const samples = ['intent', 'report', 'shadow'].flatMap((agent) => ['guarded', 'reversal', 'trend'].map((name) => `${agent}/${name}`));
  expect(named.map(([name]) => name)).toEqual(expect.arrayContaining(samples));
  for (const [name, { cassette }] of named.filter(([name]) => samples.includes(name)))
    expect(cassette.answer, name).toMatchObject({ provider: 'fixture', model: 'hand-written' });
});

describe('a bad fixture', () => {
  let dir = '';
  afterEach(() => rmSync(dir, { recursive: true, force: true }));
  const withCassette = (text: string): string => {
    dir = mkdtempSync(join(tmpdir(), 'fixtures-'));
    mkdirSync(join(dir, 'intent', 'broken'), { recursive: true });
    writeFileSync(join(dir, 'intent', 'broken', 'cassette.json'), text);
    writeFileSync(join(dir, 'intent', 'broken', 'expected.json'), '{}');
    return dir;
  };
  test('is named', () => {
    expect(() => readFixtures(withCassette('{"schema_version":"cassette_v9"}'))).toThrow(
      /fixture intent\/broken cannot be read.*cassette_v9/,
    );
  });
  test('under another agent is refused', () => {
    const other = { ...shipped[0]?.cassette, match: { ...shipped[0]?.cassette.match, agent: 'report' } };
    expect(() => readFixtures(withCassette(JSON.stringify(other)))).toThrow('recorded for agent "report"');
  });
});
