import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BacktestResult } from '../../../contracts/backtest-result.ts';
import type { Strategy } from '../../../contracts/blueprint.ts';
import type { Bar } from '../../../contracts/snapshot.ts';
import { barsOf, defaultPolicy, runspecOf } from '../../../test/fixtures/market.ts';
import { canonicalJson } from '../canonical-json.ts';
import { backtest, summarize } from './backtest.ts';
import { equityCsv, tradesCsv } from './csv.ts';

const STRATEGIES: Strategy[] = [
  { type: 'sma_crossover', fast: 2, slow: 5 },
  { type: 'momentum', lookback: 5, threshold: 0.01 },
  { type: 'rsi_reversion', period: 2, entry: 40, exit: 60 },
  { type: 'breakout', entry_window: 5, exit_window: 3 },
];
const DAYS = { warmup: 10, train: 30, evaluation: 10, holdout: 10 };
const TOTAL = 60;
const closes = fc.array(fc.double({ min: 50, max: 150, noNaN: true }), { minLength: TOTAL, maxLength: TOTAL });
const strategy = fc.constantFrom(...STRATEGIES);
const wave = Array.from({ length: TOTAL }, (_, i) => 100 + ((i * 7) % 13) + i / 3);

describe('backtest', () => {
  it('does not look ahead: another future after day t leaves everything up to t unchanged', () => {
    fc.assert(
      fc.property(closes, closes, strategy, fc.integer({ min: DAYS.warmup, max: TOTAL - 2 }), (past, future, rule, t) => {
        const runspec = runspecOf(rule, DAYS);
        const one = backtest(runspec, barsOf(past)).curve;
        const other = backtest(runspec, barsOf([...past.slice(0, t + 1), ...future.slice(t + 1)])).curve;
        const seen = t + 1 - DAYS.warmup;
        expect(other.equity.slice(0, seen)).toEqual(one.equity.slice(0, seen));
        expect(other.invested.slice(0, seen)).toEqual(one.invested.slice(0, seen));
        expect(other.benchmark.slice(0, seen)).toEqual(one.benchmark.slice(0, seen));
      }),
    );
  });

  it('acts on a close no earlier than the next day', () => {
    fc.assert(
      fc.property(
        closes,
        strategy,
        fc.integer({ min: DAYS.warmup, max: TOTAL - 2 }),
        fc.double({ min: 1, max: 1000, noNaN: true }),
        (past, rule, t, shock) => {
          const runspec = runspecOf(rule, DAYS);
          const bars = barsOf(past);
          const shocked = bars.map((bar, i) => (i === t ? { ...bar, close: shock } : bar));
          const held = (list: Bar[]): number | undefined => backtest(runspec, list).curve.invested[t - DAYS.warmup];
          expect(held(shocked)).toBe(held(bars));
        },
      ),
    );
  });

  it('ignores bars after the last day of the run', () => {
    const runspec = runspecOf({ type: 'momentum', lookback: 5, threshold: 0 }, DAYS);
    const longer = barsOf([...wave, 1, 1000, 1]);
    expect(summarize(runspec, backtest(runspec, longer))).toEqual(summarize(runspec, backtest(runspec, barsOf(wave))));
  });

  it('never earns more at stressed costs', () => {
    fc.assert(
      fc.property(closes, strategy, fc.double({ min: 1, max: 5, noNaN: true }), (prices, rule, multiple) => {
        const runspec = runspecOf(rule, DAYS);
        const [plain, stressed] = [backtest(runspec, barsOf(prices)), backtest(runspec, barsOf(prices), multiple)].map(
          (b) => b.curve.equity.at(-1) ?? 0,
        );
        expect(stressed).toBeLessThanOrEqual((plain ?? 0) * (1 + 1e-12));
      }),
    );
  });

  it('gives the same bytes twice, whatever the prices', () => {
    fc.assert(
      fc.property(closes, strategy, (prices, rule) => {
        const runspec = runspecOf(rule, DAYS);
        const text = (): string => {
          const outcome = backtest(runspec, barsOf(prices));
          return (
            canonicalJson(BacktestResult.parse(summarize(runspec, outcome))) + equityCsv(outcome.curve) + tradesCsv(outcome.strategy.trades)
          );
        };
        expect(text()).toBe(text());
      }),
      { numRuns: 30 },
    );
  });

  it('chains windows: their returns multiply to the return of the whole run', () => {
    const runspec = runspecOf({ type: 'sma_crossover', fast: 2, slow: 5 }, DAYS);
    const { windows } = summarize(runspec, backtest(runspec, barsOf(wave)));
    for (const side of ['strategy', 'benchmark'] as const) {
      const product = (['train', 'evaluation', 'holdout'] as const).reduce(
        (value, name) => value * (1 + windows[name][side].total_return),
        1,
      );
      expect(product).toBeCloseTo(1 + windows.full[side].total_return, 6);
    }
    expect(windows.train.strategy.days + windows.evaluation.strategy.days).toBe(windows.research.strategy.days);
    expect(windows.research.strategy.trades + windows.holdout.strategy.trades).toBe(windows.full.strategy.trades);
  });

  it('gives each symbol an equal, independent share', () => {
    const policy = { ...defaultPolicy(), costs: { commission_bps: 0, slippage_bps: 0 } };
    const rule: Strategy = { type: 'momentum', lookback: 5, threshold: 0 };
    const falling = wave.map((price) => 200 - price);
    const both = runspecOf(rule, DAYS, { symbols: ['AAA', 'BBB'], policy });
    const together = backtest(both, [...barsOf(wave), ...barsOf(falling, '2020-01-01', 'BBB')]).curve.equity;
    const alone = [wave, falling].map((prices) => backtest(runspecOf(rule, DAYS, { policy }), barsOf(prices)).curve.equity);
    together.forEach((value, i) => expect(value).toBeCloseTo(((alone[0]?.[i] ?? 0) + (alone[1]?.[i] ?? 0)) / 2, 6));
  });

  it('carries a sleeve over days on which its symbol has no bar', () => {
    const runspec = runspecOf({ type: 'momentum', lookback: 5, threshold: -0.5 }, DAYS, { symbols: ['AAA', 'BBB'] });
    const gap = barsOf(wave, '2020-01-01', 'BBB').filter((_, i) => i !== 30);
    const { curve } = backtest(runspec, [...barsOf(wave), ...gap]);
    expect(curve.dates).toHaveLength(TOTAL - DAYS.warmup);
    expect(curve.invested[30 - DAYS.warmup]).toBe(1);
  });

  it('refuses to report an account that is not a number', () => {
    const runspec = runspecOf({ type: 'momentum', lookback: 5, threshold: -0.5 }, DAYS);
    expect(() => backtest(runspec, barsOf(wave.map((price, i) => (i === TOTAL - 1 ? Number.NaN : price))))).toThrow(
      /check the prices of AAA/,
    );
  });
});
