import { html } from 'hono/html';
import * as z from 'zod';
import { Amount, type BudgetPart } from '../../../contracts/budget.ts';
import { LivePlan } from '../../../contracts/live-plan.ts';
import { amountText, BUDGET_PARTS, PART_NAMES, partText } from '../model/budget.ts';
import { figure } from '../model/text.ts';
import type { Html } from './layout.ts';
import { modeLabel, said } from './parts.ts';

/** What the budget hold keeps: the limits, what is used of them, and what approving grants. */
const Escalation = z.strictObject({ limits: Amount, use: z.strictObject({ committed: Amount, spent: Amount }), proposed: Amount });
type Escalation = z.infer<typeof Escalation>;

const estimateText = ({ calls, tokens, nano_usd }: LivePlan['estimate']): string =>
  nano_usd === null
    ? `${figure(calls)} calls, ${figure(tokens)} tokens; USD unknown, because a model of the chain has no known price`
    : amountText({ calls, tokens, nano_usd });

/** The whole chain in fallback order, what it may cost, and what else follows. */
const planCard = ({
  mode,
  chain,
  budget,
  estimate,
  risk,
}: LivePlan): Html => html`<p>${modeLabel(mode)} calls to the providers below, in this order: the next is asked when the one before fails.</p>
<div class="scroll" tabindex="0" role="group" aria-label="Providers"><table><thead><tr><th scope="col" class="num">No.</th><th scope="col">Provider</th><th scope="col">Model</th><th scope="col">Host</th></tr></thead>
<tbody>${chain.map(({ position, provider, model, host }) => html`<tr><td class="num">${position}</td><th scope="row">${said(provider)}</th><td>${said(model)}</td><td>${host === null ? 'the provider’s own' : said(host)}</td></tr>`)}</tbody></table></div>
<dl class="fields"><div class="long"><dt>Budget of the job</dt><dd>${amountText(budget)}</dd></div><div class="long"><dt>Estimate, at most</dt><dd>${estimateText(estimate)}</dd></div></dl>
<div class="part"><p class="label">Risks</p><ul class="risks">${risk.map((text) => html`<li>${said(text)}</li>`)}</ul></div>`;

const reserved = (value: number, part: BudgetPart): Html | string =>
  value <= 0 ? '' : html`<span class="block quiet">${partText(part, value)} reserved</span>`;

const escalationCard = ({
  limits,
  use: { committed, spent },
  proposed,
}: Escalation): Html => html`<p>The next call may cost more than is left.</p>
<div class="scroll" tabindex="0" role="group" aria-label="Budget"><table class="tight"><thead><tr><td></td><th scope="col" class="num">Used</th><th scope="col" class="num">Limit</th><th scope="col" class="num">If approved</th></tr></thead>
<tbody>${BUDGET_PARTS.map((part) => html`<tr><th scope="row">${PART_NAMES[part]}</th><td class="num">${partText(part, spent[part])}${reserved(committed[part] - spent[part], part)}</td><td class="num">${partText(part, limits[part])}</td><td class="num"><strong>${partText(part, proposed[part])}</strong></td></tr>`)}</tbody></table></div>`;

/** Evidence with a form of its own; null for any other document. */
export const ownForm = (name: string, value: unknown): Html | null => {
  const plan = name === 'live_confirm' ? LivePlan.safeParse(value) : null;
  if (plan?.success) return planCard(plan.data);
  const escalation = name === 'budget_escalation' ? Escalation.safeParse(value) : null;
  return escalation?.success ? escalationCard(escalation.data) : null;
};
