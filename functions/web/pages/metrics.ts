import { html } from 'hono/html';
import type { MetricsView } from '../../../contracts/http.ts';
import type { ServiceMetrics } from '../../../contracts/metrics.ts';
import { duration, figure, keyLabel } from '../model/text.ts';
import { type Bar, barChart } from './bar-chart.ts';
import type { Html } from './layout.ts';
import { empty, notice, said } from './parts.ts';
import { telemetrySection } from './telemetry.ts';

const STATUS: Record<string, { label: string; tone: Bar['tone'] }> = {
  RUNNING: { label: 'running', tone: 'run' },
  WAITING_APPROVAL: { label: 'wait for approval', tone: 'wait' },
  WAITING_HUMAN: { label: 'wait for an answer', tone: 'wait' },
  DONE: { label: 'done', tone: null },
};

const statusBars = (jobs: MetricsView['jobs']): Bar[] =>
  Object.entries(STATUS).map(([status, { label, tone }]) => ({ label, tone, value: jobs[status] ?? 0 }));

const outcomeBars = (outcomes: MetricsView['outcomes']): Bar[] =>
  Object.entries(outcomes)
    .toSorted(([a, x], [b, y]) => Number(b === 'succeeded') - Number(a === 'succeeded') || y - x)
    .map(([outcome, value]) => ({ label: keyLabel(outcome), value, tone: outcome === 'succeeded' ? 'good' : 'bad' }));

const span = (seconds: number): string => (seconds < 86_400 ? `${seconds / 3600} h` : `${seconds / 86_400} d`);

const ageBars = ({ by_age }: MetricsView['waiting']): Bar[] =>
  by_age.map(({ from_s, to_s, jobs }) => ({
    label: to_s === null ? `${span(from_s)} and more` : from_s === 0 ? `up to ${span(to_s)}` : `${span(from_s)} to ${span(to_s)}`,
    value: jobs,
    tone: 'wait',
  }));

const fact = (name: string, value: string | null, note: string): Html =>
  html`<div><dt>${name}</dt><dd>${value === null ? html`<span class="quiet">no data</span>` : html`<strong class="num">${value}</strong>`}<br><span class="quiet">${note}</span></dd></div>`;

const facts = (metrics: MetricsView): Html => {
  const { shadow_agreement, shadow_compared, stalled_count, degraded_answers, mean_converge_time, resume_success_rate, waiting } = metrics;
  return html`<dl class="fields facts">
${fact('Stalled', stalled_count === null ? null : figure(stalled_count), 'running jobs without an event for 15 min')}
${fact('Degraded answers', degraded_answers === null ? null : figure(degraded_answers), 'jobs in which a recording stood in for a provider')}
${fact('Oldest wait', waiting.oldest_s === null ? null : duration(waiting.oldest_s), 'of what waits for a person')}
${fact('Mean time to done', mean_converge_time === null ? null : duration(mean_converge_time), 'from submission, waits for people included')}
${fact('Resumed well', resume_success_rate === null ? null : `${figure(Math.round(resume_success_rate * 1000) / 10)} %`, 'of decided waits, the next stage started')}
${shadow_agreement === null ? '' : fact('Shadow agreement', `${figure(Math.round(shadow_agreement * 1000) / 10)} %`, `of ${figure(shadow_compared ?? 0)} gate decisions, a model would have made the same`)}</dl>`;
};

const alerts = (list: MetricsView['alerts']): Html =>
  html`${list.map(({ name, message }) => notice('bad', keyLabel(name), html`<p>${said(message)}</p>`))}`;

const charts = ({ jobs, outcomes, waiting }: MetricsView): Html => html`<div class="charts">
${barChart({ id: 'status', title: 'Jobs by state', unit: 'jobs', bars: statusBars(jobs) })}
${
  Object.keys(outcomes).length === 0
    ? html`<figure><figcaption>Finished jobs by outcome</figcaption><p class="quiet">No job has finished yet.</p></figure>`
    : barChart({ id: 'outcomes', title: 'Finished jobs by outcome', unit: 'jobs', bars: outcomeBars(outcomes) })
}
${
  waiting.oldest_s === null
    ? html`<figure><figcaption>Waits by age</figcaption><p class="quiet">Nothing waits for a person.</p></figure>`
    : barChart({ id: 'ages', title: 'Waits by age', unit: 'jobs', bars: ageBars(waiting) })
}</div>`;

/** The figures of the service as plots; what has no data says so. */
export const metricsPage = (metrics: ServiceMetrics): Html => {
  const total = Object.values(metrics.jobs).reduce((sum, n) => sum + n, 0);
  return html`<h1>Metrics</h1>${alerts(metrics.alerts)}
${
  total === 0
    ? empty(
        'Nothing to measure yet',
        html`<p>These figures are counted from jobs, and there is none. <a href="/ui/jobs">Jobs</a> says how to submit one.</p>`,
      )
    : html`${metrics.complete ? '' : html`<p class="quiet">There are more jobs than were counted: these are the newest ${figure(total)}.</p>`}${facts(metrics)}${charts(metrics)}${telemetrySection(metrics)}`
}
<p class="quiet">The same as <a href="/metrics">JSON</a>; for Prometheus, ask for <code>text/plain</code>.</p>`;
};
