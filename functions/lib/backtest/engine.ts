import type { PolicyBundle } from '../../../contracts/policy-bundle.ts';
import type { Bar } from '../../../contracts/snapshot.ts';

export type Costs = PolicyBundle['costs'];

/** A round trip, or a position still open at the end (`exit_date` null, valued at the last close). Money is in units of capital. */
export type Trade = {
  symbol: string;
  entry_date: string;
  entry_price: number;
  exit_date: string | null;
  exit_price: number;
  shares: number;
  /** After commission and slippage of both sides. */
  profit: number;
  /** Profit as a fraction of the money put in, entry commission included. */
  return: number;
  bars: number;
};

/** One symbol's account, valued at each close from bar `from` on; index 0 is that bar. */
export type Sleeve = { dates: string[]; equity: Float64Array; held: Uint8Array; traded: Float64Array; trades: Trade[] };

type Position = { date: string; price: number; shares: number; paid: number; index: number };

const BPS = 10_000;

const closeTrade = (symbol: string, p: Position, exit: { date: string | null; price: number; received: number; index: number }): Trade => ({
  symbol,
  entry_date: p.date,
  entry_price: p.price,
  exit_date: exit.date,
  exit_price: exit.price,
  shares: p.shares,
  profit: exit.received - p.paid,
  return: (exit.received - p.paid) / p.paid,
  bars: exit.index - p.index,
});

/**
 * Trades one symbol: the target after the close of bar t is filled at the open of bar t+1, all in or all
 * out. Slippage moves the fill against the trade; commission is taken from the money traded.
 * `target[t]` must not depend on bars after t: this is what keeps the future out.
 */
export const simulate = (bars: readonly Bar[], from: number, target: Uint8Array, costs: Costs, capital: number): Sleeve => {
  const slip = costs.slippage_bps / BPS;
  const commission = costs.commission_bps / BPS;
  const days = bars.slice(from);
  const sleeve: Sleeve = {
    dates: days.map((bar) => bar.date),
    equity: new Float64Array(days.length),
    held: new Uint8Array(days.length),
    traded: new Float64Array(days.length),
    trades: [],
  };
  let cash = capital;
  let position: Position | null = null;
  for (const [i, bar] of days.entries()) {
    const wanted = i > 0 && target[from + i - 1] === 1;
    if (wanted && !position) {
      const price = bar.open * (1 + slip);
      const shares = cash / (price * (1 + commission));
      position = { date: bar.date, price, shares, paid: cash, index: i };
      sleeve.traded[i] = shares * price;
      cash = 0;
    } else if (!wanted && position) {
      const price = bar.open * (1 - slip);
      cash = position.shares * price * (1 - commission);
      sleeve.traded[i] = position.shares * price;
      sleeve.trades.push(closeTrade(bar.symbol, position, { date: bar.date, price, received: cash, index: i }));
      position = null;
    }
    sleeve.equity[i] = position ? position.shares * bar.close : cash;
    sleeve.held[i] = position ? 1 : 0;
  }
  const last = days.at(-1);
  if (position && last)
    sleeve.trades.push(
      closeTrade(last.symbol, position, { date: null, price: last.close, received: position.shares * last.close, index: days.length - 1 }),
    );
  return sleeve;
};
