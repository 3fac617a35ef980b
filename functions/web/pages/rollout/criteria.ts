import { html } from 'hono/html';
import { CRITERIA, type JudgedCriterion, type StageEvidence, stageMeaning } from '../../../../contracts/rollout.ts';
import { limitText, percent, STANDINGS, settingsText, type Tone, VERDICTS, valueText } from '../../../lib/rollout/words.ts';
import { duration, figure, keyLabel, usd } from '../../model/text.ts';
import type { Html } from '../layout.ts';
import { said, standing } from '../parts.ts';

/** A state as a word with a mark; quiet where it says nothing yet. */
export const mark = ({ words, tone }: { words: string; tone: Tone }): Html =>
  tone === null ? html`<span class="quiet">${words}</span>` : html`<span class="standing ${tone}">${words}</span>`;

const criterionRow = ({ id, value, limit, verdict, detail }: JudgedCriterion): Html =>
  html`<tr><th scope="row">${keyLabel(id)}<span class="block quiet">${CRITERIA[id].meaning}</span>${detail === null ? '' : html`<span class="block">${said(detail)}</span>`}</th><td class="num">${valueText(id, value)}</td><td>${limitText(id, limit)}</td><td>${mark(VERDICTS[verdict])}</td></tr>`;

const RANK: Record<JudgedCriterion['verdict'], number> = { breached: 0, warned: 1, met: 2, not_applicable: 3 };

/** What a stage was judged by, the worst first. */
export const criteriaTable = ({ stage, criteria }: StageEvidence): Html =>
  html`<div class="scroll" tabindex="0" role="group" aria-label="Criteria of stage ${stage}"><table class="criteria"><caption>Criteria</caption>
<thead><tr><th scope="col">Criterion</th><th scope="col" class="num">Found</th><th scope="col">Must be</th><th scope="col">Verdict</th></tr></thead>
<tbody>${criteria.toSorted((a, b) => RANK[a.verdict] - RANK[b.verdict]).map(criterionRow)}</tbody></table></div>`;

type CanaryRow = Pick<StageEvidence, 'stage'> & {
  canaries: readonly {
    index: number;
    job_id: string;
    status: string | null;
    step: string | null;
    result: StageEvidence['canaries'][number] | null;
  }[];
};

const canaryState = ({ status, step, result }: CanaryRow['canaries'][number]): Html => {
  if (result)
    return html`${standing({ status: result.status, step: null, outcome: result.outcome })}${result.reason === null ? '' : html`<span class="block quiet">${said(result.reason)}</span>`}`;
  return status === null ? html`<span class="quiet">not opened yet</span>` : standing({ status, step, outcome: null });
};

/** The canary jobs of a stage, each with the way to its page. */
export const canaryTable = ({ stage, canaries }: CanaryRow): Html =>
  html`<div class="scroll" tabindex="0" role="group" aria-label="Canaries of stage ${stage}"><table><caption>Canaries</caption>
<thead><tr><th scope="col">Job</th><th scope="col">State</th><th scope="col" class="num">Took</th><th scope="col" class="num">Tokens</th><th scope="col" class="num">Cost</th></tr></thead>
<tbody>${canaries.map((canary) => {
    const { index, job_id, status, result } = canary;
    const name = html`${index + 1}. <code>${job_id}</code>`;
    return html`<tr><th scope="row">${status === null ? name : html`<a href="/ui/jobs/${job_id}">${name}</a>`}</th><td>${canaryState(canary)}</td><td class="num">${result ? duration(result.seconds) : ''}</td><td class="num">${result ? figure(result.tokens) : ''}</td><td class="num">${result ? usd(result.usd) : ''}</td></tr>`;
  })}</tbody></table></div>`;

/** What an approver of the next stage signs: how the stage before went. */
export const stageEvidence = (evidence: StageEvidence): Html => {
  const { stage, success_rate, baseline, canaries, flags, verdict } = evidence;
  const rows = canaries.map((result) => ({ index: result.index, job_id: result.job_id, status: result.status, step: null, result }));
  return html`<dl class="fields"><div><dt>Stage</dt><dd>${stage}, ${stageMeaning(stage).name}</dd></div><div><dt>Verdict</dt><dd>${mark(STANDINGS[verdict])}</dd></div>
<div><dt>Success rate</dt><dd>${percent(success_rate)}${baseline === null ? '' : html` <span class="quiet">(baseline ${percent(baseline)})</span>`}</dd></div><div class="long"><dt>Flags in force</dt><dd>${settingsText(flags)}</dd></div></dl>
${criteriaTable(evidence)}${canaryTable({ stage, canaries: rows })}`;
};
