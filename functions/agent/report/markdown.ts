import type { AgentOutput } from '../../../contracts/agent-evidence.ts';
import { Report } from '../../../contracts/report.ts';
import type { MetricsFacts, ReportFacts } from './facts.ts';
import { percent, ratio } from './template.ts';

/** Text of a model stays text: no heading, link, image, table or tag of its own. */
const plain = (text: string): string =>
  text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/[\\`*_[\]|#!~]/g, '\\$&')
    .replace(/^(\s*)([-+]|\d+[.)])(?=\s)/gm, '$1\\$2');

const oneLine = (text: string): string => plain(text.replace(/\s+/g, ' ').trim());

const MODE: Record<string, string> = { replay: 'REPLAY', record: 'RECORD', live: 'LIVE' };

const origin = ({ labels }: AgentOutput): string => {
  if (!labels) return 'Written from a template; no model was asked.';
  const { response_source, replay_reason, degraded, recorded_at, provider, model } = labels;
  const when = recorded_at ? `, recorded ${recorded_at}` : '';
  const why = replay_reason === 'provider_error' ? ' because every provider failed' : '';
  return `${MODE[response_source]}${degraded ? ' (DEGRADED)' : ''}: answer of ${provider}/${model}${when}${why}.`;
};

const row = (name: string, value: (m: MetricsFacts) => string, { train, evaluation }: ReportFacts['windows']): string =>
  `| ${name} | ${[train.strategy, train.buy_and_hold, evaluation.strategy, evaluation.buy_and_hold].map(value).join(' | ')} |`;

const metricsTable = ({ windows }: ReportFacts): string[] => [
  '| | train | train, buy-and-hold | evaluation | evaluation, buy-and-hold |',
  '| --- | ---: | ---: | ---: | ---: |',
  row('Return a year', (m) => percent(m.cagr), windows),
  row('Volatility', (m) => percent(m.volatility), windows),
  row('Sharpe ratio', (m) => ratio(m.sharpe), windows),
  row('Largest drawdown', (m) => percent(m.max_drawdown), windows),
  row('Time invested', (m) => percent(m.exposure), windows),
  row('Round trips', (m) => String(m.trades), windows),
];

const narrative = ({ value, text }: AgentOutput): string[] => {
  const parsed = Report.safeParse(value);
  // Only an override gets here without a report: people chose to show the answer as it is.
  if (!parsed.success) return ['## Answer as it came', '', plain(text), ''];
  const { summary, sections, caveats } = parsed.data;
  return [
    plain(summary),
    '',
    ...sections.flatMap(({ heading, body }) => [`## ${oneLine(heading)}`, '', plain(body), '']),
    '## Caveats',
    '',
    ...caveats.map((caveat) => `- ${oneLine(caveat)}`),
    '',
  ];
};

export type Rendering = { name: string; facts: ReportFacts; output: AgentOutput; override: { by: string } | null };

/** `report.md`: verdict and figures from the result, the narrative from the output, and where it came from. */
export const renderReport = ({ name, facts, output, override }: Rendering): string =>
  [
    `# ${oneLine(name)}`,
    '',
    `**Gates: ${facts.gates.passed ? 'passed' : `failed (${oneLine(facts.gates.failed.join(', '))})`}.** ${oneLine(origin(output))}`,
    ...(override ? ['', `**The output guard stopped this text; ${oneLine(override.by)} chose to use it.**`] : []),
    '',
    ...narrative(output),
    '## Figures',
    '',
    ...metricsTable(facts),
    '',
  ].join('\n');
