import type { Report } from '../../../contracts/report.ts';
import type { MetricsFacts, ReportFacts } from './facts.ts';

export const percent = (fraction: number): string => `${(fraction * 100).toFixed(2)} %`;
export const ratio = (value: number | null): string => value?.toFixed(2) ?? 'undefined';

const sentence = (who: string, m: MetricsFacts): string =>
  `${who} returned ${percent(m.cagr)} a year with a Sharpe ratio of ${ratio(m.sharpe)} and a largest drawdown of ${percent(m.max_drawdown)}.`;

const windowBody = ({ strategy, buy_and_hold }: ReportFacts['windows']['train']): string =>
  [
    sentence('The strategy', strategy),
    sentence('Buy-and-hold', buy_and_hold),
    `It was invested ${percent(strategy.exposure)} of the time and closed ${strategy.trades} round trips.`,
  ].join(' ');

/** The report of a job without an agent: the same facts, in fixed sentences. */
export const templateReport = (facts: ReportFacts): Report => {
  const { train, evaluation } = facts.windows;
  const verdict = facts.gates.passed ? 'All gates passed.' : `Gates that failed: ${facts.gates.failed.join(', ')}.`;
  return {
    schema_version: 'report_v1',
    summary: `${verdict} The strategy was tested on ${facts.symbols.join(', ')} after costs, and compared with holding the same symbols.`,
    sections: [
      { heading: 'Train', body: `From ${train.start} to ${train.end}. ${windowBody(train)}` },
      { heading: 'Evaluation', body: `From ${evaluation.start} to ${evaluation.end}. ${windowBody(evaluation)}` },
    ],
    caveats: ['A backtest shows what would have happened, not what will.'],
  };
};
