import { html } from 'hono/html';
import * as z from 'zod';
import { Amount, type BudgetPart } from '../../../contracts/budget.ts';
import { LivePlan } from '../../../contracts/live-plan.ts';
import { amountText, BUDGET_PARTS, bareText, PART_NAMES } from '../model/budget.ts';
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
<ol class="chain">${chain.map(({ position, provider, model, host }) => html`<li value="${position}"><strong>${said(provider)}</strong> ${said(model)}<span class="block quiet">${host === null ? 'at the provider’s own host' : html`at ${said(host)}`}</span></li>`)}</ol>
<dl class="fields"><div class="long"><dt>Budget of the job</dt><dd>${amountText(budget)}</dd></div><div class="long"><dt>Estimate, at most</dt><dd>${estimateText(estimate)}</dd></div></dl>
<div class="part"><p class="label">Risks</p><ul class="risks">${risk.map((text) => html`<li>${said(text)}</li>`)}</ul></div>`;

/** Parts are columns, so that the table fits a phone. */
const escalationCard = ({ limits, use: { committed, spent }, proposed }: Escalation): Html => {
  const row = (name: string, value: (part: BudgetPart) => number): Html =>
    html`<tr><th scope="row">${name}</th>${BUDGET_PARTS.map((part) => html`<td class="num">${bareText(part, value(part))}</td>`)}</tr>`;
  return html`<p>The next call may cost more than is left.</p>
<div class="scroll" tabindex="0" role="group" aria-label="Budget"><table class="tight"><thead><tr><td></td>${BUDGET_PARTS.map((part) => html`<th scope="col" class="num">${PART_NAMES[part]}</th>`)}</tr></thead>
<tbody>${row('Used', (part) => spent[part])}${row('Reserved', (part) => Math.max(0, committed[part] - spent[part]))}${row('Limit', (part) => limits[part])}${row('Limit if approved', (part) => proposed[part])}</tbody></table></div>`;
};

/** Evidence with a form of its own; null for any other document. */
export const ownForm = (name: string, value: unknown): Html | null => {
  const plan = name === 'live_confirm' ? LivePlan.safeParse(value) : null;
  if (plan?.success) return planCard(plan.data);
  const escalation = name === 'budget_escalation' ? Escalation.safeParse(value) : null;
  return escalation?.success ? escalationCard(escalation.data) : null;
};
