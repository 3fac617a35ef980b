import { describe, expect, it } from 'vitest';
import { priorHigh, priorLow, rateOfChange, rsi, sma } from './indicators.ts';

const series = (...values: number[]): Float64Array => Float64Array.from(values);

describe('indicators', () => {
  it('averages the last values, the current one included, and has none before there are enough', () => {
    expect([...sma(series(1, 2, 3, 4, 8), 3)]).toEqual([Number.NaN, Number.NaN, 2, 3, 5]);
  });

  it('measures the return over the lookback', () => {
    expect([...rateOfChange(series(100, 110, 121, 99), 2)]).toEqual([
      Number.NaN,
      Number.NaN,
      expect.closeTo(0.21, 12),
      expect.closeTo(-0.1, 12),
    ]);
  });

  it('smooths gains and losses as Wilder does', () => {
    // Changes +2, -1, +1, -2 with period 2: averages 1 and 0.5; then 1 and 0.25; then 0.5 and 1.125.
    const [, , second, third, fourth] = rsi(series(10, 12, 11, 12, 10), 2);
    expect(second).toBeCloseTo(100 * (1 / 1.5), 10);
    expect(third).toBeCloseTo(80, 10);
    expect(fourth).toBeCloseTo(100 * (0.5 / 1.625), 10);
  });

  it('puts RSI at 100 without losses, 0 without gains and 50 without any change', () => {
    expect(rsi(series(1, 2, 3), 2)[2]).toBe(100);
    expect(rsi(series(3, 2, 1), 2)[2]).toBe(0);
    expect(rsi(series(5, 5, 5), 2)[2]).toBe(50);
  });

  it('takes the extremes of the bars before the current one', () => {
    expect([...priorHigh(series(3, 1, 2, 9), 2)]).toEqual([Number.NaN, Number.NaN, 3, 2]);
    expect([...priorLow(series(3, 1, 2, 0), 2)]).toEqual([Number.NaN, Number.NaN, 1, 1]);
  });
});
