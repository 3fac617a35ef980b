import { html } from 'hono/html';
import type { ServiceMetrics, TelemetryDay } from '../../../contracts/metrics.ts';
import { figure } from '../model/text.ts';
import { type Bar, barChart } from './bar-chart.ts';
import { dayChart } from './day-chart.ts';
import type { Html } from './layout.ts';

const percent = (share: number | null): number | null => (share === null ? null : Math.round(share * 1000) / 10);

const fact = (name: string, share: number | null, note: string): Html =>
  html`<div><dt>${name}</dt><dd>${share === null ? html`<span class="quiet">no data</span>` : html`<strong class="num">${figure(percent(share) ?? 0)} %</strong>`}<br><span class="quiet">${note}</span></dd></div>`;

const facts = (metrics: ServiceMetrics): Html => html`<dl class="fields facts">
${fact('Phases that succeeded', metrics.phase_success_rate, `${figure(metrics.phases.COMPLETE)} complete, ${figure(metrics.phases.FAILED)} failed; ${figure(metrics.phases.BLOCKED)} held up count as neither`)}
${fact('Telemetry complete', metrics.telemetry_completeness, 'of the endings of measured jobs, the rows are written')}
${fact('Doctor avoided', metrics.doctor_avoidance_rate, `of failures, explained without a model; ${figure(metrics.tokens.doctor_avoided)} tokens saved`)}
${fact('Tokens saved', metrics.token_efficiency, `${figure(metrics.tokens.saved)} saved beside ${figure(metrics.tokens.context)} of contexts`)}
${fact('Embeddings cached', metrics.embedding_cache_hit_rate, 'of embeddings, no call was needed')}</dl>`;

const values = (days: readonly TelemetryDay[], value: (day: TelemetryDay) => number | null): (number | null)[] => days.map(value);

const modeBars = (modes: ServiceMetrics['budget_mode_distribution']): Bar[] =>
  Object.entries(modes).map(([label, value]) => ({ label, value, tone: null }));

const charts = ({ telemetry: { days }, budget_mode_distribution: modes }: ServiceMetrics): Html => {
  const over = { days: days.map(({ day }) => day) };
  return html`<div class="charts">
${dayChart({
  ...{ id: 'success', title: 'Phases that succeeded', unit: '%', top: 100, ...over },
  series: [{ label: 'succeeded', tone: 'good', values: values(days, ({ figures }) => percent(figures.phase_success_rate)) }],
})}
${dayChart({
  ...{ id: 'phases', title: 'Phases by outcome', unit: 'phases', ...over },
  series: [
    { label: 'complete', tone: 'good', values: values(days, ({ figures }) => figures.phases.COMPLETE) },
    { label: 'held up', tone: 'wait', values: values(days, ({ figures }) => figures.phases.BLOCKED) },
    { label: 'failed', tone: 'bad', values: values(days, ({ figures }) => figures.phases.FAILED) },
  ],
})}
${dayChart({
  ...{ id: 'tokens', title: 'Tokens of model calls', unit: 'tokens', ...over },
  series: [
    { label: 'prompt', tone: 'run', values: values(days, ({ figures }) => figures.tokens.prompt) },
    { label: 'answer', tone: 'grey', values: values(days, ({ figures }) => figures.tokens.completion) },
  ],
})}
${dayChart({
  ...{ id: 'saved', title: 'Tokens that were not needed', unit: 'tokens', ...over },
  series: [
    { label: 'history pack', tone: 'run', values: values(days, ({ figures }) => figures.tokens.saved) },
    { label: 'no doctor', tone: 'grey', values: values(days, ({ figures }) => figures.tokens.doctor_avoided) },
  ],
})}
${
  Object.keys(modes).length === 0
    ? html`<figure><figcaption>Contexts by budget mode</figcaption><p class="quiet">No context was built yet.</p></figure>`
    : barChart({ id: 'modes', title: 'Contexts by budget mode', unit: 'contexts', bars: modeBars(modes) })
}</div>`;
};

/** What the telemetry of the newest measured jobs says; how to begin where there is none. */
export const telemetrySection = (metrics: ServiceMetrics): Html => {
  const { jobs, complete } = metrics.telemetry;
  if (jobs === 0)
    return html`<h2>Telemetry</h2><p class="quiet">No measured job has ended yet. Jobs are measured when they are opened while the flag <code>telemetry</code> is on: <code>holdpoint flags set telemetry=true</code>.</p>`;
  return html`<h2>Telemetry</h2><p class="quiet">Of the ${complete ? '' : 'newest '}${figure(jobs)} measured ${jobs === 1 ? 'job' : 'jobs'} that ended. All rows can be asked in SQL: <code>holdpoint telemetry sql</code>.</p>${facts(metrics)}${charts(metrics)}`;
};
