import type { BacktestResult, WindowResult } from '../../../contracts/backtest-result.ts';
import type { Strategy, Window } from '../../../contracts/blueprint.ts';
import { PermanentError } from '../../../contracts/errors.ts';
import type { RunSpec } from '../../../contracts/runspec.ts';
import type { Bar } from '../../../contracts/snapshot.ts';
import { canonicalJson } from '../canonical-json.ts';
import { sha256Hex } from '../hash.ts';
import { type Curve, equityCsv, tradesCsv } from './csv.ts';
import { type Costs, type Sleeve, simulate, type Trade } from './engine.ts';
import { metricsOf, round8 } from './metrics.ts';
import { targets } from './strategies.ts';

/** Money of all sleeves together, per day of the run. */
type Account = { equity: number[]; invested: number[]; traded: number[]; trades: Trade[] };

export type Backtest = { curve: Curve; strategy: Account; benchmark: Account };

const span = (runspec: RunSpec): Window => ({ start: runspec.windows.train.start, end: runspec.windows.holdout.end });

/** How many of the sorted `values` come before the first that `reaches` accepts. */
const countBefore = <T>(values: readonly T[], reaches: (value: T) => boolean): number => {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const value = values[middle];
    if (value === undefined || reaches(value)) high = middle;
    else low = middle + 1;
  }
  return low;
};

/** Bars of one symbol up to the run's last day, and which of them is the first of the run. */
type Series = { bars: readonly Bar[]; from: number };

const seriesOf = (bars: readonly Bar[], symbol: string, { start, end }: Window): Series => {
  const first = countBefore(bars, (bar) => bar.symbol >= symbol);
  const after = countBefore(bars, (bar) => bar.symbol > symbol || (bar.symbol === symbol && bar.date > end));
  const own = bars.slice(first, after);
  return { bars: own, from: countBefore(own, ({ date }) => date >= start) };
};

/** The days of the run on which any symbol has a bar. */
const daysOf = (all: readonly Series[]): string[] => {
  const days = all.map(({ bars, from }) => bars.slice(from).map(({ date }) => date));
  const [only] = days;
  return only && days.length === 1 ? only : [...new Set(days.flat())].sort();
};

/** Buy-and-hold wants to be long at every close; null stands for it. */
const sleeveOf = ({ bars, from }: Series, rule: Strategy | null, costs: Costs, capital: number): Sleeve => {
  const wanted = rule ? targets(rule, bars, from) : new Uint8Array(bars.length).fill(1);
  return simulate(bars, from, wanted, costs, capital);
};

/** Adds sleeves up over the union of their days; on a day without a bar a sleeve keeps its last value. */
const together = (dates: readonly string[], sleeves: readonly Sleeve[], share: number): Account => {
  const next = sleeves.map(() => 0);
  const account: Account = { equity: [], invested: [], traded: [], trades: [] };
  for (const date of dates) {
    let [equity, invested, traded] = [0, 0, 0];
    for (const [s, sleeve] of sleeves.entries()) {
      const i = next[s] ?? 0;
      const today = sleeve.dates[i] === date;
      if (today) next[s] = i + 1;
      const at = today ? i : i - 1;
      equity += at < 0 ? share : (sleeve.equity[at] ?? share);
      invested += at < 0 ? 0 : (sleeve.held[at] ?? 0);
      traded += today ? (sleeve.traded[at] ?? 0) : 0;
    }
    account.equity.push(equity);
    account.invested.push(invested / sleeves.length);
    account.traded.push(traded);
  }
  const order = (t: Trade): string => `${t.entry_date} ${t.symbol}`;
  account.trades = sleeves.flatMap((sleeve) => sleeve.trades).sort((a, b) => (order(a) < order(b) ? -1 : 1));
  return account;
};

/**
 * Runs a specification over the bars of its snapshot, sorted by symbol, then date. Bars after the last day are cut off before
 * any indicator is computed; bars before its first day warm indicators up. `costMultiple` scales
 * commission and slippage for stress. Pure: the same arguments give the same bits.
 */
export const backtest = (runspec: RunSpec, bars: readonly Bar[], costMultiple = 1): Backtest => {
  const { commission_bps, slippage_bps } = runspec.policy.costs;
  const costs = { commission_bps: commission_bps * costMultiple, slippage_bps: slippage_bps * costMultiple };
  const share = runspec.policy.initial_capital / runspec.symbols.length;
  const series = runspec.symbols.map((symbol) => seriesOf(bars, symbol, span(runspec)));
  const dates = daysOf(series);
  const account = (rule: Strategy | null): Account =>
    together(
      dates,
      series.map((own) => sleeveOf(own, rule, costs, share)),
      share,
    );
  const [strategy, benchmark] = [account(runspec.strategy), account(null)];
  const [last, other] = [strategy.equity.at(-1) ?? Number.NaN, benchmark.equity.at(-1) ?? Number.NaN];
  if (!(last > 0 && other > 0 && Number.isFinite(last + other)))
    throw new PermanentError(
      `the account ends at ${last} and buy-and-hold at ${other}; check the prices of ${runspec.symbols.join(', ')} in snapshot ${runspec.snapshot.snapshot_id}`,
    );
  return { curve: { dates, equity: strategy.equity, benchmark: benchmark.equity, invested: strategy.invested }, strategy, benchmark };
};

const metricsIn = (dates: readonly string[], account: Account, window: Window) => {
  const first = countBefore(dates, (date) => date >= window.start);
  const last = countBefore(dates, (date) => date > window.end) - 1;
  // A window's first return is against the close before it; the run's first close has none.
  const base = Math.max(0, first - 1);
  return metricsOf({
    dates: dates.slice(base, last + 1),
    equity: account.equity.slice(base, last + 1),
    invested: account.invested.slice(base + 1, last + 1),
    traded: account.traded.slice(base + 1, last + 1).reduce((sum, value) => sum + value, 0),
    profits: account.trades
      .filter((t) => t.exit_date !== null && t.exit_date >= window.start && t.exit_date <= window.end)
      .map((t) => t.profit),
  });
};

/** The two CSV files of a backtest. */
export type CsvFiles = { equity: string; trades: string };
export const csvFiles = ({ curve, strategy }: Backtest): CsvFiles => ({ equity: equityCsv(curve), trades: tradesCsv(strategy.trades) });

/** Total return of the strategy over the whole run. */
export const fullReturn = (runspec: RunSpec, { curve, strategy }: Backtest): number =>
  metricsIn(curve.dates, strategy, span(runspec)).total_return;

/** The result document of a backtest, with the digests of its two CSV files. */
export const summarize = (runspec: RunSpec, run: Backtest, files = csvFiles(run)): BacktestResult => {
  const { train, evaluation, holdout } = runspec.windows;
  const { dates } = run.curve;
  const within = (window: Window): WindowResult => ({
    start: window.start,
    end: window.end,
    strategy: metricsIn(dates, run.strategy, window),
    benchmark: metricsIn(dates, run.benchmark, window),
  });
  return {
    schema_version: 'backtest_result_v1',
    runspec_sha256: sha256Hex(canonicalJson(runspec)),
    snapshot_sha256: runspec.snapshot.sha256,
    policy_bundle: runspec.policy_bundle,
    first: dates[0] ?? train.start,
    last: dates.at(-1) ?? holdout.end,
    initial_capital: runspec.policy.initial_capital,
    final_equity: round8(run.strategy.equity.at(-1) ?? 0),
    benchmark_final_equity: round8(run.benchmark.equity.at(-1) ?? 0),
    windows: {
      train: within(train),
      evaluation: within(evaluation),
      holdout: within(holdout),
      research: within({ start: train.start, end: evaluation.end }),
      full: within(span(runspec)),
    },
    open_positions: run.strategy.trades.filter((t) => t.exit_date === null).length,
    equity_csv_sha256: sha256Hex(files.equity),
    trades_csv_sha256: sha256Hex(files.trades),
  };
};
