import { html } from 'hono/html';
import type { LoadedJob } from '../../../../contracts/commands.ts';
import type { JobRecord } from '../../../../contracts/ports.ts';
import type { RolloutView, StageView } from '../../../../contracts/rollout-http.ts';
import { STANDINGS, settingsText, targetText } from '../../../lib/rollout/words.ts';
import { clip } from '../../model/text.ts';
import { askedFacts } from '../asked.ts';
import { meaning } from '../decision.ts';
import type { Html } from '../layout.ts';
import { empty, notice, said, standing, time } from '../parts.ts';
import { canaryTable, criteriaTable, mark } from './criteria.ts';
import { plots } from './plots.ts';
import { type Validation, validationPart } from './validation.ts';

const START = 'npm run holdpoint -- rollout start';

const rung = ({ stage, name, standing: at, planned, canaries }: StageView): Html => {
  const known = STANDINGS[at];
  const ended = canaries.filter(({ result }) => result !== null);
  const good = ended.filter(({ result }) => result?.ok).length;
  const counts = planned === null ? '' : html`<span class="block quiet">${good} of ${planned} canaries succeeded</span>`;
  const title = html`<span class="num">${stage}</span> ${name}`;
  return html`<li class="${known.tone ?? 'later'}"${at === 'running' || at === 'waiting' ? html` aria-current="step"` : ''}><p>${planned === null ? title : html`<a href="#stage-${stage}">${title}</a>`}</p><p>${mark(known)}${counts}</p></li>`;
};

const ladder = (stages: readonly StageView[]): Html =>
  html`<ol class="ladder" id="ladder" data-live aria-label="Stages">${stages.map(rung)}</ol>`;

const asked = (jobId: string, question: string): Html =>
  html`<section class="decision" aria-labelledby="asked"><h2 id="asked">The validation asks a person</h2><blockquote class="asked">${said(question)}</blockquote>
<p><a class="button" href="/ui/jobs/${jobId}#decision">Answer</a></p></section>`;

const waiting = ({ state }: LoadedJob, now: Date): Html | string => {
  if (state.status === 'WAITING_HUMAN') return asked(state.job_id, state.question);
  if (state.status !== 'WAITING_APPROVAL') return '';
  const { question, onApprove, onReject } = meaning(state.step);
  return html`<section class="decision" aria-labelledby="asked"><h2 id="asked">${question}</h2>
<dl class="fields facts"><div><dt>Asked</dt><dd>${time(state.approval.opened_at, now)}</dd></div>${askedFacts(state.approval, now)}<div><dt>On yes</dt><dd>${onApprove}</dd></div><div><dt>On no</dt><dd>${onReject}</dd></div></dl>
<p><a class="button" href="/ui/jobs/${state.job_id}#decision">See the evidence and decide</a></p></section>`;
};

/** Canaries that wait for a person: live calls ask one, whoever opened the job. */
const held = (stages: readonly StageView[]): Html | string => {
  const asking = stages.flatMap(({ canaries }) => canaries).filter(({ status, step }) => status === 'WAITING_APPROVAL' && step !== null);
  if (asking.length === 0) return '';
  const list = asking.map(
    ({ index, job_id, step }) =>
      html`<li><a href="/ui/jobs/${job_id}#decision">Canary ${index + 1}, <code>${job_id}</code></a>: ${step?.replaceAll('_', ' ')}</li>`,
  );
  return notice('wait', 'Canaries wait for a person', html`<ul class="risks">${list}</ul>`);
};

const rolledBack = ({ rollback }: RolloutView, now: Date): Html | string => {
  if (rollback === null) return '';
  const { message, by, at, from_stage, to_stage, flags } = rollback;
  const set = Object.keys(flags).length === 0 ? 'No flag had been set, so none was set back.' : `Flags set back: ${settingsText(flags)}.`;
  return notice(
    'bad',
    from_stage === null || from_stage === to_stage ? 'Rolled back' : `Rolled back from stage ${from_stage} to stage ${to_stage}`,
    html`${message === null ? '' : html`<p>${said(clip(message, 600))}</p>`}<p>${set}</p><p class="meta">By ${said(by)}, ${time(at, now)}</p>`,
  );
};

const ENDED: Record<string, string> = {
  cancelled: 'Flags stay as the last stage set them.',
  error: 'The rollback failed too: look at the flags.',
};

const ended = ({ outcome }: RolloutView): Html | string =>
  outcome === null || ENDED[outcome] === undefined
    ? ''
    : notice('bad', `Ended: ${outcome}`, html`<p>${ENDED[outcome]} <a href="/ui/metrics">Metrics</a> say how jobs go on.</p>`);

const stagePart = (view: StageView, looked: Html | string, now: Date): Html => {
  const { stage, name, standing: at, entered_at, flags, evidence, canaries } = view;
  if (entered_at === null && looked === '') return html`<section id="stage-${stage}" data-live></section>`;
  const since =
    entered_at === null ? '' : html`<p class="meta">Entered ${time(entered_at, now)} · flags set: ${settingsText(flags ?? {})}</p>`;
  return html`<section class="panel" id="stage-${stage}" data-live aria-labelledby="stage-${stage}-h"><div><h2 id="stage-${stage}-h">Stage ${stage}: ${name}</h2>
<p class="line">${mark(STANDINGS[at])}</p>${since}</div>
${looked}${evidence ? criteriaTable(evidence) : html`<p class="quiet">${at === 'running' ? 'It is judged when its canaries have ended.' : 'The rollout ended before it was judged.'}</p>`}
${canaries.length === 0 ? '' : canaryTable({ stage, canaries })}</section>`;
};

const before = ({ flags_before, through }: RolloutView): Html =>
  Object.keys(flags_before).length === 0
    ? html``
    : html`<details id="before"><summary>Flags before it began</summary><p>${settingsText(flags_before)}</p><p class="quiet">A rollback from stage ${through < 2 ? through : '2 or 3'} ${through < 2 ? 'leads there' : 'leads to stage 1; from stage 1 it leads here'}.</p></details>`;

/** One rollout: its ladder, what is asked, what went wrong, and each stage's evidence. */
export const rolloutPart = (loaded: LoadedJob, view: RolloutView, validation: Validation, now: Date): Html => {
  const { state } = loaded;
  const by = state.submitted_by;
  return html`<header class="job" id="rollout-head" data-live><h1><a href="/ui/jobs/${state.job_id}">${said(clip(state.title, 200))}</a></h1>
<p class="line">${standing(view)}</p><p class="meta"><code>${state.job_id}</code> · brings in ${targetText(view.target)}, through stage ${view.through} · by ${said(by.id)} (${by.identity}) · ${time(state.created_at, now)}</p></header>
${ladder(view.stages)}<div class="panel" id="rollout-now" data-live>${waiting(loaded, now)}${held(view.stages)}${rolledBack(view, now)}${ended(view)}${before(view)}</div>
<div class="rollout">${plots(view.stages)}${view.stages.map((stage) => stagePart(stage, stage.stage === 0 ? validationPart(state.job_id, validation) : '', now)).toReversed()}</div><p id="live-note" class="toast" role="status"></p>`;
};

const row = (record: JobRecord, current: string, now: Date): Html =>
  html`<tr><th scope="row"><a href="/ui/rollout?job=${record.job_id}"${record.job_id === current ? html` aria-current="true"` : ''}>${said(clip(record.title, 120))}</a><span class="meta block"><code>${record.job_id}</code> by ${said(record.submitted_by)}</span></th><td>${standing(record)}</td><td class="wide num">${time(record.created_at, now)}</td></tr>`;

/** All rollouts there are, newest first. */
export const rolloutList = (records: readonly JobRecord[], current: string, next: string | null, now: Date): Html =>
  html`<section class="panel" id="rollouts" data-live aria-labelledby="rollouts-h"><h2 id="rollouts-h">All rollouts</h2><div class="scroll" tabindex="0" role="group" aria-label="All rollouts"><table class="list"><thead><tr><th scope="col">Rollout</th><th scope="col">State</th><th scope="col" class="wide num">Submitted</th></tr></thead><tbody>${records.map((record) => row(record, current, now))}</tbody></table></div>
${next === null ? '' : html`<p class="more"><a href="/ui/rollout?cursor=${next}" rel="next">Older</a></p>`}</section>`;

export const noRollout = (): Html =>
  html`<h1>Rollout</h1>${empty(
    'No rollout yet',
    html`<p class="prose">A rollout brings features in stage by stage. Canary jobs show whether each stage works, a person approves entering the next one, and what goes wrong is rolled back by itself.</p><p>Start one:</p><pre tabindex="0">${START}</pre>`,
  )}`;
