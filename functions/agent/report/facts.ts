import type { BacktestResult, Metrics, WindowResult } from '../../../contracts/backtest-result.ts';
import type { GateName, GateReport } from '../../../contracts/gate-report.ts';
import type { RunSpec } from '../../../contracts/runspec.ts';
import type { SupportedNumbers } from '../../lib/guard/guard.ts';

/** Digits a fraction keeps: a percentage with two decimals. */
const DECIMALS = 4;

const round = (value: number): number => Number(value.toFixed(DECIMALS));

// What these gates measure comes, in part, from the holdout: a narrative that feeds the next idea must not carry it on.
const SEALED: ReadonlySet<GateName> = new Set(['max_drawdown', 'holdout_degradation', 'cost_stress', 'determinism']);

const metricsFacts = (metrics: Metrics) => ({
  days: metrics.days,
  total_return: round(metrics.total_return),
  cagr: round(metrics.cagr),
  volatility: round(metrics.volatility),
  sharpe: metrics.sharpe === null ? null : round(metrics.sharpe),
  sortino: metrics.sortino === null ? null : round(metrics.sortino),
  max_drawdown: round(metrics.max_drawdown),
  turnover: round(metrics.turnover),
  exposure: round(metrics.exposure),
  trades: metrics.trades,
  win_rate: metrics.win_rate === null ? null : round(metrics.win_rate),
});
type MetricsFacts = ReturnType<typeof metricsFacts>;

const windowFacts = ({ start, end, strategy, benchmark }: WindowResult) => {
  const [own, hold] = [metricsFacts(strategy), metricsFacts(benchmark)];
  const gap = (name: 'cagr' | 'max_drawdown'): number => round(own[name] - hold[name]);
  return {
    start,
    end,
    strategy: own,
    buy_and_hold: hold,
    difference: {
      cagr: gap('cagr'),
      max_drawdown: gap('max_drawdown'),
      sharpe: own.sharpe === null || hold.sharpe === null ? null : round(own.sharpe - hold.sharpe),
    },
  };
};

const gateFacts = ({ gates }: GateReport) =>
  gates.map(({ gate, passed, value, limit }) => ({
    gate,
    passed,
    limit,
    ...(SEALED.has(gate) || value === null ? {} : { value: round(value) }),
  }));

/** Everything a report may speak of: measured before the holdout, rounded as it may be quoted. */
export const reportFacts = (runspec: RunSpec, result: BacktestResult, gates: GateReport) => ({
  symbols: runspec.symbols,
  strategy: runspec.strategy,
  costs_bps_per_side: { commission: runspec.policy.costs.commission_bps, slippage: runspec.policy.costs.slippage_bps },
  bars: { train: runspec.bars.train, evaluation: runspec.bars.evaluation },
  windows: {
    train: windowFacts(result.windows.train),
    evaluation: windowFacts(result.windows.evaluation),
    research: windowFacts(result.windows.research),
  },
  gates: { passed: gates.passed, checked: gates.gates.length, failed: gates.failed, each: gateFacts(gates) },
});
export type ReportFacts = ReturnType<typeof reportFacts>;
export type { MetricsFacts };

const numbersIn = (value: unknown): number[] => {
  if (typeof value === 'number') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : [];
};

/** The numbers, dates and names among the facts. */
export const supportedNumbers = (facts: ReportFacts): SupportedNumbers => ({
  values: [...new Set([...numbersIn(facts), facts.gates.failed.length, facts.gates.checked - facts.gates.failed.length])],
  windows: Object.values(facts.windows).map(({ start, end }) => ({ start, end })),
  names: facts.symbols,
});
