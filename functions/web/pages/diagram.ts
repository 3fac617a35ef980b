import { html } from 'hono/html';
import type { FlowJump, FlowMap, FlowNode } from '../model/flow-map.ts';
import type { Progress } from '../model/progress.ts';
import { stateLabel } from '../model/text.ts';
import type { Html } from './layout.ts';

const ROW = 36;
const LANE = 16;
const TOP = 20;
const GAP = 30;
const SIDE = 28;
const TEXT = 26;
const WIDTH = 296;

type Place = { node: FlowNode; x: number; y: number };
/** What the ring says: on its way, waiting for a person, ended well, ended badly. */
export type Tone = 'run' | 'wait' | 'good' | 'bad';

const marker = ({ node, x, y }: Place, classes: string): Html =>
  node.step === null
    ? html`<circle class="${classes}" cx="${x}" cy="${y}" r="6"/>`
    : html`<rect class="${classes}" x="${x - 14}" y="${y - 4}" width="28" height="8" rx="1"/>`;

const ring = ({ node, x, y }: Place, tone: Tone): Html =>
  node.step === null
    ? html`<circle class="ring ${tone}" cx="${x}" cy="${y}" r="11"/>`
    : html`<rect class="ring ${tone}" x="${x - 19}" y="${y - 9}" width="38" height="18" rx="4"/>`;

const hrefOf = (name: string, progress: Progress, tone: Tone): string | null => {
  if (tone === 'wait' && progress.current === name) return '#decision';
  const seq = progress.seqs.get(name)?.at(-1);
  return seq === undefined ? null : `#e${seq}`;
};

const drawNode = (place: Place, progress: Progress, tone: Tone): Html => {
  const { node, x, y } = place;
  const current = progress.current === node.name;
  const passed = progress.passed.has(node.name);
  const text = html`<text x="${x + TEXT}" y="${y + 5}"${current ? html` class="now"` : passed ? '' : html` class="later"`}>${stateLabel(node.name)}${node.inner.length > 0 ? ' (each a job)' : node.side && node.ending ? ' (any failure)' : ''}</text>`;
  const body = html`${current ? ring(place, tone) : ''}${marker(place, passed ? 'node passed' : 'node')}${text}`;
  const href = hrefOf(node.name, progress, tone);
  const state = current ? 'where the job is' : passed ? 'passed' : 'not reached';
  return href === null
    ? html`<g>${body}</g>`
    : html`<a href="${href}" aria-label="${stateLabel(node.name)}: ${state}; to its events">${body}</a>`;
};

/** Main line between neighbours, a short hook to what lies beside it. */
const drawLine = (places: Place[], progress: Progress): Html => {
  const main = places.filter((place) => !place.node.side);
  const steps = main.slice(1).map((to, i) => {
    const from = main[i] ?? to;
    return html`<path class="${progress.passed.has(from.node.name) && progress.passed.has(to.node.name) ? 'way walked' : 'way'}" d="M${from.x} ${from.y}V${to.y}"/>`;
  });
  const hooks = places.flatMap((place, row) => {
    const from = places.slice(0, row).findLast((p) => !p.node.side);
    if (!place.node.side || place.node.ending || !from) return [];
    return [
      html`<path class="${progress.passed.has(place.node.name) ? 'way walked' : 'way'}" d="M${from.x} ${from.y}Q${from.x} ${place.y} ${place.x} ${place.y}"/>`,
    ];
  });
  return html`${steps}${hooks}`;
};

/**
 * A way that skips states was taken when both its ends lie behind the job and nothing between does; one that leads round, when what it
 * leads to was entered again.
 */
const taken = ({ from, to, back }: FlowJump, places: Place[], { passed, seqs }: Progress): boolean => {
  if (back) return false;
  if (to < from) return (seqs.get(places[to]?.node.name ?? '')?.length ?? 0) > 1;
  return places.every(({ node }, row) => row < from || row > to || node.side || passed.has(node.name) === (row === from || row === to));
};

const drawJump = (jump: FlowJump, places: Place[], progress: Progress): Html | string => {
  const from = places[jump.from];
  const to = places[jump.to];
  if (!from || !to) return '';
  const x = Math.min(from.x, to.x) - GAP - jump.lane * LANE;
  const down = to.y > from.y ? 1 : -1;
  const edge = ({ node, x: cx }: Place) => cx - (node.step === null ? 9 : 17);
  const [y1, y2] = [from.y + down * 3, to.y - down * 3];
  const tip = edge(to);
  return html`<path class="jump${jump.back ? ' back' : ''}${taken(jump, places, progress) ? ' walked' : ''}" d="M${edge(from)} ${y1}H${x + 6}Q${x} ${y1} ${x} ${y1 + down * 6}V${y2 - down * 6}Q${x} ${y2} ${x + 6} ${y2}H${tip}"/><path class="tip" d="M${tip} ${y2}l-5 -3v6z"/>`;
};

const spoken = (map: FlowMap, progress: Progress): string => {
  const passed = map.nodes.filter((node) => progress.passed.has(node.name)).length;
  return `${passed} of ${map.nodes.length} states passed${progress.current === null ? '' : `; now at ${stateLabel(progress.current)}`}`;
};

/** The state machine as a map: passed states filled, the current one ringed, waits as bars across the line. */
export const diagram = (map: FlowMap, progress: Progress, tone: Tone): Html => {
  const x = map.lanes === 0 ? GAP : GAP + map.lanes * LANE - 8;
  const places = map.nodes.map((node, row): Place => ({ node, x: node.side ? x + SIDE : x, y: TOP + row * ROW }));
  const height = TOP * 2 + (places.length - 1) * ROW;
  return html`<svg class="map" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="group" aria-label="${spoken(map, progress)}">
${drawLine(places, progress)}${map.jumps.map((jump) => drawJump(jump, places, progress))}${places.map((place) => drawNode(place, progress, tone))}
</svg>`;
};
