import { describe, expect, it } from 'vitest';
import type { Metrics, WindowResult } from '../../contracts/backtest-result.ts';
import type { Strategy } from '../../contracts/blueprint.ts';
import { GateReport } from '../../contracts/gate-report.ts';
import { blueprintOf, defaultPolicy, exampleSpec, sampleSnapshot } from '../../test/fixtures/market.ts';
import { compileBlueprint } from '../compile/compile.ts';
import { backtest, summarize } from '../lib/backtest/backtest.ts';
import { gates, gather, judge } from './gates.ts';

const metrics = (more: Partial<Metrics>): Metrics => ({
  days: 100,
  total_return: 0.1,
  cagr: 0.05,
  volatility: 0.1,
  sharpe: 0.5,
  sortino: 0.5,
  max_drawdown: 0.1,
  turnover: 1,
  exposure: 0.5,
  trades: 10,
  win_rate: 0.5,
  ...more,
});
const window = (strategy: Partial<Metrics> = {}, benchmark: Partial<Metrics> = {}): WindowResult => ({
  start: '2020-01-01',
  end: '2020-12-31',
  strategy: metrics(strategy),
  benchmark: metrics({ sharpe: 0.3, ...benchmark }),
});
const good = { train: window(), evaluation: window(), holdout: window(), research: window(), full: window() };
const evidence = { digests: ['a', 'a', 'a'], stressed_return: 0.05 };
const failed = (windows: Partial<typeof good>, more: Partial<typeof evidence> = {}): string[] =>
  judge(defaultPolicy(), { ...good, ...windows }, { ...evidence, ...more })
    .filter((v) => !v.passed)
    .map((v) => v.gate);

describe('gates', () => {
  it('pass a result that keeps every rule', () => {
    expect(failed({})).toEqual([]);
  });

  it.each([
    ['min_trades', { research: window({ trades: 4 }) }, {}],
    ['max_drawdown', { full: window({ max_drawdown: 0.351 }) }, {}],
    ['sharpe_excess', { research: window({ sharpe: 0.29 }) }, {}],
    ['holdout_degradation', { holdout: window({ sharpe: -0.51 }) }, {}],
    ['cost_stress', {}, { stressed_return: 0 }],
    ['determinism', {}, { digests: ['a', 'a', 'b'] }],
  ])('%s fails by its own rule alone', (gate, windows, more) => {
    expect(failed(windows, more)).toEqual([gate]);
  });

  it('accept a value that is exactly at its limit', () => {
    expect(
      failed({ research: window({ trades: 5, sharpe: 0.3 }), full: window({ max_drawdown: 0.35 }), holdout: window({ sharpe: -0.5 }) }),
    ).toEqual([]);
  });

  it('fail where a ratio is not defined', () => {
    expect(failed({ research: window({ sharpe: null }) })).toEqual(['sharpe_excess']);
    expect(failed({ holdout: window({ sharpe: null }) })).toEqual(['holdout_degradation']);
  });

  it('say what was measured and what it must be', () => {
    const [trades] = judge(defaultPolicy(), { ...good, research: window({ trades: 4 }) }, evidence);
    expect(trades?.message).toBe('the number of round trips in train and evaluation is 4; it must be at least 5');
  });
});

const { manifest, bars } = sampleSnapshot();
const runOf = (strategy: Strategy) => {
  const runspec = compileBlueprint({ spec: exampleSpec('idea-trend'), blueprint: blueprintOf(strategy), snapshot: manifest, bars });
  return { runspec, result: summarize(runspec, backtest(runspec, bars)) };
};
const judged = (strategy: Strategy): GateReport => {
  const docs = { ...runOf(strategy), snapshot_data: bars };
  const input = {
    job_id: '0123456789ab',
    run_id: 'run-1',
    state: 'Gates',
    visit: 1,
    at: '2026-01-01T00:00:00.000Z',
    refs: {},
    facts: {},
    job: null,
  };
  const output = gates.run({ ...input, docs }, { ask: () => Promise.reject(new Error('no model is asked')) });
  if (output instanceof Promise) throw new Error('gates wait for nothing');
  const report = GateReport.parse(JSON.parse(output.artifacts[0]?.body ?? ''));
  expect(output.facts).toEqual({ gates: report.passed ? 'passed' : 'failed' });
  expect(output.event).toMatchObject({ event_type: 'GATES_COMPLETED', outputs: { passed: report.passed, failed: report.failed } });
  return report;
};

describe('gates on the sample market', () => {
  it('pass a slow trend filter', () => {
    expect(judged({ type: 'sma_crossover', fast: 50, slow: 150 })).toMatchObject({ passed: true, failed: [] });
  });

  it('fail a rule that buys into bear markets', () => {
    expect(judged({ type: 'rsi_reversion', period: 14, entry: 30, exit: 60 })).toMatchObject({
      passed: false,
      failed: ['max_drawdown', 'sharpe_excess', 'cost_stress'],
    });
  });

  it('see a result that the specification does not produce', () => {
    const { runspec, result } = runOf({ type: 'momentum', lookback: 252, threshold: 0 });
    expect(new Set(gather(runspec, result, bars).digests).size).toBe(1);
    expect(new Set(gather(runspec, { ...result, final_equity: result.final_equity + 1 }, bars).digests).size).toBe(2);
  });

  it('stress costs by the multiple of the policy bundle', () => {
    const { runspec, result } = runOf({ type: 'sma_crossover', fast: 50, slow: 150 });
    expect(gather(runspec, result, bars).stressed_return).toBeLessThan(result.windows.full.strategy.total_return);
  });
});
