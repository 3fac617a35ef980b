import { html } from 'hono/html';
import type { JobState } from '../../../contracts/job-state.ts';
import { WATCHDOG } from '../../../contracts/watchdog.ts';
import type { Meter } from '../model/budget.ts';
import { heading, keyLabel } from '../model/text.ts';
import { notYours, type Viewer } from './controls.ts';
import { costLine } from './decision.ts';
import { broken, type Evidence } from './evidence.ts';
import type { Html } from './layout.ts';
import { digest, said, time } from './parts.ts';

type Asking = Extract<JobState, { status: 'WAITING_HUMAN' }>;

/** Who asks, where it is no agent. */
const TITLES: Record<string, string> = {
  [WATCHDOG.step]: 'Nobody works on this job any more',
  checks: 'The project’s checks gave no verdict',
};

/** What an answer leads to, by step. */
const ON_ANSWER: Record<string, string> = {
  checks: '“again” runs the checks once more. “passed” or “failed”, with your evidence, is the verdict of the validation, in your name.',
  intent: 'The agent drafts again with your answer. Its blueprint is asked about next: nothing is compiled or run before that is approved.',
};

const file = (evidence: Evidence): Html =>
  html`<p class="meta">${evidence.href ? html`<a href="${evidence.href}">${heading(evidence.name)}</a>` : heading(evidence.name)} · ${digest(`sha256:${evidence.sha256}`)}</p>${broken(evidence)}`;

const agentForm = (
  { job_id, step }: Asking,
  signs: Html,
): Html => html`<form method="post" action="/ui/jobs/${job_id}/resume"><input type="hidden" name="step" value="${step}">
${signs}
<label for="answer">Your answer <span class="quiet">kept in the log${step === 'checks' ? '' : ' and given to the agent'}</span></label>
<textarea id="answer" name="answer" rows="4" maxlength="4000" required autocomplete="off"></textarea>
<div class="choices"><div class="choice"><button type="submit" aria-describedby="on-answer">Answer</button><p id="on-answer">${ON_ANSWER[step] ?? 'The job goes on with your answer.'}</p></div></div></form>
<p class="quiet">Nobody can answer? End the job with <code>holdpoint cancel ${job_id}</code>.</p>`;

const choice = (answer: string, name: string, means: string): Html =>
  html`<div class="choice"><button type="submit" name="answer" value="${answer}" aria-describedby="on-${answer}">${name}</button><p id="on-${answer}">${means}</p></div>`;

const watchdogForm = (
  { job_id, step }: Asking,
  signs: Html,
): Html => html`<form method="post" action="/ui/jobs/${job_id}/resume"><input type="hidden" name="step" value="${step}">
${signs}
<div class="choices">${choice('continue', 'Continue', 'A new execution runs the job from its log: what is done stays done, decisions stand, and what was lost is tried again.')}
${choice('stop', 'Stop', 'The job ends, with this reason. What it left is kept, and it can be redriven later.')}</div></form>`;

/** The agent's or the watchdog's question, who is asked, and what an answer does. */
export const questionCard = (options: { state: Asking; evidence: Evidence[]; meters: Meter[] | null; viewer: Viewer; now: Date }): Html => {
  const { state, evidence, meters, viewer, now } = options;
  const { actor, operator } = viewer;
  const { step, approval, question } = state;
  const watchdog = step === WATCHDOG.step;
  const signs = html`<p class="signs">You answer as ${said(actor.id)} (${actor.identity}).</p>`;
  const forOperators = () => (operator ? watchdogForm(state, signs) : notYours('Only operators can continue or stop this job.', viewer));
  const answers = watchdog ? forOperators() : agentForm(state, signs);
  return html`<section class="decision" id="decision" data-live aria-labelledby="question">
<h2 id="question">${TITLES[step] ?? `The ${keyLabel(step)} agent asks you`}</h2>
<blockquote class="asked">${said(question)}</blockquote>
<dl class="fields facts"><div><dt>Submitted by</dt><dd>${said(state.submitted_by.id)} (${state.submitted_by.identity})</dd></div>
<div><dt>Asked</dt><dd>${time(approval.opened_at, now)}${approval.visit > 1 && !watchdog ? html`, time ${approval.visit}` : ''}</dd></div>
${watchdog ? '' : html`<div><dt>Expires</dt><dd>${time(approval.expires_at, now)}</dd></div>`}<div><dt>Cost so far</dt><dd>${costLine(state, meters)}</dd></div></dl>
${evidence.map(file)}
${answers}</section>`;
};
