import { html } from 'hono/html';
import type { Actor, JobEvent } from '../../../contracts/events.ts';
import type { Approval, JobState } from '../../../contracts/job-state.ts';
import { ApprovalStep, STEPS } from '../../../contracts/steps.ts';
import { costWords } from '../../lib/cost-words.ts';
import { amountText, type Meter } from '../model/budget.ts';
import { costSoFar } from '../model/cost.ts';
import { usd } from '../model/text.ts';
import { type Answers, answersNote, answersOf, askedFacts } from './asked.ts';
import { type Evidence, evidenceCards } from './evidence.ts';
import { findingsOf, findingsPreview } from './findings.ts';
import type { Html } from './layout.ts';
import { digest, notice, said, time } from './parts.ts';
import { revisionNote } from './revision.ts';

const FALLBACK = {
  question: 'Approve this?',
  onApprove: 'The job goes on.',
  onReject: 'The job ends as rejected.',
  onRevise: 'The job goes back with your comment.',
};

/** What a step asks, and what each answer does. */
export const meaning = (step: string) => {
  const known = ApprovalStep.safeParse(step);
  return known.success ? STEPS[known.data] : FALLBACK;
};

/** What the job has cost, in words. */
export const costLine = (state: JobState, meters: Meter[] | null): string => costWords(costSoFar(state, meters), usd);

const choice = (value: string, name: string, consequence: string, classes: string): Html =>
  html`<div class="choice ${classes}"><button type="submit" name="choice" value="${value}" aria-describedby="on-${value}">${name}</button><p id="on-${value}">${consequence}</p></div>`;

/** Approving a raised budget grants what the log names. */
const onApprove = ({ step, grant }: Approval): string =>
  grant === null ? meaning(step).onApprove : `${meaning(step).onApprove} The limits become ${amountText(grant)}.`;

/** The answers as buttons, the safe one first and `approve` far from it. */
export const choices = (approval: Approval, takes: readonly string[]): Html => {
  const does = meaning(approval.step);
  const can = (value: string) => takes.includes(value);
  return html`<div class="choices">
${can('reject') ? choice('reject', 'Reject', does.onReject, '') : ''}
${can('revise') ? choice('revise', 'Send back', `${does.onRevise ?? FALLBACK.onRevise} Say what to change.`, '') : ''}
${can('approve') ? choice('approve', 'Approve', onApprove(approval), 'yes') : ''}
</div>`;
};

const self = (state: JobState, actor: Actor, answers: Answers): Html | string =>
  state.submitted_by.id === actor.id && answers.why === null
    ? html`<p class="quiet">You submitted this job yourself; the log will say so.</p>`
    : '';

const form = (
  state: JobState,
  approval: Approval,
  actor: Actor,
  answers: Answers,
  takes: readonly string[],
): Html => html`<form method="post" action="/ui/jobs/${state.job_id}/decide">
<input type="hidden" name="step" value="${approval.step}"><input type="hidden" name="subject_digest" value="${approval.subject_digest}">
<p class="signs">You decide as ${said(actor.id)} (${actor.identity}) on ${digest(approval.subject_digest)}.</p>${self(state, actor, answers)}${answersNote(answers, approval)}
<label for="comment">Comment <span class="quiet">kept in the log</span></label>
<textarea id="comment" name="comment" rows="3" maxlength="4000" autocomplete="off"></textarea>
${choices(approval, takes)}</form>`;

/** The form, or why there is none. Altered evidence can be refused, not approved. */
const answering = (state: JobState, approval: Approval, actor: Actor, intact: boolean): Html => {
  const answers = answersOf(state, approval, actor);
  const takes = answers.takes.filter((one) => intact || one !== 'approve');
  if (takes.length > 0) return form(state, approval, actor, answers, takes);
  return notice('wait', 'You do not decide this', answersNote(answers, approval));
};

/** The question, the evidence, and the answers: all an approver needs, in that order. */
export const decisionCard = (options: {
  state: JobState;
  approval: Approval;
  events: JobEvent[];
  evidence: Evidence[];
  meters: Meter[] | null;
  actor: Actor;
  now: Date;
}): Html => {
  const { state, approval, events, evidence, meters, actor, now } = options;
  const { question } = meaning(approval.step);
  const findings = findingsOf(approval, events);
  return html`<section class="decision" id="decision" data-live aria-labelledby="question">
<h2 id="question">${question}</h2>
<dl class="fields facts"><div><dt>Submitted by</dt><dd>${said(state.submitted_by.id)} (${state.submitted_by.identity})</dd></div>
<div><dt>Asked</dt><dd>${time(approval.opened_at, now)}${approval.visit > 1 ? html`, time ${approval.visit}` : ''}</dd></div>
${askedFacts(approval, now)}
<div><dt>Cost so far</dt><dd>${costLine(state, meters)}</dd></div></dl>
${findings ? findingsPreview(findings) : ''}${revisionNote(state, approval, now)}
${evidence.length === 0 ? html`<p class="quiet">This step covers no files.</p>` : evidenceCards(evidence, (name) => findings !== null && name.endsWith('_guard'))}
${answering(
  state,
  approval,
  actor,
  evidence.every((e) => e.intact),
)}</section>`;
};

const VERBS: Record<string, string> = {
  APPROVED: 'Approved',
  REJECTED: 'Rejected',
  REVISION_REQUESTED: 'Sent back',
  APPROVAL_VOTED: 'Vote recorded',
  RESUMED: 'Answered',
  CANCELLED: 'Cancelled',
  ROLLED_BACK: 'Rolled back',
  REDRIVEN: 'Given to another execution',
  APPROVAL_DELEGATED: 'Delegated',
  LINK_REVOKED: 'Link revoked',
};

/** A decision in one word or two. */
export const recordedAs = (event_type: string): string => VERBS[event_type] ?? event_type;

/** What was recorded, read from the log itself; nothing for a number that is no decision. */
export const recorded = (event: JobEvent | undefined, late: boolean, now: Date): Html | string => {
  const verb = event && VERBS[event.event_type];
  if (!event || !verb) return '';
  const title = late ? `Already decided: ${verb.toLowerCase()}` : [verb, event.step?.replaceAll('_', ' ') ?? []].flat().join(': ');
  return notice(
    event.event_type === 'REJECTED' ? 'wait' : 'good',
    title,
    html`<p>By ${said(event.actor.id)} (${event.actor.identity}), ${time(event.at, now)}. <a href="#e${event.seq}">See event ${event.seq}</a>.</p>`,
  );
};
