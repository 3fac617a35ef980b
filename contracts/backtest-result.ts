import * as z from 'zod';
import { IsoDate, Sha256 } from './ids.ts';
import { PinnedPolicy } from './runspec.ts';

/** Formulas and sources are with `metricsOf`. Fractions, not percent; null where a ratio has no denominator. */
export const Metrics = z.strictObject({
  /** Daily returns in the window. */
  days: z.int().min(0),
  total_return: z.number(),
  cagr: z.number(),
  volatility: z.number().min(0),
  sharpe: z.number().nullable(),
  sortino: z.number().nullable(),
  /** Positive: 0.2 is a fall of 20 % from a peak. */
  max_drawdown: z.number().min(0),
  /** Times per year that the account is replaced. */
  turnover: z.number().min(0),
  /** Share of the time that capital was invested, 0-1. */
  exposure: z.number().min(0).max(1),
  /** Round trips that ended in the window. */
  trades: z.int().min(0),
  win_rate: z.number().min(0).max(1).nullable(),
});
export type Metrics = z.infer<typeof Metrics>;

/** `research` is train.start to evaluation.end; `full` is the whole run. */
export const WINDOW_NAMES = ['train', 'evaluation', 'holdout', 'research', 'full'] as const;

export const WindowResult = z.strictObject({
  start: IsoDate,
  end: IsoDate,
  strategy: Metrics,
  /** Buy-and-hold of the same symbols, at the same costs and fills. */
  benchmark: Metrics,
});
export type WindowResult = z.infer<typeof WindowResult>;

/** `backtest_result_v1`. Numbers are rounded to 8 decimals; money is in units of the initial capital. */
export const BacktestResult = z.strictObject({
  schema_version: z.literal('backtest_result_v1'),
  runspec_sha256: Sha256,
  snapshot_sha256: Sha256,
  policy_bundle: PinnedPolicy,
  first: IsoDate,
  last: IsoDate,
  initial_capital: z.number().positive(),
  final_equity: z.number().positive(),
  benchmark_final_equity: z.number().positive(),
  windows: z.strictObject({
    train: WindowResult,
    evaluation: WindowResult,
    holdout: WindowResult,
    research: WindowResult,
    full: WindowResult,
  }),
  /** Positions still held on the last day, valued at its close. */
  open_positions: z.int().min(0),
  equity_csv_sha256: Sha256,
  trades_csv_sha256: Sha256,
});
export type BacktestResult = z.infer<typeof BacktestResult>;
