import { html } from 'hono/html';
import { figure } from '../model/text.ts';
import type { Html } from './layout.ts';

export type Bar = { label: string; value: number; tone: 'good' | 'bad' | 'wait' | 'run' | null };
export type BarChart = {
  id: string;
  title: string;
  unit: string;
  bars: readonly Bar[];
  /** What the bars are compared with: a line in grey. */
  reference?: { label: string; value: number };
};

// Units of the viewBox: on a phone one is about one pixel.
const WIDTH = 360;
const LABELS = 136;
const VALUES = 44;
const ROW = 28;
const BAR = 16;
const AXIS = 36;
const HEAD = 18;

/** A round step that divides `max` into at most four parts (1, 2 or 5 times a power of ten, and whole). */
export const tickStep = (max: number): number => {
  const rough = Math.max(1, max / 4);
  const power = 10 ** Math.floor(Math.log10(rough));
  return Math.max(1, [1, 2, 5, 10].map((n) => n * power).find((step) => step >= rough) ?? rough);
};

const ticksOf = (max: number): number[] => {
  const step = tickStep(max);
  return Array.from({ length: Math.ceil(max / step) + 1 }, (_, i) => i * step);
};

const drawing = ({ id, title, unit, bars, reference }: BarChart): Html => {
  const ticks = ticksOf(Math.max(1, reference?.value ?? 0, ...bars.map(({ value }) => value)));
  const top = ticks.at(-1) ?? 1;
  const x = (value: number): number => LABELS + (value / top) * (WIDTH - LABELS - VALUES);
  const bottom = bars.length * ROW + 4;
  const bar = (
    { label, value, tone }: Bar,
    i: number,
  ): Html => html`<text class="name" x="${LABELS - 8}" y="${i * ROW + 19}">${label}</text>
<rect class="bar ${tone ?? ''}" x="${LABELS}" y="${i * ROW + (ROW - BAR) / 2}" width="${(x(value) - LABELS).toFixed(1)}" height="${BAR}"/><text x="${(x(value) + 6).toFixed(1)}" y="${i * ROW + 19}">${figure(value)}</text>`;
  const head = reference ? HEAD : 0;
  const all = [...bars, ...(reference ? [reference] : [])].map(({ label, value }) => `${label} ${value}`).join(', ');
  const line = reference
    ? html`<path class="reference" d="M${x(reference.value).toFixed(1)} -4V${bottom}"/><text class="tick" x="${Math.min(x(reference.value), WIDTH - VALUES).toFixed(1)}" y="-8">${reference.label} ${figure(reference.value)}</text>`
    : '';
  return html`<svg class="chart" viewBox="0 ${-head} ${WIDTH} ${bottom + AXIS + head}" role="img" aria-labelledby="${id}-t"><title id="${id}-t">${title}, in ${unit}: ${all}</title>
${ticks.map((tick) => html`<path class="grid" d="M${x(tick).toFixed(1)} 0V${bottom}"/><text class="tick" x="${x(tick).toFixed(1)}" y="${bottom + 14}">${figure(tick)}</text>`)}
${bars.map(bar)}${line}<path class="axis" d="M${LABELS} 0V${bottom}H${WIDTH - VALUES}"/><text class="tick" x="${LABELS + (WIDTH - LABELS - VALUES) / 2}" y="${bottom + 30}">${unit}</text></svg>`;
};

/** Bars with their values beside them, an axis with its unit, and the same numbers as a table. */
export const barChart = (chart: BarChart): Html => html`<figure><figcaption id="${chart.id}-h">${chart.title}</figcaption>${drawing(chart)}
<details id="${chart.id}-d"><summary>As a table</summary><table><thead><tr><td></td><th scope="col" class="num">${chart.unit}</th></tr></thead>
<tbody>${chart.bars.map(({ label, value }) => html`<tr><th scope="row">${label}</th><td class="num">${figure(value)}</td></tr>`)}${chart.reference ? html`<tr><th scope="row">${chart.reference.label}</th><td class="num">${figure(chart.reference.value)}</td></tr>` : ''}</tbody></table></details></figure>`;
