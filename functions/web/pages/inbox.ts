import { html } from 'hono/html';
import type { ApprovalView } from '../../../contracts/http.ts';
import type { Approval, JobState } from '../../../contracts/job-state.ts';
import { clip } from '../model/text.ts';
import { meaning } from './decision.ts';
import type { Html } from './layout.ts';
import { digest, empty, said, time } from './parts.ts';

/** Questions that are looked up for one page. */
export const MAX_QUESTIONS = 20;
export type OpenQuestion = Extract<JobState, { status: 'WAITING_HUMAN' }>;

/** What waits, with its rules where the job could be read. */
export type Waiting = { view: ApprovalView; approval: Approval | null };

const questions = (open: OpenQuestion[], now: Date): Html | string =>
  open.length === 0
    ? ''
    : html`<h2>Questions</h2><ol class="waits">${open.map(
        ({
          job_id,
          title,
          step,
          question: asked,
          approval,
        }) => html`<li><a href="/ui/jobs/${job_id}#decision"><strong>${said(clip(asked, 200))}</strong></a><p>${said(clip(title, 120))}</p>
<p class="meta">${step.replaceAll('_', ' ')} · asked ${time(approval.opened_at, now)} · expires ${time(approval.expires_at, now)}</p></li>`,
      )}</ol>`;

const names = (list: readonly string[]): Html => html`${list.map((name, i) => html`${i > 0 ? ', ' : ''}${said(name)}`)}`;

const rules = ({ policy, delegations, votes, expiries, reminders, ...rest }: Approval): Html => {
  const parts = [
    policy.approvers.length === 0 ? [] : html`asks ${names(policy.approvers)}`,
    policy.quorum > 1
      ? html`${votes.length} of ${policy.quorum} approvals${votes.length > 0 ? html` (${names(votes.map(({ by }) => by))})` : ''}`
      : [],
    delegations.map(({ from, to }) => html`${said(from)} asked ${said(to)}`),
    reminders > 0 ? html`reminded ${reminders}×` : [],
    expiries > 0 ? html`expired ${expiries}×` : [],
  ].flat();
  return html`<p class="meta">${parts.map((part, i) => html`${i > 0 ? ' · ' : ''}${part}`)}${parts.length > 0 ? ' · ' : ''}${digest(rest.subject_digest)}</p>`;
};

const item = ({ view, approval }: Waiting, many: boolean, now: Date): Html => html`<li class="${many ? 'pick' : ''}">
${many ? html`<input type="checkbox" name="job" value="${view.job_id}" aria-label="Select ${clip(view.title, 120)}, job ${view.job_id}">` : ''}
<div><a href="/ui/jobs/${view.job_id}#decision"><strong>${said(clip(view.title, 120))}</strong></a>
<p class="meta">asked ${time(view.opened_at, now)} · expires ${time(view.expires_at, now)}</p>
${approval ? rules(approval) : html`<p class="meta">${digest(view.subject_digest)}</p>`}</div></li>`;

/** Jobs that wait at one step. Several of them can be decided once. */
const group = (step: string, waiting: Waiting[], now: Date): Html => {
  const many = waiting.length > 1;
  const list = html`<ol class="waits">${waiting.map((one) => item(one, many, now))}</ol>`;
  return html`<section class="panel" aria-labelledby="step-${step}"><h2 id="step-${step}">${meaning(step).question}</h2><p class="quiet">${step.replaceAll('_', ' ')}, ${waiting.length} waiting</p>
${many ? html`<form method="get" action="/ui/approvals/review"><input type="hidden" name="step" value="${step}">${list}<p><button type="submit">Decide selected together</button></p></form>` : list}</section>`;
};

/** What waits, by step and oldest first, and the questions that only a person can answer. */
export const inbox = (waiting: Waiting[], open: OpenQuestion[], next: string | null, now: Date): Html => html`<h1>Approvals</h1>
${
  waiting.length === 0
    ? empty('Nothing waits for a signature', html`<p>Jobs that run are under <a href="/ui/jobs?status=RUNNING">running</a>.</p>`)
    : html`${[...Map.groupBy(waiting, ({ view }) => view.step)].map(([step, list]) => group(step, list, now))}`
}${next === null ? '' : html`<p class="more"><a href="/ui/approvals?${new URLSearchParams({ cursor: next })}" rel="next">Newer</a></p>`}${questions(open, now)}`;
