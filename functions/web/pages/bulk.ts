import { html } from 'hono/html';
import type { BulkResult } from '../../../contracts/approval-http.ts';
import type { Actor } from '../../../contracts/events.ts';
import type { Approval, JobState } from '../../../contracts/job-state.ts';
import { clip } from '../model/text.ts';
import { answersOf } from './asked.ts';
import { choices, meaning, recordedAs } from './decision.ts';
import { type Evidence, evidenceCards } from './evidence.ts';
import type { Html } from './layout.ts';
import { digest, empty, modeLabels, notice, said } from './parts.ts';

/** One job of a selection, with what its approver signs. */
export type Selected = { state: JobState; approval: Approval; evidence: Evidence[] };

/** Jobs whose files are the same, whatever their names: one look is enough for all of them. */
const evidenceKey = ({ evidence }: Selected): string =>
  JSON.stringify(evidence.map(({ name, sha256, intact }) => [name, sha256, intact]).toSorted());

export const byEvidence = (selected: readonly Selected[]): Selected[][] => [...Map.groupBy(selected, evidenceKey).values()];

const row = ({ state, approval }: Selected): Html =>
  html`<li><a href="/ui/jobs/${state.job_id}"><strong>${said(clip(state.title, 120))}</strong></a> ${modeLabels(state)}
<p class="meta"><code>${state.job_id}</code> by ${said(state.submitted_by.id)} · ${digest(approval.subject_digest)}</p></li>`;

const group = (jobs: Selected[], i: number): Html =>
  html`<section class="card" aria-labelledby="group-${i}"><header><h2 id="group-${i}">${jobs.length === 1 ? 'One job' : `${jobs.length} jobs with the same evidence`}</h2></header>
<ol class="waits">${jobs.map(row)}</ol><details id="evidence-${i}" open><summary>Evidence</summary>${evidenceCards(jobs[0]?.evidence ?? [])}</details></section>`;

const hidden = ({ state, approval }: Selected): Html =>
  html`<input type="hidden" name="job-${state.job_id}" value="${approval.subject_digest}">`;

/** Answers that every one of the selected takes from this person. */
const common = (selected: readonly Selected[], actor: Actor): string[] => {
  const all = selected.map(({ state, approval, evidence }) => {
    const intact = evidence.every((one) => one.intact);
    return answersOf(state, approval, actor).takes.filter((choice) => intact || choice !== 'approve');
  });
  return ['approve', 'reject', 'revise'].filter((choice) => all.every((takes) => takes.includes(choice)));
};

const form = (step: string, selected: readonly Selected[], actor: Actor): Html => {
  const takes = common(selected, actor);
  const [first] = selected;
  if (!first || takes.length === 0)
    return notice(
      'wait',
      'These cannot be decided together',
      html`<p>No answer is open to you for all of them. Decide each on its own page.</p>`,
    );
  return html`<form class="decision" method="post" action="/ui/approvals/decide"><input type="hidden" name="step" value="${step}">${selected.map(hidden)}
<p class="signs">You decide as ${said(actor.id)} (${actor.identity}), once for ${selected.length} jobs. Each is recorded, or refused, on its own.</p>
<label for="comment">Comment <span class="quiet">kept in the log of each</span></label><textarea id="comment" name="comment" rows="3" maxlength="4000" autocomplete="off"></textarea>
${choices(first.approval, takes)}</form>`;
};

/** What was selected, grouped by evidence, and one form for all of it. */
export const bulkReview = (step: string, selected: readonly Selected[], gone: readonly string[], actor: Actor): Html => {
  const groups = byEvidence(selected);
  const differ =
    groups.length > 1
      ? notice('wait', `${groups.length} different sets of evidence`, html`<p>Read each of them: one answer is given to all.</p>`)
      : '';
  const missing =
    gone.length === 0
      ? ''
      : notice(
          'wait',
          'Some no longer wait',
          html`<p>${gone.map((id) => html`<a href="/ui/jobs/${id}"><code>${id}</code></a> `)} moved on since, and ${gone.length === 1 ? 'is' : 'are'} left out.</p>`,
        );
  const body =
    selected.length === 0
      ? empty('Nothing is selected', html`<p>Tick what you want to decide under <a href="/ui/approvals">Approvals</a>.</p>`)
      : html`${differ}${groups.map(group)}${form(step, selected, actor)}`;
  return html`<h1>${meaning(step).question}</h1><p class="quiet">${step.replaceAll('_', ' ')}, ${selected.length} ${selected.length === 1 ? 'job' : 'jobs'}</p>${missing}${body}`;
};

const result = (one: BulkResult): Html => {
  const job = html`<a href="/ui/jobs/${one.job_id}"><code>${one.job_id}</code></a>`;
  if ('problem' in one)
    return html`<li><span class="standing bad">Not recorded</span> ${job} <span>${said(one.problem.detail)}</span></li>`;
  const { event_type, seq, by } = one.decision;
  return html`<li><span class="standing good">${one.already_decided ? 'Already decided' : recordedAs(event_type)}</span> ${job} <span class="quiet">by ${said(by)}, event ${seq}</span></li>`;
};

/** What came of each. */
export const bulkResult = (results: readonly BulkResult[]): Html => {
  const refused = results.filter((one) => 'problem' in one).length;
  const done = results.length - refused;
  return html`<h1>${done} of ${results.length} decided</h1>
${refused === 0 ? '' : notice('bad', `${refused} ${refused === 1 ? 'was' : 'were'} not recorded`, html`<p>The others are. Open a job to see what it waits for now.</p>`)}
<ol class="waits results">${results.map(result)}</ol><p><a href="/ui/approvals">Back to approvals</a></p>`;
};
