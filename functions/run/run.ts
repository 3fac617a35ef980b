import type { BacktestResult, WindowResult } from '../../contracts/backtest-result.ts';
import { RunSpec } from '../../contracts/runspec.ts';
import { type Artifact, defineStage } from '../../contracts/stage.ts';
import { backtest, csvFiles, summarize } from '../lib/backtest/backtest.ts';
import { decodeBars } from '../lib/bars.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import { json } from '../lib/decode.ts';
import { sha256Hex } from '../lib/hash.ts';
import { drawdownChart, equityChart } from './charts.ts';

const file = (name: string, path: string, body: string, content_type: string): Artifact => ({
  name,
  path: `outputs/run/${path}`,
  body,
  content_type,
});

/** What the timeline shows of a run; the rest is in result.json. */
const headline = ({ strategy, benchmark }: WindowResult) => ({
  cagr: strategy.cagr,
  volatility: strategy.volatility,
  sharpe: strategy.sharpe,
  benchmark_sharpe: benchmark.sharpe,
  max_drawdown: strategy.max_drawdown,
  benchmark_max_drawdown: benchmark.max_drawdown,
  trades: strategy.trades,
});

const percent = (fraction: number): string => `${(fraction * 100).toFixed(1)} %`;

const sentence = ({ windows }: BacktestResult): string => {
  const { strategy, benchmark } = windows.full;
  const sharpe = (value: number | null): string => value?.toFixed(2) ?? 'undefined';
  return `CAGR ${percent(strategy.cagr)}, Sharpe ${sharpe(strategy.sharpe)} (buy-and-hold ${sharpe(benchmark.sharpe)}), largest drawdown ${percent(strategy.max_drawdown)}, ${strategy.trades} round trips`;
};

const reads = { runspec: json(RunSpec), snapshot_data: decodeBars };

export const run = defineStage({
  reads,
  run: ({ docs: { runspec, snapshot_data } }) => {
    const outcome = backtest(runspec, snapshot_data);
    const files = csvFiles(outcome);
    const result = summarize(runspec, outcome, files);
    const body = canonicalJson(result);
    return {
      artifacts: [
        file('result', 'result.json', body, 'application/json'),
        file('equity', 'equity.csv', files.equity, 'text/csv; charset=utf-8'),
        file('trades', 'trades.csv', files.trades, 'text/csv; charset=utf-8'),
        file('equity_chart', 'equity.svg', equityChart(runspec, outcome.curve), 'image/svg+xml'),
        file('drawdown_chart', 'drawdown.svg', drawdownChart(runspec, outcome.curve), 'image/svg+xml'),
      ],
      event: {
        event_type: 'RUN_COMPLETED',
        message: sentence(result),
        outputs: {
          result_sha256: sha256Hex(body),
          research: headline(result.windows.research),
          holdout: headline(result.windows.holdout),
          full: headline(result.windows.full),
        },
      },
    };
  },
});
