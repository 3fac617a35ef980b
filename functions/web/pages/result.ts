import { html } from 'hono/html';
import { type BacktestResult, Metrics, WINDOW_NAMES } from '../../../contracts/backtest-result.ts';
import type { GateReport, GateVerdict } from '../../../contracts/gate-report.ts';
import type { RegistryCard } from '../../../contracts/registry-card.ts';
import type { ShadowReport } from '../../../contracts/shadow.ts';
import { yearly } from '../model/csv.ts';
import { readable } from '../model/readable.ts';
import { clip, figure, keyLabel } from '../model/text.ts';
import type { FileLink, Label } from '../model/timeline.ts';
import type { Html } from './layout.ts';
import { markdown } from './markdown.ts';
import { label } from './parts.ts';
import { blocks } from './readable.ts';

/** What a finished run left, as far as it got. */
export type Result = {
  charts: FileLink[];
  series: { file: FileLink; csv: string } | null;
  backtest: BacktestResult | null;
  gates: GateReport | null;
  card: RegistryCard | null;
  shadow: { file: FileLink; report: ShadowReport } | null;
  report: { text: string; labels: Label[] } | null;
};

const FRACTIONS = new Set(['total_return', 'cagr', 'volatility', 'max_drawdown', 'exposure', 'win_rate']);

const metric = (key: string, value: number | null): string => {
  if (value === null) return '–';
  return FRACTIONS.has(key) ? `${(value * 100).toFixed(1).replace('-', '−')} %` : figure(Math.round(value * 100) / 100);
};

const WINDOWS = ['research', 'holdout'] as const satisfies (typeof WINDOW_NAMES)[number][];

const metricsTable = ({ windows }: BacktestResult): Html => {
  const keys = Metrics.keyof().options;
  return html`<div class="scroll" tabindex="0" role="group" aria-label="Metrics"><table class="tight"><caption>Metrics against buy and hold</caption>
<thead><tr><td rowspan="2"></td>${WINDOWS.map((name) => html`<th scope="colgroup" colspan="2">${name}<span class="quiet block span">${windows[name].start.slice(0, 7)}–${windows[name].end.slice(0, 7)}</span></th>`)}</tr>
<tr>${WINDOWS.map(() => html`<th scope="col" class="num">strategy</th><th scope="col" class="num quiet">hold</th>`)}</tr></thead>
<tbody>${keys.map((key) => html`<tr><th scope="row">${keyLabel(key)}</th>${WINDOWS.map((name) => html`<td class="num">${metric(key, windows[name].strategy[key])}</td><td class="num quiet">${metric(key, windows[name].benchmark[key])}</td>`)}</tr>`)}</tbody></table></div>`;
};

const RULES: Record<GateVerdict['rule'], string> = { at_least: 'at least', at_most: 'at most', above: 'above', equal: 'equal to' };

const gatesTable = ({
  gates,
}: GateReport): Html => html`<div class="scroll" tabindex="0" role="group" aria-label="Gates"><table><caption>Gates of the policy bundle</caption>
<thead><tr><th scope="col">Gate</th><th scope="col" class="num">Measured</th><th scope="col">Must be</th><th scope="col">Verdict</th></tr></thead>
<tbody>${gates.map((gate) => html`<tr><th scope="row">${keyLabel(gate.gate)}</th><td class="num">${gate.value === null ? '–' : figure(gate.value)}</td><td>${RULES[gate.rule]} ${figure(gate.limit)}</td><td><span class="standing ${gate.passed ? 'good' : 'bad'}">${gate.passed ? 'passed' : 'failed'}</span></td></tr>`)}</tbody></table></div>`;

const nameOf = (point: string): string => (point === 'gates' ? 'the verdict' : keyLabel(point.replace(/^gates\//, '')));

/** What a model would have decided in place of the gates: one line, since it decided nothing. */
const shadowLine = (jobId: string, { file, report }: NonNullable<Result['shadow']>): Html => {
  const { agreed, compared, rows } = report;
  const apart = rows.filter(({ agrees }) => agrees === false).map(({ point }) => nameOf(point));
  const [why] = rows.flatMap(({ problem }) => problem ?? []);
  const said =
    compared === 0
      ? `no answer (${clip(why ?? 'none was given', 200)})`
      : `a model would have decided ${agreed} of ${compared} as the gates did${apart.length > 0 ? `, but not ${apart.join(', ')}` : ''}`;
  return html`<p class="quiet" id="shadow">Shadow: ${said}. It changes nothing. <a href="/ui/jobs/${jobId}/artifacts/${file.path}">Compare</a></p>`;
};

const chart = (jobId: string, file: FileLink): Html => {
  const name = keyLabel(file.name.replace(/\.svg$/, '').replaceAll('-', '_'));
  const href = `/ui/jobs/${jobId}/artifacts/${file.path}?raw=1`;
  return html`<figure><a href="${href}"><img src="${href}" alt="Chart: ${name}. The same numbers are in the table below." loading="lazy"></a></figure>`;
};

const numbers = (series: Result['series'], jobId: string): Html | string => {
  const table = series && yearly(series.csv);
  if (!series || !table) return '';
  const cell = (text: string) => (text !== '' && Number.isFinite(Number(text)) ? figure(Math.round(Number(text) * 10_000) / 10_000) : text);
  return html`<details id="numbers"><summary>The same numbers, at each year's end</summary><div class="scroll" tabindex="0" role="group" aria-label="Year ends"><table class="tight">
<thead><tr>${table.columns.map((name, i) => html`<th scope="col"${i > 0 ? html` class="num"` : ''}>${keyLabel(name)}</th>`)}</tr></thead>
<tbody>${table.rows.map(([date = '', ...values]) => html`<tr><th scope="row">${date}</th>${values.map((value) => html`<td class="num">${cell(value)}</td>`)}</tr>`)}</tbody></table></div>
<p><a href="/ui/jobs/${jobId}/artifacts/${series.file.path}?raw=1">All days as CSV</a></p></details>`;
};

const cardPart = (card: RegistryCard): Html => {
  const { name, symbols, strategy, windows, costs, snapshot, policy_bundle } = card;
  return html`<article class="card"><header><h3>Registry card</h3></header>${blocks(readable({ name, symbols, strategy, windows, costs, snapshot: snapshot.snapshot_id, policy_bundle: policy_bundle.id }))}</article>`;
};

/** Charts, verdicts, numbers and the narrative, in the order they are judged. */
export const resultPanel = (
  jobId: string,
  result: Result,
): Html => html`<section class="panel" id="result" data-live aria-labelledby="result-h"><h2 id="result-h">Result</h2>
${result.charts.map((file) => chart(jobId, file))}${numbers(result.series, jobId)}
${result.gates ? gatesTable(result.gates) : ''}${result.shadow ? shadowLine(jobId, result.shadow) : ''}${result.backtest ? metricsTable(result.backtest) : ''}
${result.report ? html`<article class="card"><header><h3>Report</h3>${result.report.labels.map((name) => html` ${label(name)}`)}</header>${markdown(result.report.text)}</article>` : ''}
${result.card ? cardPart(result.card) : ''}</section>`;
