import { describe, expect, it } from 'vitest';
import { drawdowns, metricsOf, round8 } from './metrics.ts';

const flat = { invested: [0, 0], traded: 0, profits: [] };

describe('metrics', () => {
  it('match hand-computed numbers', () => {
    // Daily returns +10 %, -10 %, +20 %, over 91 calendar days.
    const m = metricsOf({
      dates: ['2021-01-01', '2021-02-01', '2021-03-01', '2021-04-02'],
      equity: [100, 110, 99, 118.8],
      invested: [1, 0, 1],
      traded: 300,
      profits: [5, -1, 3],
    });
    const mean = 0.2 / 3;
    const deviation = Math.sqrt(((0.1 - mean) ** 2 + (-0.1 - mean) ** 2 + (0.2 - mean) ** 2) / 2);
    const years = 91 / 365.25;
    expect(m.days).toBe(3);
    expect(m.total_return).toBeCloseTo(0.188, 8);
    expect(m.cagr).toBeCloseTo(1.188 ** (1 / years) - 1, 7);
    expect(m.volatility).toBeCloseTo(deviation * Math.sqrt(252), 7);
    expect(m.sharpe).toBeCloseTo((mean / deviation) * Math.sqrt(252), 7);
    expect(m.sortino).toBeCloseTo((mean / Math.sqrt(0.01 / 3)) * Math.sqrt(252), 7);
    expect(m.max_drawdown).toBeCloseTo(0.1, 8);
    expect(m.turnover).toBeCloseTo(150 / ((100 + 110 + 99 + 118.8) / 4) / years, 7);
    expect(m.exposure).toBeCloseTo(2 / 3, 8);
    expect(m.trades).toBe(3);
    expect(m.win_rate).toBeCloseTo(2 / 3, 8);
  });

  it('calls a year of doubling a CAGR of 100 %', () => {
    const m = metricsOf({ dates: ['2020-01-01', '2024-01-01'], equity: [1, 16], invested: [1], traded: 0, profits: [] });
    expect(m.cagr).toBeCloseTo(1, 8);
  });

  it('has no ratio where there is no deviation, and no win rate without trades', () => {
    const m = metricsOf({ dates: ['2020-01-01', '2020-01-02', '2020-01-03'], equity: [100, 100, 100], ...flat });
    expect(m).toMatchObject({ sharpe: null, sortino: null, win_rate: null, volatility: 0, cagr: 0, max_drawdown: 0, trades: 0 });
  });

  it('has no Sortino ratio when no day lost', () => {
    const m = metricsOf({ dates: ['2020-01-01', '2020-01-02', '2020-01-03'], equity: [100, 101, 103], ...flat });
    expect(m.sortino).toBeNull();
    expect(m.sharpe).toBeGreaterThan(0);
  });

  it('measures each fall from the peak so far', () => {
    expect(drawdowns([100, 80, 120, 90]).map(round8)).toEqual([0, 0.2, 0, 0.25]);
  });

  it('rounds to 8 decimals and knows one zero', () => {
    expect(round8(1 / 3)).toBe(0.33333333);
    expect(Object.is(round8(-1e-12), 0)).toBe(true);
  });
});
