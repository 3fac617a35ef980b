import { describe, expect, it } from 'vitest';
import { barsOf } from '../../../test/fixtures/market.ts';
import { barsNeeded, targets } from './strategies.ts';

const wanted = (...args: Parameters<typeof targets>): string => [...targets(...args)].join('');

describe('strategies', () => {
  it('sma_crossover is long while the fast average is above the slow one', () => {
    const bars = barsOf([10, 10, 10, 10, 10, 12, 14, 9, 5, 5]);
    expect(wanted({ type: 'sma_crossover', fast: 2, slow: 5 }, bars, 0)).toBe('0000011100');
  });

  it('momentum is long while the return over the lookback exceeds the threshold', () => {
    const bars = barsOf([100, 100, 100, 100, 100, 105, 111, 100]);
    expect(wanted({ type: 'momentum', lookback: 5, threshold: 0.1 }, bars, 0)).toBe('00000010');
  });

  it('rsi_reversion enters below entry and holds until above exit', () => {
    // RSI(2) from the third bar: 0, 0, 50, 75, 87.5.
    const bars = barsOf([10, 9, 8, 7, 8, 9, 10]);
    expect(wanted({ type: 'rsi_reversion', period: 2, entry: 10, exit: 70 }, bars, 0)).toBe('0011100');
  });

  it('breakout enters above the prior high and leaves below the prior low', () => {
    const bars = barsOf([5, 6, 5, 6, 5, 7, 7, 6, 8, 5, 6]);
    expect(wanted({ type: 'breakout', entry_window: 5, exit_window: 2 }, bars, 0)).toBe('00000111100');
  });

  it('decides nothing before the run, but has its indicators warm when the run begins', () => {
    const bars = barsOf([1, 2, 3, 4, 5, 6, 7]);
    expect(wanted({ type: 'sma_crossover', fast: 2, slow: 5 }, bars, 5)).toBe('0000011');
  });

  it('names the bars it needs', () => {
    expect(barsNeeded({ type: 'sma_crossover', fast: 2, slow: 5 })).toBe(5);
    expect(barsNeeded({ type: 'momentum', lookback: 10, threshold: 0 })).toBe(11);
    expect(barsNeeded({ type: 'rsi_reversion', period: 14, entry: 30, exit: 60 })).toBe(15);
    expect(barsNeeded({ type: 'breakout', entry_window: 20, exit_window: 50 })).toBe(51);
  });
});
