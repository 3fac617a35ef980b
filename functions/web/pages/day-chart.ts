import { html } from 'hono/html';
import { figure } from '../model/text.ts';
import { tickStep } from './bar-chart.ts';
import type { Html } from './layout.ts';

export type Series = {
  label: string;
  tone: 'good' | 'bad' | 'wait' | 'run' | 'grey' /** One per day; null where there is nothing to say. */;
  values: readonly (number | null)[];
};
export type DayChart = {
  id: string;
  title: string;
  unit: string;
  days: readonly string[];
  series: readonly Series[] /** Where the axis ends, if not with the values. */;
  top?: number;
};

// Units of the viewBox: on a phone one is about one pixel.
const WIDTH = 360;
const LEFT = 52;
const RIGHT = 92;
const HEIGHT = 132;
const HEAD = 24;
const AXIS = 40;
const LINE = 14;

/** Heights for labels that would lie on each other, the top one first. */
const spread = (wanted: readonly number[]): number[] => {
  const order = wanted.map((y, i) => ({ y, i })).toSorted((a, b) => a.y - b.y);
  const placed: number[] = [];
  let above = Number.NEGATIVE_INFINITY;
  for (const { y, i } of order) {
    above = Math.max(y, above + LINE);
    placed[i] = above;
  }
  return placed;
};

const drawing = ({ id, title, unit, days, series, top: most }: DayChart): Html => {
  const step = tickStep(most ?? Math.max(1, ...series.flatMap(({ values }) => values.map((value) => value ?? 0))));
  const top =
    most ?? Math.max(step, Math.ceil(Math.max(0, ...series.flatMap(({ values }) => values.map((value) => value ?? 0))) / step) * step);
  const x = (i: number): number => LEFT + (days.length === 1 ? 0.5 : i / (days.length - 1)) * (WIDTH - LEFT - RIGHT);
  const y = (value: number): number => HEAD + (1 - value / top) * HEIGHT;
  const bottom = HEAD + HEIGHT;
  const ticks = Array.from({ length: Math.floor(top / step) + 1 }, (_, i) => i * step);
  const lines = series.map((one) => ({ ...one, points: one.values.flatMap((value, i) => (value === null ? [] : [{ i, value }])) }));
  const shown = lines.filter(({ points }) => points.length > 0);
  const labels = spread(shown.map(({ points }) => y(points.at(-1)?.value ?? 0)));
  const said = shown.map(({ label, points }) => `${label} ${figure(points.at(-1)?.value ?? 0)}`).join(', ');
  return html`<svg class="chart" viewBox="0 0 ${WIDTH} ${bottom + AXIS}" role="img" aria-labelledby="${id}-t"><title id="${id}-t">${title}, in ${unit}, by day; on ${days.at(-1) ?? ''}: ${said}</title>
<text class="unit" x="0" y="11">${unit}</text>
${ticks.map((tick) => html`<path class="grid" d="M${LEFT} ${y(tick).toFixed(1)}H${WIDTH - RIGHT}"/><text class="tick end" x="${LEFT - 6}" y="${(y(tick) + 4).toFixed(1)}">${figure(tick)}</text>`)}
<path class="axis" d="M${LEFT} ${HEAD}V${bottom}H${WIDTH - RIGHT}"/>
${shown.map(({ tone, points }) => html`<path class="line ${tone}" d="${points.map(({ i, value }, at) => `${at === 0 ? 'M' : 'L'}${x(i).toFixed(1)} ${y(value).toFixed(1)}`).join('')}"/>${points.map(({ i, value }) => html`<circle class="dot ${tone}" cx="${x(i).toFixed(1)}" cy="${y(value).toFixed(1)}" r="2.5"/>`)}`)}
${shown.map(({ label, tone, points }, i) => html`<text class="series ${tone}" x="${(x(points.at(-1)?.i ?? 0) + 6).toFixed(1)}" y="${((labels[i] ?? 0) + 4).toFixed(1)}">${label}</text>`)}
<text class="tick ${days.length === 1 ? '' : 'start'}" x="${x(0).toFixed(1)}" y="${bottom + 16}">${days[0]}</text>${days.length === 1 ? '' : html`<text class="tick end" x="${WIDTH - RIGHT}" y="${bottom + 16}">${days.at(-1)}</text>`}
<text class="tick" x="${LEFT + (WIDTH - LEFT - RIGHT) / 2}" y="${bottom + 32}">day the job was opened</text></svg>`;
};

const cell = (value: number | null | undefined): string => (value === null || value === undefined ? '–' : figure(value));

/** Lines over days, each named at its end, and the same numbers as a table. Without a value it says so. */
export const dayChart = (chart: DayChart): Html => {
  const { id, title, unit, days, series } = chart;
  if (!series.some(({ values }) => values.some((value) => value !== null)))
    return html`<figure><figcaption>${title}</figcaption><p class="quiet">No data yet.</p></figure>`;
  return html`<figure><figcaption id="${id}-h">${title}</figcaption>${drawing(chart)}
<details id="${id}-d"><summary>As a table</summary><table><thead><tr><th scope="col">day</th>${series.map(({ label }) => html`<th scope="col" class="num">${label} (${unit})</th>`)}</tr></thead>
<tbody>${days.map((day, i) => html`<tr><th scope="row">${day}</th>${series.map(({ values }) => html`<td class="num">${cell(values[i])}</td>`)}</tr>`)}</tbody></table></details></figure>`;
};
