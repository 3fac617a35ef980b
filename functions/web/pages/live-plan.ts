import { html } from 'hono/html';
import { BudgetEscalation, type BudgetPart } from '../../../contracts/budget.ts';
import { LivePlan, overBudget } from '../../../contracts/live-plan.ts';
import { StageEvidence } from '../../../contracts/rollout.ts';
import { amountText, BUDGET_PARTS, bareText, PART_NAMES, partText } from '../model/budget.ts';
import type { Html } from './layout.ts';
import { modeLabel, notice, said } from './parts.ts';

const estimateText = ({ calls, tokens, nano_usd }: LivePlan['estimate']): string =>
  nano_usd === null
    ? `${partText('calls', calls)}, ${partText('tokens', tokens)}; USD unknown, because a model of the chain has no known price`
    : amountText({ calls, tokens, nano_usd });

/** What the estimate needs beyond the budget: better known before signing than when the job asks for more. */
const shortNote = (plan: LivePlan): Html | string => {
  const short = overBudget(plan).map((part) => `${partText(part, plan.estimate[part] ?? 0)} of ${bareText(part, plan.budget[part])}`);
  return short.length === 0
    ? ''
    : notice(
        'wait',
        'The estimate exceeds the budget',
        html`<p>It may take up to ${short.join(', ')}. The job then stops on the way and asks for a larger budget.</p>`,
      );
};

/** The whole chain in fallback order, what it may cost, and what else follows. */
const planCard = (
  plan: LivePlan,
): Html => html`<p>${modeLabel(plan.mode)} calls to the providers below, in this order: the next is asked when the one before fails.</p>
<ol class="chain">${plan.chain.map(({ position, provider, model, host }) => html`<li value="${position}"><strong>${said(provider)}</strong> ${said(model)}<span class="block quiet">${host === null ? 'at the provider’s own host' : html`at ${said(host)}`}</span></li>`)}</ol>
<dl class="fields"><div class="long"><dt>Budget of the job</dt><dd>${amountText(plan.budget)}</dd></div><div class="long"><dt>Estimate, at most</dt><dd>${estimateText(plan.estimate)}</dd></div></dl>${shortNote(plan)}
<div class="part"><p class="label">Risks</p><ul class="risks">${plan.risk.map((text) => html`<li>${said(text)}</li>`)}</ul></div>`;

/** Parts are columns, so that the table fits a phone. */
const escalationCard = ({ limits, use: { committed, spent }, proposed }: BudgetEscalation): Html => {
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
  const stage = name === 'stage_evidence' ? StageEvidence.safeParse(value) : null;
  if (stage?.success) return import('./rollout/criteria.ts').then(({ stageEvidence }) => stageEvidence(stage.data));
  const escalation = name === 'budget_escalation' ? BudgetEscalation.safeParse(value) : null;
  return escalation?.success ? escalationCard(escalation.data) : null;
};
