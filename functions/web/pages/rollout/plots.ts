import { html } from 'hono/html';
import type { CanaryResult } from '../../../../contracts/rollout.ts';
import type { RolloutView } from '../../../../contracts/rollout-http.ts';
import { type Bar, barChart } from '../bar-chart.ts';
import type { Html } from '../layout.ts';

type Stages = RolloutView['stages'];
type Ended = { stage: number; result: CanaryResult };

const tenth = (value: number): number => Math.round(value * 10) / 10;
const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;

const successPlot = (stages: Stages): Html | string => {
  const judged = stages.flatMap(({ evidence }) => evidence ?? []);
  const [first] = judged;
  if (!first) return '';
  const baseline = first.success_rate;
  const bars = judged.map(({ stage, success_rate }): Bar => {
    const tone = stage === 0 ? null : success_rate < baseline ? 'bad' : 'good';
    return { label: `Stage ${stage}`, value: tenth(success_rate * 100), tone };
  });
  return barChart({
    ...{ id: 'success', title: 'Success rate by stage', unit: '% of canaries', bars },
    reference: { label: 'baseline', value: tenth(baseline * 100) },
  });
};

/** Bars of all canaries so far, in grey those of the validation and what they came to on average. */
const canaryPlot = (id: string, title: string, unit: string, ended: readonly Ended[], of: (result: CanaryResult) => number): Html => {
  const bars = ended.map(({ stage, result }): Bar => {
    const tone = !result.ok ? 'bad' : stage === 0 ? null : 'run';
    return { label: `Stage ${stage}, no. ${result.index + 1}`, value: of(result), tone };
  });
  const before = mean(ended.filter(({ stage }) => stage === 0).map(({ result }) => of(result)));
  return barChart({ id, title, unit, bars, ...(before === null ? {} : { reference: { label: 'baseline', value: tenth(before) } }) });
};

/** Plots over the stages; nothing before the first canary has ended. */
export const plots = (stages: Stages): Html => {
  const ended = stages.flatMap(({ stage, canaries }) => canaries.flatMap(({ result }) => (result ? [{ stage, result }] : [])));
  if (ended.length === 0) return html`<section id="plots" data-live></section>`;
  return html`<section class="panel" id="plots" data-live aria-labelledby="plots-h"><h2 id="plots-h">Over the stages</h2><div class="charts">
${successPlot(stages)}
${canaryPlot('tokens', 'Tokens by canary', 'tokens', ended, ({ tokens }) => tokens)}
${canaryPlot('seconds', 'Time by canary, waits included', 'seconds', ended, ({ seconds }) => tenth(seconds))}</div></section>`;
};
