import type { RunSpec } from '../../contracts/runspec.ts';

/** Size and margins of a chart, in user units. Equity and drawdown share them, so their days line up. */
export const SIZE = { width: 720, left: 66, right: 132, top: 62, bottom: 54 };
const DAY_MS = 86_400_000;
const MAX_TICKS = 7;
/** Characters in a label need about this much room when the chart is shown on a phone. */
const CHAR_WIDTH = 12;

export const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** At most 2 decimals, without trailing zeros. */
export const n = (value: number): string => String(Number(value.toFixed(2)) + 0);

export type Scale = (value: number) => number;

export const linear =
  (from: readonly [number, number], to: readonly [number, number]): Scale =>
  (value) =>
    to[0] + ((value - from[0]) / (from[1] - from[0] || 1)) * (to[1] - to[0]);

/** Round values that cover `low` to `high` in about five steps of 1, 2 or 5 times a power of ten. */
export const niceTicks = (low: number, high: number): number[] => {
  const rough = (high - low) / 5 || 1;
  let power = 1;
  while (power * 10 <= rough) power *= 10;
  while (power > rough) power /= 10;
  const step = power * ([1, 2, 5].find((m) => m * power >= rough) ?? 10);
  const first = Math.floor(low / step);
  const count = Math.ceil(high / step) - first;
  return Array.from({ length: count + 1 }, (_, i) => (first + i) * step);
};

export type Frame = { x: Scale; dayOf: (date: string) => number; first: string; last: string; right: number; height: number };

export const frameOf = (dates: readonly string[], height: number): Frame => {
  const dayOf = (date: string): number => Date.parse(date) / DAY_MS;
  const [first = '1970-01-01', last = first] = [dates[0], dates.at(-1)];
  const right = SIZE.width - SIZE.right;
  return { x: linear([dayOf(first), dayOf(last)], [SIZE.left, right]), dayOf, first, last, right, height };
};

const monthOf = (date: string): number => Number(date.slice(0, 4)) * 12 + Number(date.slice(5, 7)) - 1;
const dateOf = (month: number): string =>
  `${String(Math.floor(month / 12)).padStart(4, '0')}-${String((month % 12) + 1).padStart(2, '0')}-01`;

/** First days of years or months, in the finest step that leaves room for the labels. */
const timeTicks = (frame: Frame): { date: string; label: string }[] => {
  const [from, to] = [monthOf(frame.first), monthOf(frame.last)];
  const step = [1, 3, 6, 12, 24, 36, 60, 120, 240].find((months) => (to - from) / months < MAX_TICKS - 1) ?? 600;
  const start = Math.ceil((from + 1) / step) * step;
  const months = Array.from({ length: Math.max(0, Math.floor((to - start) / step) + 1) }, (_, i) => start + i * step);
  return months.map((month) => ({ date: dateOf(month), label: step >= 12 ? dateOf(month).slice(0, 4) : dateOf(month).slice(0, 7) }));
};

const timeAxis = (frame: Frame): string => {
  const base = frame.height - SIZE.bottom;
  const ticks = timeTicks(frame).map(({ date, label }) => {
    const at = n(frame.x(frame.dayOf(date)));
    return `<path d="M${at} ${base}v5"/><text x="${at}" y="${base + 24}" text-anchor="middle" stroke="none">${label}</text>`;
  });
  return `<g class="axis" stroke="#5b6270" fill="#5b6270"><path d="M${SIZE.left} ${base}H${frame.right}"/>${ticks.join('')}</g>`;
};

export type ValueTick = { at: number; label: string };

const valueAxis = (frame: Frame, ticks: readonly ValueTick[]): string => {
  const lines = ticks.map(({ at }) => `M${SIZE.left} ${n(at)}H${frame.right}`).join('');
  const labels = ticks.map(({ at, label }) => `<text x="${SIZE.left - 8}" y="${n(at + 5)}" text-anchor="end">${label}</text>`);
  return `<path class="grid" d="${lines}" stroke="#dfe3e8" fill="none"/><g class="axis" fill="#5b6270">${labels.join('')}</g>`;
};

/** Where evaluation and holdout begin, with the name of each window above its days. */
const windowMarks = (frame: Frame, windows: RunSpec['windows']): string => {
  const starts = [
    { name: 'Train', date: frame.first },
    { name: 'Evaluation', date: windows.evaluation.start },
    { name: 'Holdout', date: windows.holdout.start },
  ];
  const base = frame.height - SIZE.bottom;
  return starts
    .map(({ name, date }, i) => {
      const from = frame.x(frame.dayOf(date));
      const room = (i < 2 ? frame.x(frame.dayOf(starts[i + 1]?.date ?? frame.last)) : frame.right) - from;
      const label = [name, `${name.slice(0, 4)}.`].find((text) => text.length * CHAR_WIDTH <= room) ?? '';
      const rule = i > 0 ? `<path d="M${n(from)} ${SIZE.top - 20}V${base}" stroke-dasharray="3 4"/>` : '';
      return `${rule}<text x="${n(from + (i > 0 ? 5 : 0))}" y="${SIZE.top - 8}" stroke="none">${label}</text>`;
    })
    .join('');
};

// Attributes carry the light theme, so that a page whose policy forbids inline styles still shows the chart.
const STYLE =
  'svg{--ink:#1c2128;--soft:#5b6270;--grid:#dfe3e8;--line:#1f5fbf;--bench:#6b7280;--paper:#fff}' +
  '@media (prefers-color-scheme:dark){svg{--ink:#e6e9ee;--soft:#a3abb8;--grid:#343b46;--line:#7db1ff;--bench:#8d95a3;--paper:#14181e}}' +
  '.paper{fill:var(--paper)}text{fill:var(--soft);font-variant-numeric:tabular-nums}.title{fill:var(--ink)}' +
  '.axis{stroke:var(--soft)}text{stroke:none}.grid{stroke:var(--grid)}.mark{stroke:var(--soft)}' +
  '.line{stroke:var(--line)}.bench{stroke:var(--bench)}.area{fill:var(--line)}.own{fill:var(--line)}.other{fill:var(--bench)}' +
  '@media (max-width:540px){text{font-size:22px}}';

export type Chart = {
  title: string;
  description: string;
  /** What the value axis shows, with its unit. */
  unit: string;
  ticks: readonly ValueTick[];
  /** Lines, areas and their direct labels, as SVG. */
  content: string;
};

/** A whole SVG document: title, axes with units, the windows of the run, and `chart.content`. */
export const svgOf = (frame: Frame, windows: RunSpec['windows'], chart: Chart): string =>
  [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE.width} ${frame.height}" role="img" font-family="system-ui, sans-serif" font-size="14">`,
    `<title>${escapeXml(chart.title)}</title><desc>${escapeXml(chart.description)}</desc><style>${STYLE}</style>`,
    `<rect class="paper" width="${SIZE.width}" height="${frame.height}" fill="#fff"/>`,
    `<text class="title" x="8" y="22" fill="#1c2128">${escapeXml(chart.unit)}</text>`,
    valueAxis(frame, chart.ticks),
    `<g class="mark" stroke="#5b6270" fill="#5b6270">${windowMarks(frame, windows)}</g>`,
    chart.content,
    timeAxis(frame),
    `<text x="${n((SIZE.left + frame.right) / 2)}" y="${frame.height - 8}" text-anchor="middle" fill="#5b6270">Date</text>`,
    '</svg>\n',
  ].join('\n');
