import { html } from 'hono/html';
import { bareText, type Meter, PART_NAMES } from '../model/budget.ts';
import type { Html } from './layout.ts';

/** From this share of the limit on, a meter says that it is nearly used up. */
const NEAR = 0.8;

const share = (value: number, limit: number): number => (limit <= 0 ? 100 : Math.min(100, Math.round((value / limit) * 1000) / 10));

const fill = ({ spent, reserved, limit }: Meter): { tone: string; words: string } => {
  if (spent + reserved >= limit) return { tone: 'full', words: ', used up' };
  return spent + reserved >= NEAR * limit ? { tone: 'near', words: ', nearly used up' } : { tone: '', words: '' };
};

const meter = (one: Meter): Html => {
  const { part, spent, reserved, limit } = one;
  const { tone, words } = fill(one);
  const name = PART_NAMES[part];
  return html`<div class="${tone}"><dt>Budget, ${name}</dt><dd><span class="num">${bareText(part, spent)} of ${bareText(part, limit)}${reserved > 0 ? `, ${bareText(part, reserved)} reserved` : ''}${words}</span>
<svg class="meter" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="100" height="6"/><rect class="reserved" width="${share(spent + reserved, limit)}" height="6"/><rect class="spent" width="${share(spent, limit)}" height="6"/></svg></dd></div>`;
};

/** What is gone of a job's budget: a bar and its figures for calls, tokens and money. */
export const budgetMeter = (meters: Meter[] | null): Html | string =>
  meters === null ? '' : html`<section class="budget" aria-label="Budget"><dl>${meters.map(meter)}</dl></section>`;
