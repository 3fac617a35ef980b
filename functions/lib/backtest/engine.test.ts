import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { barsOf } from '../../../test/fixtures/market.ts';
import { simulate } from './engine.ts';

const FREE = { commission_bps: 0, slippage_bps: 0 };
const bits = (text: string): Uint8Array => Uint8Array.from(text, Number);

describe('engine', () => {
  it('fills at the open after the signal, both ways', () => {
    const bars = barsOf([100, 100, 110, 121, 121, 60]);
    const sleeve = simulate(bars, 0, bits('010100'), FREE, 1000);
    // Bought at the third open (100), sold at the fourth (110), bought at the fifth (121), sold at the sixth (121).
    expect(sleeve.trades.map((t) => [t.entry_date, t.entry_price, t.exit_date, t.exit_price])).toEqual([
      ['2020-01-03', 100, '2020-01-04', 110],
      ['2020-01-05', 121, '2020-01-06', 121],
    ]);
    expect([...sleeve.equity]).toEqual([1000, 1000, 1100, 1100, 1100, 1100]);
    expect([...sleeve.held].join('')).toBe('001010');
  });

  it('charges commission and slippage on both sides, and nothing else', () => {
    const bars = barsOf([100, 100, 100, 100]);
    const sleeve = simulate(bars, 0, bits('1000'), { commission_bps: 10, slippage_bps: 20 }, 1000);
    const after = (1000 / (100 * 1.002 * 1.001)) * 100 * 0.998 * 0.999;
    expect(sleeve.equity[3]).toBeCloseTo(after, 9);
    expect(sleeve.trades[0]?.profit).toBeCloseTo(after - 1000, 9);
    expect(sleeve.trades[0]?.return).toBeCloseTo(after / 1000 - 1, 12);
  });

  it('never trades on the first day and values an open position at the last close', () => {
    const sleeve = simulate(barsOf([100, 110, 120]), 0, bits('111'), FREE, 100);
    expect([...sleeve.equity]).toEqual([100, 110, 120]);
    expect(sleeve.trades).toMatchObject([{ entry_date: '2020-01-02', exit_date: null, exit_price: 120, bars: 1 }]);
  });

  it('keeps signals of the warm-up out of the account', () => {
    const sleeve = simulate(barsOf([1, 2, 4, 8]), 2, bits('1100'), FREE, 100);
    expect([...sleeve.equity]).toEqual([100, 100]);
  });

  it('never ends a day richer at higher costs', () => {
    const market = fc.array(fc.tuple(fc.double({ min: 1, max: 1000, noNaN: true }), fc.integer({ min: 0, max: 1 })), {
      minLength: 2,
      maxLength: 60,
    });
    const bps = fc.integer({ min: 0, max: 300 });
    fc.assert(
      fc.property(market, bps, bps, bps, (days, commission_bps, slippage_bps, more) => {
        const bars = barsOf(days.map(([close]) => close));
        const target = Uint8Array.from(days, ([, wanted]) => wanted);
        const cheap = simulate(bars, 0, target, { commission_bps, slippage_bps }, 1000).equity;
        for (const costs of [
          { commission_bps: commission_bps + more, slippage_bps },
          { commission_bps, slippage_bps: slippage_bps + more },
        ])
          simulate(bars, 0, target, costs, 1000).equity.forEach((value, i) =>
            expect(value).toBeLessThanOrEqual((cheap[i] ?? 0) * (1 + 1e-12)),
          );
      }),
    );
  });
});
