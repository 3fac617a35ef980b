import type { Metrics } from '../../../contracts/backtest-result.ts';

/** Trading days per year used to annualise daily figures. */
const TRADING_DAYS = 252;
const DAYS_PER_YEAR = 365.25;
const DAY_MS = 86_400_000;

/** What one account did in a window. `equity[0]` is the value before the window's first return. */
export type WindowSeries = {
  /** Dates of `equity`, oldest first. */
  dates: readonly string[];
  equity: readonly number[];
  /** Share of capital slots invested at each close after the first, 0-1. */
  invested: readonly number[];
  /** Money bought and sold in the window, both sides added. */
  traded: number;
  /** Profits of the round trips that ended in the window. */
  profits: readonly number[];
};

/** Rounded to 8 decimals, so that the last bits of pow cannot tell two machines apart. */
export const round8 = (value: number): number => Number(value.toFixed(8)) + 0;

const mean = (values: Iterable<number> & { length: number }): number => {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
};

const returnsOf = (equity: readonly number[]): Float64Array => {
  const returns = new Float64Array(Math.max(0, equity.length - 1));
  for (let i = 0; i < returns.length; i++) returns[i] = (equity[i + 1] ?? 0) / (equity[i] ?? 0) - 1;
  return returns;
};

const years = (dates: readonly string[]): number => (Date.parse(dates.at(-1) ?? '') - Date.parse(dates[0] ?? '')) / DAY_MS / DAYS_PER_YEAR;

/** Fall from the peak so far at each point, as a positive fraction of that peak. */
export const drawdowns = (equity: readonly number[]): number[] => {
  let peak = 0;
  return equity.map((value) => {
    if (value > peak) peak = value;
    return 1 - value / peak;
  });
};

const largest = (values: readonly number[]): number => {
  let found = 0;
  for (const value of values) found = Math.max(found, value);
  return found;
};

/**
 * Performance of a window. Daily simple returns r of n days, risk-free rate 0, 252 trading days a year.
 *
 * - cagr: (last / first)^(1 / years) - 1, years = calendar days / 365.25 (CFA Institute, GIPS: geometric annual return).
 * - volatility: sample standard deviation of r (n - 1) x sqrt(252).
 * - sharpe: mean(r) / stdev(r) x sqrt(252). Source: W. F. Sharpe, "The Sharpe Ratio", J. Portfolio Management 21 (1994).
 * - sortino: mean(r) / sqrt(mean(min(r, 0)^2)) x sqrt(252), target 0, all n days in the denominator.
 *   Source: F. A. Sortino, L. N. Price, "Performance Measurement in a Downside Risk Framework", J. Investing 3 (1994).
 * - max_drawdown: largest 1 - value / peak so far (Magdon-Ismail, Atiya, "Maximum Drawdown", Risk 17 (2004)).
 * - turnover: (bought + sold) / 2 / mean equity / years: how often the account is replaced per year.
 * - exposure: mean share of capital slots invested at the close.
 * - win_rate: winning / all round trips that ended in the window.
 *
 * A ratio without a denominator (no deviation, no trade) is null, never 0 or Infinity.
 */
export const metricsOf = (window: WindowSeries): Metrics => {
  const { equity } = window;
  const returns = returnsOf(equity);
  const first = equity[0] ?? Number.NaN;
  const last = equity.at(-1) ?? Number.NaN;
  const span = years(window.dates);
  const average = mean(returns);
  let [squares, losses] = [0, 0];
  for (const r of returns) {
    squares += (r - average) * (r - average);
    if (r < 0) losses += r * r;
  }
  const deviation = returns.length > 1 ? Math.sqrt(squares / (returns.length - 1)) : 0;
  const downside = Math.sqrt(losses / returns.length);
  const ratio = (denominator: number): number | null =>
    denominator > 0 ? round8((average / denominator) * Math.sqrt(TRADING_DAYS)) : null;
  return {
    days: returns.length,
    total_return: round8(last / first - 1),
    cagr: round8((last / first) ** (1 / span) - 1),
    volatility: round8(deviation * Math.sqrt(TRADING_DAYS)),
    sharpe: ratio(deviation),
    sortino: ratio(downside),
    max_drawdown: round8(largest(drawdowns(equity))),
    turnover: round8(window.traded / 2 / mean(equity) / span),
    exposure: round8(mean(window.invested)),
    trades: window.profits.length,
    win_rate: window.profits.length ? round8(window.profits.filter((p) => p > 0).length / window.profits.length) : null,
  };
};
