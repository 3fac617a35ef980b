import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Blueprint } from '../../../contracts/blueprint.ts';
import type { GuardRule } from '../../../contracts/guard.ts';
import { POLICY_BUNDLES, PolicyBundle } from '../../../contracts/policy-bundle.ts';
import { type GuardContext, guard, policyKeysOf, schemaIssues } from './guard.ts';

const policyKeys = policyKeysOf(PolicyBundle.parse(POLICY_BUNDLES['default_v1']));

const context: GuardContext = {
  agent: 'intent',
  prompt_version: 'v1',
  output_schema_version: 'blueprint_v1',
  finish_reason: 'stop',
  schemaIssues: schemaIssues(Blueprint),
  holdout: { start: '2013-01-01', end: '2015-12-31' },
  policyKeys,
  numbers: null,
};

const clean: Blueprint = {
  schema_version: 'blueprint_v1',
  name: 'test',
  rationale: 'test',
  symbols: ['SPX'],
  frequency: '1d',
  strategy: { type: 'sma_crossover', fast: 50, slow: 150 },
  train: { start: '2001-01-02', end: '2009-12-31' },
  evaluation: { start: '2010-01-04', end: '2012-12-28' },
};
const judge = (value: unknown, more: Partial<GuardContext> = {}) => guard(JSON.stringify(value), { ...context, ...more });
const withText = (rationale: string) => judge({ ...clean, rationale });
const rulesOf = (report: { findings: { rule: GuardRule }[] }) => [...new Set(report.findings.map((f) => f.rule))];

test('a clean blueprint passes', () => {
  expect(judge(clean)).toEqual({
    schema_version: 'output_guard_report_v1',
    agent: 'intent',
    prompt_version: 'v1',
    output_schema_version: 'blueprint_v1',
    guard_status: 'passed',
    passed: true,
    finding_count: 0,
    findings: [],
  });
});

describe('schema', () => {
  test('names the pointer of each issue', () => {
    const report = judge({ ...clean, symbols: [], extra: 1 });
    expect(report.passed).toBe(false);
    expect(report.findings.filter((f) => f.rule === 'schema').map((f) => f.pointer)).toEqual(expect.arrayContaining(['/symbols', '']));
  });
  test('an answer that is not JSON is a finding, not an exception', () => {
    expect(rulesOf(guard('Sure! Here is your blueprint.', context))).toEqual(['schema']);
    expect(guard('', context).guard_status).toBe('failed');
  });
  test.each(['[]'.padStart(200_001, '[').padEnd(400_000, ']'), '{"rationale":"\\ud800"}', '{"fast":1e999}'])(
    'JSON without a canonical form is a finding: %.20s',
    (text) => {
      expect(rulesOf(guard(text, context))).toEqual(['schema']);
    },
  );
  test('one code fence around the whole answer is taken off and reported as a repair', () => {
    const report = guard(`\`\`\`json\n${JSON.stringify(clean)}\n\`\`\``, context);
    expect(report).toMatchObject({ guard_status: 'repaired', passed: true });
  });
});

describe('policy_keys', () => {
  test.each(policyKeys)('"%s" as a member is found, at any depth and in any spelling', (key) => {
    const camel = key.replace(/_([a-z])/g, (_, c: string) => c.toUpperCase());
    for (const name of [key, camel, key.replaceAll('_', '-').toUpperCase()])
      expect(judge({ ...clean, deep: [{ [name]: 5 }] }).findings).toContainEqual(
        expect.objectContaining({ rule: 'policy_keys', pointer: `/deep/0/${name}` }),
      );
  });
  test.each([
    'assume "commission_bps": 5 for this',
    'assume \\"commission_bps\\": 5',
    'commission_bps=5',
    'with slippage_bps of 0',
    'set max_drawdown to .9',
    'slippageBps: 0',
    'min-trades = 1',
    '"costs": {"x": 0}',
    'com\u200bmission_bps: 5',
    'ｃｏｍｍｉｓｓｉｏｎ_bps: 5',
  ])('is found inside a text: %s', (text) => {
    expect(withText(text).findings).toContainEqual(expect.objectContaining({ rule: 'policy_keys', pointer: '/rationale' }));
  });
  test.each([
    'costs stay small',
    'a small maximum drawdown of 17.5 %',
    'fraction of days',
    'the gates: strict',
    'commission_bps is left to the policy',
  ])('prose passes: %s', (text) => expect(withText(text).passed).toBe(true));
});

describe('code', () => {
  test.each([
    '<script>alert(1)</script>',
    '<SCRIPT src=x>',
    '<img src=x onerror="x()">',
    '```python\nx\n```',
    'run #!/bin/sh',
    'function f(x) { return x }',
    '(a, b) => a + b',
    'lambda x: x + 1',
    'def f(x): pass',
    'import pandas as pd\nnext',
    "import x from 'y'",
    "require('fs')",
    'eval("1")',
    '__import__("os")',
    'process.env.KEY',
    'const x = 1;',
    'SELECT password FROM users',
    'select * from jobs where 1=1',
    "x'; DROP TABLE jobs",
    'rm -rf /',
    'curl https://evil.test',
    'cat x | sh',
    '$(whoami)',
    '<scr\u200bipt>',
  ])('is found: %s', (text) => {
    expect(withText(text).findings).toContainEqual(expect.objectContaining({ rule: 'code', pointer: '/rationale' }));
  });
  test.each([
    'select the fast average from the last year',
    'price is a function of demand (and supply)',
    'entry<30 and exit>60',
    'the system (long only) may drop; import prices fall',
    'we update the average and set the stop',
    'returns from momentum',
    'a link between A & B, 50/150',
  ])('prose passes: %s', (text) => expect(withText(text).passed).toBe(true));
});

describe('holdout_leakage', () => {
  test.each([
    '2014-03-05',
    '2014-03',
    '2014/3/5',
    '2014.03.05',
    '20140305',
    '05.03.2014',
    '3/5/2014',
    '03/2014',
    'March 2014',
    'Mar 2014',
    'March 5, 2014',
    '5th of March 2014',
    '5-Mar-2014',
    "Mar '14",
    'Mar-14',
    "'14",
    'in 2014',
    'mid-2014',
    '2009-2014',
    '2009–2014',
    '2012,2014',
    'Q1 2014',
    '2014Q1',
    '2014 Q3',
    'two thousand and fourteen',
    'twenty fourteen',
    '２０１４',
    '20\u200b14',
    '2015',
    '2018',
    'December 31, 2015',
    '2013-01-01',
  ])('a date in any common form is found: %s', (date) => {
    expect(withText(`as seen ${date} already`).findings).toContainEqual(
      expect.objectContaining({ rule: 'holdout_leakage', pointer: '/rationale' }),
    );
  });
  test.each([
    'the holdout Sharpe ratio was 0.9',
    'a Sharpe ratio of 0.9 on the holdout',
    'it earned 12 % in the hold-out',
    'held-out returns of 5 %',
    'the holdout showed a 12 % return',
  ])('a figure said of the holdout is found: %s', (text) => expect(rulesOf(withText(text))).toEqual(['holdout_leakage']));
  test('an evaluation window that reaches into the holdout is found', () => {
    const report = judge({ ...clean, evaluation: { start: '2010-01-04', end: '2013-02-01' } });
    expect(report.findings).toContainEqual(expect.objectContaining({ rule: 'holdout_leakage', pointer: '/evaluation/end' }));
  });
  test('a year that is mostly open passes, one that is mostly closed does not', () => {
    const inYear = (start: string) => judge({ ...clean, rationale: 'until 2013' }, { holdout: { start, end: '2015-12-31' } }).passed;
    expect(inYear('2013-09-01')).toBe(true);
    expect(inYear('2013-03-01')).toBe(false);
  });
  test.each([
    'the crash of 2008',
    '2014 bars',
    '$2014',
    '1.2014',
    'a 2014% gain',
    'May 12',
    'the last 20 % are kept as holdout',
    'it passed the holdout check',
  ])('passes: %s', (text) => expect(withText(text).passed).toBe(true));
  test('no day before the holdout is ever a leak, whatever its form', () => {
    const forms = [
      (y: number, m: string, d: string) => `${y}-${m}-${d}`,
      (y: number, m: string, d: string) => `${d}.${m}.${y}`,
      (y: number, m: string, d: string) => `${y}/${m}/${d}`,
      (y: number, m: string) => `${y}-${m}`,
      (y: number) => `in ${y}`,
      (y: number, _: string, d: string) => `March ${Number(d)}, ${y}`,
    ];
    fc.assert(
      fc.property(
        fc.integer({ min: 1950, max: 2012 }),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 28 }),
        fc.constantFrom(...forms),
        (y, m, d, form) => {
          expect(withText(`seen ${form(y, String(m).padStart(2, '0'), String(d).padStart(2, '0'))} there`).passed).toBe(true);
        },
      ),
    );
  });
});

describe('truncation', () => {
  test.each(['length', 'content-filter', 'error'] as const)('finish_reason %s is found', (finish_reason) => {
    expect(rulesOf(judge(clean, { finish_reason }))).toEqual(['truncation']);
  });
});

test('blueprints of plain words pass whatever their parameters', () => {
  const word = fc.constantFrom(
    'trend',
    'average',
    'markets',
    'fall',
    'slowly',
    'when',
    'volatility',
    'clusters',
    'and',
    'the',
    'index',
    'of',
    'costs',
    'long-term',
    '50-day',
    '200',
    '2 %',
    '1.5',
  );
  const strategy = fc.record({
    type: fc.constant('sma_crossover' as const),
    fast: fc.integer({ min: 2, max: 100 }),
    slow: fc.integer({ min: 101, max: 400 }),
  });
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 40 }), strategy, (words, chosen) => {
      expect(judge({ ...clean, rationale: words.join(' '), strategy: chosen }).findings).toEqual([]);
    }),
  );
});

test('nothing makes the guard throw, and findings are counted beyond those kept', () => {
  fc.assert(fc.property(fc.oneof(fc.json(), fc.string({ unit: 'binary' })), (text) => void guard(text, context)));
  const many = judge({ ...clean, notes: Array.from({ length: 300 }, (_, i) => `in 2014, note ${i}`) });
  expect(many.findings).toHaveLength(100);
  expect(many.finding_count).toBeGreaterThanOrEqual(300);
});

test('a hostile output of 200 KB is judged in bounded time', () => {
  for (const unit of [
    '2014 ',
    'SELECT ',
    'holdout sharpe ',
    '(',
    '<a ',
    '"costs" ',
    'function (',
    'commission_bps ',
    '$(',
    '1,',
    'March ',
  ]) {
    const started = performance.now();
    judge({ ...clean, rationale: unit.repeat(200_000 / unit.length) }, { numbers: { values: [1], windows: [], names: [] } });
    expect(performance.now() - started, unit).toBeLessThan(3000);
  }
});
