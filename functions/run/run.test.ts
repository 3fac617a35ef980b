import { describe, expect, it } from 'vitest';
import { BacktestResult } from '../../contracts/backtest-result.ts';
import type { RunSpec } from '../../contracts/runspec.ts';
import { barsOf, exampleSpec, runspecOf, sampleSnapshot } from '../../test/fixtures/market.ts';
import { compileBlueprint } from '../compile/compile.ts';
import { sha256Hex } from '../lib/hash.ts';
import { run } from './run.ts';

const { manifest, bars } = sampleSnapshot();
const spec = exampleSpec('blueprint-breakout');
if (spec.kind !== 'blueprint') throw new Error('the example is a blueprint job');
const runspec = compileBlueprint({ spec, blueprint: spec.blueprint, snapshot: manifest, bars });

const outputOf = (docs: { runspec: RunSpec; snapshot_data: typeof bars }) => {
  const input = {
    job_id: '0123456789ab',
    run_id: 'run-1',
    state: 'Run',
    visit: 1,
    at: '2026-01-01T00:00:00.000Z',
    refs: {},
    facts: {},
    job: null,
  };
  const output = run.run({ ...input, docs }, { ask: () => Promise.reject(new Error('no model is asked')) });
  if (output instanceof Promise) throw new Error('a backtest waits for nothing');
  return output;
};
const filesOf = (docs: { runspec: RunSpec; snapshot_data: typeof bars }): Record<string, string> =>
  Object.fromEntries(outputOf(docs).artifacts.map((a) => [a.path, a.body]));

const sample = filesOf({ runspec, snapshot_data: bars });
const file = (name: string): string => sample[`outputs/run/${name}`] ?? '';

describe('run', () => {
  it('writes result, curves and charts, byte for byte the same on any machine', () => {
    expect(Object.fromEntries(Object.entries(sample).map(([path, body]) => [path, sha256Hex(body)]))).toMatchInlineSnapshot(`
      {
        "outputs/run/drawdown.svg": "2b86b91b00f02fc1946d41994816c0232c1aaa1c52567d1dd34223249baca7ee",
        "outputs/run/equity.csv": "f37906a2303dc3fa548b66902c9234db58ae6711351cc15ffe3ce655f11ae106",
        "outputs/run/equity.svg": "c92b5cd76da22826aa567765efb74c59a32e7587fb21357c217e2ca71322d5db",
        "outputs/run/result.json": "1123273c17b28a1bc20f238a9bb12150ad026303d18032006a37f62ea0d3cce3",
        "outputs/run/trades.csv": "11c69f3c0c147d6abc7a62b9c0df0ff226843d8d2177774ae5322aa1e9aa82d2",
      }
    `);
  });

  it('names its CSV files by digest in the result', () => {
    const result = BacktestResult.parse(JSON.parse(file('result.json')));
    expect(result.equity_csv_sha256).toBe(sha256Hex(file('equity.csv')));
    expect(result.trades_csv_sha256).toBe(sha256Hex(file('trades.csv')));
  });

  it('has one equity row per day of the run, and one trade row per position', () => {
    const result = BacktestResult.parse(JSON.parse(file('result.json')));
    const [header, ...rows] = file('equity.csv').trimEnd().split('\n');
    expect(header).toBe('date,equity,benchmark,drawdown,benchmark_drawdown,invested');
    expect(rows).toHaveLength(result.windows.full.strategy.days + 1);
    expect(rows[0]).toBe('2001-01-02,100000.0000,100000.0000,0.00000000,0.00000000,0.0000');
    expect(file('trades.csv').trimEnd().split('\n')).toHaveLength(1 + result.windows.full.strategy.trades + result.open_positions);
  });

  it('tells the headline in the event', () => {
    const { event } = outputOf({ runspec, snapshot_data: bars });
    expect(event?.event_type).toBe('RUN_COMPLETED');
    expect(event?.message).toMatch(/^CAGR 2\.2 %, Sharpe 0\.31 \(buy-and-hold 0\.29\), largest drawdown 17\.1 %, 17 round trips$/);
    expect(event?.outputs).toMatchObject({ result_sha256: sha256Hex(file('result.json')), full: { trades: 17 } });
  });
});

const tags = (svg: string): string[] => [...svg.matchAll(/<([a-zA-Z]+)/g)].map(([, tag]) => tag ?? '');

describe('charts', () => {
  it.each(['equity.svg', 'drawdown.svg'])('%s has labelled axes, direct labels, both themes and no script', (name) => {
    const svg = file(name);
    expect(svg).toMatch(/, % /);
    expect(svg).toContain('>Date</text>');
    expect(svg).toContain('>Strategy<tspan');
    expect(svg).toContain('>Buy &amp; hold<tspan');
    expect(svg).toContain('prefers-color-scheme:dark');
    expect(new Set(tags(svg))).toEqual(new Set(['svg', 'title', 'desc', 'style', 'rect', 'text', 'tspan', 'path', 'g']));
    expect(svg).not.toMatch(/NaN|Infinity|undefined|\son[a-z]+=|href/);
  });

  it('draws both charts on the same time axis', () => {
    const axis = (svg: string): string[] =>
      [...svg.matchAll(/<text x="([\d.]+)" y="\d+" text-anchor="middle" stroke="none">(\d{4})<\/text>/g)].map(
        ([, x, year]) => `${year} ${x}`,
      );
    expect(axis(file('equity.svg')).length).toBeGreaterThan(3);
    expect(axis(file('drawdown.svg'))).toEqual(axis(file('equity.svg')));
  });

  it('escapes a name that tries to be markup', () => {
    const files = filesOf({ runspec: { ...runspec, name: '</title><script>alert(1)</script>"&' }, snapshot_data: bars });
    expect(files['outputs/run/equity.svg']).toContain('&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot;&amp;');
    expect(files['outputs/run/drawdown.svg']).not.toContain('<script');
  });

  it('draws short runs, and runs in which nothing happens', () => {
    const short = runspecOf({ type: 'momentum', lookback: 5, threshold: 0.5 }, { train: 2, evaluation: 2, holdout: 2 });
    const files = filesOf({ runspec: short, snapshot_data: barsOf([5, 5, 5, 5, 5, 5]) });
    expect(files['outputs/run/equity.svg']).not.toMatch(/NaN|Infinity/);
    expect(files['outputs/run/drawdown.svg']).not.toMatch(/NaN|Infinity/);
    expect(BacktestResult.parse(JSON.parse(files['outputs/run/result.json'] ?? '')).windows.full.strategy).toMatchObject({
      sharpe: null,
      trades: 0,
    });
  });
});
