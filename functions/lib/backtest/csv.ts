import type { Trade } from './engine.ts';
import { drawdowns } from './metrics.ts';

/** The account and buy-and-hold at each close, and the share of capital that was invested. */
export type Curve = { dates: string[]; equity: number[]; benchmark: number[]; invested: number[] };

const NEGATIVE_ZERO = /^-0(\.0*)?$/;

// "-0.00" and "0.00": two texts for one number would be two digests.
const fixed = (value: number, decimals: number): string => {
  const text = value.toFixed(decimals);
  return value < 0 && NEGATIVE_ZERO.test(text) ? text.slice(1) : text;
};

/** `fixed` for columns that say the same few numbers again and again. */
const fixedAgain = (decimals: number): ((value: number) => string) => {
  let [last, text] = [0, fixed(0, decimals)];
  return (value) => {
    if (value !== last) [last, text] = [value, fixed(value, decimals)];
    return text;
  };
};

/** `date,equity,benchmark,drawdown,benchmark_drawdown,invested`: money to 4 decimals, drawdowns as positive fractions. */
export const equityCsv = (curve: Curve): string => {
  const own = drawdowns(curve.equity);
  const other = drawdowns(curve.benchmark);
  const [fall, otherFall, share] = [fixedAgain(8), fixedAgain(8), fixedAgain(4)];
  const rows = curve.dates.map(
    (date, i) =>
      `${date},${fixed(curve.equity[i] ?? 0, 4)},${fixed(curve.benchmark[i] ?? 0, 4)},${fall(own[i] ?? 0)},${otherFall(other[i] ?? 0)},${share(curve.invested[i] ?? 0)}\n`,
  );
  return `date,equity,benchmark,drawdown,benchmark_drawdown,invested\n${rows.join('')}`;
};

/** One row per round trip, oldest entry first; `exit_date` is empty for a position still open on the last day. */
export const tradesCsv = (trades: readonly Trade[]): string => {
  const rows = trades.map((t) =>
    [
      t.symbol,
      t.entry_date,
      fixed(t.entry_price, 6),
      t.exit_date ?? '',
      fixed(t.exit_price, 6),
      fixed(t.shares, 8),
      fixed(t.profit, 4),
      fixed(t.return, 8),
      t.bars,
    ].join(','),
  );
  return `symbol,entry_date,entry_price,exit_date,exit_price,shares,profit,return,bars\n${rows.map((row) => `${row}\n`).join('')}`;
};
