import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { recordedAgent } from './agents.ts';
import { driftOf } from './drift.ts';
import { shipped } from './recording.fixture.ts';

const blueprint = shipped('intent/trend').expected as Record<string, unknown>;
const report = shipped('report/trend').expected as { summary: string; sections: unknown[]; caveats: string[] };
const intentSchema = recordedAgent('intent').output_schema;
const reportSchema = recordedAgent('report').output_schema;

describe('drift of data is an error, of wording a warning, of layout a remark', () => {
  test.each([
    ['a number', { strategy: { type: 'sma_crossover', fast: 50, slow: 151 } }, 'error', '/strategy/slow'],
    ['a list of names', { symbols: ['NDX'] }, 'error', '/symbols/0'],
    ['a date', { train: { start: '2001-01-02', end: '2009-12-30' } }, 'error', '/train/end'],
    ['a fixed word', { schema_version: 'blueprint_v2' }, 'error', '/schema_version'],
    ['a type', { name: 7 }, 'error', '/name'],
    ['a member more', { more: true }, 'error', '/more'],
    ['prose', { rationale: 'Another text.' }, 'warn', '/rationale'],
    ['white space in prose', { name: `${blueprint['name']} ` }, 'info', '/name'],
    ['white space in data', { symbols: ['SPX '] }, 'error', '/symbols/0'],
  ])('%s', (_, change, tier, pointer) => {
    expect(driftOf({ ...blueprint, ...change }, blueprint, intentSchema)).toMatchObject([{ tier, pointer }]);
  });

  test.each([
    ['sections in another order', { sections: report.sections.toReversed() }, 'info', '/sections'],
    ['a caveat less', { caveats: report.caveats.slice(1, 2) }, 'warn', '/caveats/0'],
    ['a section more', { sections: [...report.sections, { heading: 'A', body: 'B' }] }, 'warn', '/sections/3'],
  ])('%s', (_, change, tier, pointer) => {
    expect(driftOf({ ...report, ...change }, report, reportSchema)).toContainEqual(expect.objectContaining({ tier, pointer }));
  });

  test('a missing member is an error, members in another order are not', () => {
    const { name, ...rest } = blueprint;
    expect(driftOf(blueprint, rest, intentSchema)).toMatchObject([{ tier: 'error', pointer: '/name' }]);
    expect(driftOf({ ...rest, name }, blueprint, intentSchema)).toMatchObject([{ tier: 'info', pointer: '' }]);
  });
});

test('nothing drifts from itself, and any other value does', () => {
  const json = fc.jsonValue().map((value): unknown => JSON.parse(JSON.stringify(value)));
  fc.assert(
    fc.property(json, json, (a, b) => {
      expect(driftOf(a, structuredClone(a), reportSchema)).toEqual([]);
      if (JSON.stringify(a) !== JSON.stringify(b)) expect(driftOf(a, b, reportSchema)).not.toEqual([]);
    }),
  );
});
