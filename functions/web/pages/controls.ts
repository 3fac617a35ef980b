import { html } from 'hono/html';
import type { Actor } from '../../../contracts/events.ts';
import { type Approval, type JobState, REDRIVABLE } from '../../../contracts/job-state.ts';
import { isSubmitter } from '../http/operator.ts';
import { isOpen, linkState } from '../model/approvals.ts';
import type { Html } from './layout.ts';
import { said, time } from './parts.ts';

const reason = (id: string, what: string): Html =>
  html`<label for="${id}">${what} <span class="quiet">kept in the log</span></label><input id="${id}" type="text" name="reason" maxlength="1000" autocomplete="off">`;

const redriveForm = (
  jobId: string,
): Html => html`<form method="post" action="/ui/jobs/${jobId}/redrive">${reason('redrive-reason', 'Why it is worth another try')}
<div class="choice"><button type="submit" aria-describedby="on-redrive">Redrive</button><p id="on-redrive">A new execution continues from the log: what is done stays done, decisions stand, and what failed is tried again.</p></div></form>`;

const cancelForm = (
  jobId: string,
): Html => html`<details class="control" id="cancel"><summary>Cancel this job</summary><form method="post" action="/ui/jobs/${jobId}/cancel">${reason('cancel-reason', 'Why')}
<div class="choice"><button type="submit" aria-describedby="on-cancel">Cancel job</button><p id="on-cancel">The job ends as cancelled, and nothing more of it runs. This cannot be undone; the same spec can be submitted with another <code>run</code>.</p></div></form></details>`;

const rollbackForm = (
  jobId: string,
): Html => html`<details class="control" id="rollback"><summary>Roll back</summary><form method="post" action="/ui/jobs/${jobId}/rollback">${reason('rollback-reason', 'Why')}
<div class="choice"><button type="submit" aria-describedby="on-rollback">Roll back</button><p id="on-rollback">The flags go back, to stage 1 from stage 2 or 3, otherwise to what they were. Canaries that run are cancelled, and the rollout ends.</p></div></form></details>`;

const delegateForm = (state: JobState, approval: Approval, actor: Actor): Html | string =>
  approval.policy.approvers.includes(actor.id)
    ? html`<details class="control" id="delegate"><summary>Ask somebody to decide for you</summary><form method="post" action="/ui/jobs/${state.job_id}/delegate"><input type="hidden" name="step" value="${approval.step}">
<label for="delegate-to">Who decides for you</label><input id="delegate-to" type="text" name="to" maxlength="128" required autocomplete="off" autocapitalize="none" spellcheck="false">
<div class="choice"><button type="submit" aria-describedby="on-delegate">Delegate</button><p id="on-delegate">They may then decide ${approval.step.replaceAll('_', ' ')} in your place, once; the log says for whom. You still may, too: together you have one say.</p></div></form></details>`
    : '';

/** Who looks at the page; `whom` is to be asked for what only operators do. */
export type Viewer = { actor: Actor; operator: boolean; whom: string };

/** Says instead of a form who may do it. */
export const notYours = (what: string, { actor, whom }: Viewer): Html =>
  html`<p class="quiet">${what} You are ${said(actor.id)}; ask ${said(whom)}.</p>`;

const cancelling = (state: JobState, viewer: Viewer): Html =>
  viewer.operator || isSubmitter(state, viewer.actor)
    ? html`${state.kind === 'rollout' ? rollbackForm(state.job_id) : ''}${cancelForm(state.job_id)}`
    : notYours('Only operators and whoever submitted the job can cancel it.', viewer);

const redriving = (state: JobState, viewer: Viewer): Html =>
  viewer.operator ? redriveForm(state.job_id) : notYours('Only operators can redrive this job.', viewer);

/** What people can do with a job beside deciding: delegate, cancel, redrive. */
export const controls = (state: JobState, viewer: Viewer): Html => {
  const open = (): Html | string => (state.status === 'WAITING_APPROVAL' ? delegateForm(state, state.approval, viewer.actor) : '');
  const parts =
    state.status === 'DONE'
      ? REDRIVABLE.includes(state.outcome) && redriving(state, viewer)
      : !state.cancelled && html`${open()}${cancelling(state, viewer)}`;
  return parts
    ? html`<section class="controls" id="controls" data-live aria-label="Other things to do">${parts}</section>`
    : html`<section id="controls" data-live></section>`;
};

const WORDS = { open: 'open', revoked: 'revoked', expired: 'expired', used: 'shows the outcome' } as const;

/** Whom links of a job's approvals were issued to, and which still decide. The links themselves are not here. */
export const linksPanel = (state: JobState, viewer: Viewer, now: Date): Html => {
  const rows = state.approvals.flatMap((approval) => approval.links.map((link) => ({ approval, link })));
  if (rows.length === 0) return html`<section id="links" data-live></section>`;
  const row = ({ approval, link }: (typeof rows)[number]): Html => {
    const standing = linkState(link, isOpen(state, approval), now);
    const may = viewer.operator || viewer.actor.id === link.approver;
    const revoke = html`<form method="post" action="/ui/jobs/${state.job_id}/revoke-link"><input type="hidden" name="step" value="${approval.step}"><input type="hidden" name="approver" value="${link.approver}"><button type="submit" class="small">Revoke</button></form>`;
    return html`<tr><th scope="row">${said(link.approver)}</th><td>${approval.step.replaceAll('_', ' ')}${approval.visit > 1 ? `, time ${approval.visit}` : ''}</td><td>${WORDS[standing]}</td><td>${time(link.expires_at, now)}</td><td>${standing === 'open' && may ? revoke : ''}</td></tr>`;
  };
  const open = rows.some(({ approval, link }) => linkState(link, isOpen(state, approval), now) === 'open');
  const note = open && !viewer.operator ? notYours('Only operators can take back a link of somebody else.', viewer) : '';
  return html`<section class="panel" id="links" data-live aria-labelledby="links-h"><h2 id="links-h">Links</h2>
<div class="scroll" tabindex="0" role="group" aria-label="Links"><table><thead><tr><th scope="col">Sent to</th><th scope="col">Step</th><th scope="col">State</th><th scope="col">Expires</th><td></td></tr></thead><tbody>${rows.map(row)}</tbody></table></div>${note}</section>`;
};
