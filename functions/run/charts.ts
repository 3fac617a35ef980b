import type { RunSpec } from '../../contracts/runspec.ts';
import type { Curve } from '../lib/backtest/csv.ts';
import { drawdowns } from '../lib/backtest/metrics.ts';
import { type Frame, frameOf, linear, n, niceTicks, type Scale, SIZE, svgOf, type ValueTick } from './frame.ts';

const EQUITY_HEIGHT = 380;
const DRAWDOWN_HEIGHT = 280;
/** Two lines of a direct label need this much height when the chart is shown on a phone. */
const LABEL_HEIGHT = 50;

type Point = readonly [x: number, y: number];

/** The first, lowest, highest and last of the points from `from` to before `to`, in their order. */
const outline = (all: readonly Point[], from: number, to: number): Point[] => {
  let [low, high] = [from, from];
  const y = (i: number): number => all[i]?.[1] ?? 0;
  for (let i = from + 1; i < to; i++) {
    if (y(i) < y(low)) low = i;
    if (y(i) > y(high)) high = i;
  }
  return all.slice(from, to).filter((_, i) => i === 0 || from + i === low || from + i === high || from + i === to - 1);
};

/** Keeps the outline of each unit of width: nothing the eye could see is lost. Points come from left to right. */
const thin = (all: readonly Point[]): Point[] => {
  const kept: Point[] = [];
  const column = (i: number): number => Math.round(all[i]?.[0] ?? 0);
  for (let from = 0, to = 1; from < all.length; from = to, to++) {
    while (to < all.length && column(to) === column(from)) to++;
    kept.push(...outline(all, from, to));
  }
  return kept;
};

const pathOf = (points: readonly Point[]): string => points.map(([x, y], i) => `${i ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`).join('');

const pointsOf = (days: readonly number[], values: readonly number[], y: Scale): Point[] =>
  thin(days.map((x, i): Point => [x, y(values[i] ?? 0)]));

/** Where each day lies: the same for every line of a chart. */
const placesOf = (frame: Frame, dates: readonly string[]): number[] => dates.map((date) => frame.x(frame.dayOf(date)));

type Label = { kind: 'own' | 'other'; colour: string; name: string; value: string; y: number };

/** Names at the ends of the lines, moved apart where they would overlap. */
const endLabels = (frame: Frame, labels: readonly Label[]): string => {
  const [floor, ceiling] = [frame.height - SIZE.bottom - 26, SIZE.top + 4];
  const sorted = [...labels].sort((a, b) => a.y - b.y);
  const [upper, lower] = [sorted[0]?.y ?? 0, sorted[1]?.y ?? 0];
  const push = Math.max(0, LABEL_HEIGHT - (lower - upper)) / 2;
  const top = Math.min(Math.max(upper - push, ceiling), floor - LABEL_HEIGHT);
  const places = [top, Math.min(Math.max(lower + push, top + LABEL_HEIGHT), floor)];
  return sorted
    .map(({ kind, colour, name, value }, i) => {
      const [x, y] = [frame.right + 7, places[i] ?? 0];
      return `<text class="${kind}" x="${x}" y="${n(y)}" fill="${colour}">${name}<tspan x="${x}" dy="1.15em">${value}</tspan></text>`;
    })
    .join('');
};

const COLOUR = { own: '#1f5fbf', other: '#6b7280' };
const percent = (value: number, decimals: number): string => `${value.toFixed(decimals).replace('-', '−')} %`;

const lines = (own: readonly Point[], other: readonly Point[]): string =>
  `<path class="bench" d="${pathOf(other)}" fill="none" stroke="${COLOUR.other}" stroke-width="1.5" stroke-linejoin="round"/>` +
  `<path class="line" d="${pathOf(own)}" fill="none" stroke="${COLOUR.own}" stroke-width="2" stroke-linejoin="round"/>`;

const lowest = (values: readonly number[]): number => values.reduce((low, value) => Math.min(low, value), Number.POSITIVE_INFINITY);
const highest = (values: readonly number[]): number => values.reduce((high, value) => Math.max(high, value), Number.NEGATIVE_INFINITY);

/** Account value of the strategy and of buy-and-hold, in percent of the initial capital. */
export const equityChart = (runspec: RunSpec, curve: Curve): string => {
  const frame = frameOf(curve.dates, EQUITY_HEIGHT);
  const days = placesOf(frame, curve.dates);
  const capital = runspec.policy.initial_capital;
  const toPercent = (values: readonly number[]) => values.map((value) => (100 * value) / capital);
  const [own, other] = [toPercent(curve.equity), toPercent(curve.benchmark)];
  const values = niceTicks(lowest([...own, ...other]), highest([...own, ...other]));
  const y = linear([values[0] ?? 0, values.at(-1) ?? 1], [EQUITY_HEIGHT - SIZE.bottom, SIZE.top]);
  const ticks: ValueTick[] = values.map((value) => ({ at: y(value), label: n(value) }));
  const [end, otherEnd] = [own.at(-1) ?? 100, other.at(-1) ?? 100];
  return svgOf(frame, runspec.windows, {
    title: `Equity: ${runspec.name}`,
    description: `From ${frame.first} to ${frame.last} the strategy went from 100 % to ${percent(end, 1)} of its capital, buy-and-hold to ${percent(otherEnd, 1)}.`,
    unit: 'Account value, % of initial capital, after costs',
    ticks,
    content:
      lines(pointsOf(days, own, y), pointsOf(days, other, y)) +
      endLabels(frame, [
        { kind: 'own', colour: COLOUR.own, name: 'Strategy', value: percent(end, 0), y: y(end) },
        { kind: 'other', colour: COLOUR.other, name: 'Buy &amp; hold', value: percent(otherEnd, 0), y: y(otherEnd) },
      ]),
  });
};

/** Fall from the peak so far, of the strategy (filled) and of buy-and-hold, on the equity chart's time axis. */
export const drawdownChart = (runspec: RunSpec, curve: Curve): string => {
  const frame = frameOf(curve.dates, DRAWDOWN_HEIGHT);
  const days = placesOf(frame, curve.dates);
  const falls = (equity: readonly number[]): number[] => drawdowns(equity).map((fall) => -100 * fall);
  const [own, other] = [falls(curve.equity), falls(curve.benchmark)];
  const worst = Math.min(lowest(own), lowest(other), -1);
  const values = niceTicks(worst, 0);
  const y = linear([values[0] ?? worst, 0], [DRAWDOWN_HEIGHT - SIZE.bottom, SIZE.top]);
  const points = pointsOf(days, own, y);
  const area = `M${SIZE.left} ${n(y(0))}${pathOf(points).replace('M', 'L')}L${n(frame.right)} ${n(y(0))}Z`;
  const label = (fall: number): string => percent(fall, 1);
  return svgOf(frame, runspec.windows, {
    title: `Drawdown: ${runspec.name}`,
    description: `The largest fall from a peak was ${label(lowest(own))} for the strategy and ${label(lowest(other))} for buy-and-hold.`,
    unit: 'Drawdown, % below the peak so far; at right the worst',
    ticks: values.map((value) => ({ at: y(value), label: n(value).replace('-', '−') })),
    content:
      `<path class="area" d="${area}" fill="${COLOUR.own}" fill-opacity="0.18"/>` +
      lines(points, pointsOf(days, other, y)) +
      endLabels(frame, [
        {
          kind: 'own',
          colour: COLOUR.own,
          name: 'Strategy',
          value: label(lowest(own)),
          y: y(lowest(own)),
        },
        {
          kind: 'other',
          colour: COLOUR.other,
          name: 'Buy &amp; hold',
          value: label(lowest(other)),
          y: y(lowest(other)),
        },
      ]),
  });
};
