import { html } from 'hono/html';
import type { OpenedLink } from '../../../contracts/commands.ts';
import type { Approval, JobState } from '../../../contracts/job-state.ts';
import type { Web } from '../deps.ts';
import { isOpen } from '../model/approvals.ts';
import type { Meter } from '../model/budget.ts';
import { clip } from '../model/text.ts';
import { answersNote, answersOf, askedFacts } from '../pages/asked.ts';
import { choices, costLine, meaning, recordedAs } from '../pages/decision.ts';
import { type Evidence, evidenceCards } from '../pages/evidence.ts';
import { findingsOf, findingsPreview } from '../pages/findings.ts';
import { type Html, page } from '../pages/layout.ts';
import { digest, modeLabels, notice, said, time } from '../pages/parts.ts';
import { revisionNote } from '../pages/revision.ts';
import type { Reader } from './identity.ts';

export type LinkView = {
  opened: OpenedLink;
  evidence: Evidence[];
  meters: Meter[] | null;
  reader: Reader;
  token: string;
  now: Date;
  /** What happened to the form just sent, and what it said. */
  banner?: Html;
  comment?: string;
};

/** What the approver types: the step, as it is shown. */
export const stepName = (step: string): string => step.replaceAll('_', ' ');

const typing = (approval: Approval): Html => html`<label for="typed">Type “${stepName(approval.step)}” to decide</label>
<input id="typed" name="typed" type="text" maxlength="100" required autocomplete="off" autocapitalize="none" autocorrect="off" spellcheck="false" aria-describedby="typed-why">
<p class="quiet" id="typed-why">Programs that check mail open links and press buttons. They do not type.</p>`;

// No action: the form goes to the address of the page, which no page repeats.
const form = (view: LinkView, by: Exclude<Reader, { kind: 'unknown' | 'other' }>): Html => {
  const { approval } = view.opened;
  const { state } = view.opened;
  const answers = answersOf(state, approval, by.actor);
  const takes = answers.takes.filter((one) => one !== 'approve' || view.evidence.every(({ intact }) => intact));
  if (takes.length === 0) return notice('wait', 'You do not decide this', answersNote(answers, approval));
  return html`<form method="post"><input type="hidden" name="subject_digest" value="${approval.subject_digest}"><input type="hidden" name="token" value="${view.token}">
<p class="signs">You decide as ${said(by.actor.id)}, ${by.kind === 'link' ? 'known by this link alone' : 'signed in'}, on ${digest(approval.subject_digest)}.</p>${answersNote(answers, approval)}
<label for="comment">Comment <span class="quiet">kept in the log</span></label>
<textarea id="comment" name="comment" rows="3" maxlength="4000" autocomplete="off">${view.comment ?? ''}</textarea>
${by.kind === 'link' ? typing(approval) : ''}${choices(approval, takes)}</form>`;
};

const signInFirst = (web: Web, approver: string): Html =>
  web.signIn
    ? notice(
        'wait',
        'Sign in to decide',
        html`<p>This environment takes decisions only from people who are signed in. You come back to this page.</p><p><a class="button" href="?sign-in=1">Sign in as ${said(approver)}</a></p>`,
      )
    : notice(
        'wait',
        'This link cannot decide',
        html`<p>This step asks for more proof of who you are than a link gives. Decide with the command line, or ask operations how.</p>`,
      );

const answering = (web: Web, view: LinkView): Html => {
  const { reader, opened } = view;
  if (reader.kind === 'unknown') return signInFirst(web, opened.approver);
  return reader.kind === 'other' ? html`` : form(view, reader);
};

const newer = ({ status, ...state }: JobState, approval: Approval): boolean =>
  status === 'WAITING_APPROVAL' && state.approvals.some((a) => a.step === approval.step && a.visit > approval.visit && a.decision === null);

/** What came of it: the decision on record, or that nobody needs one any more. */
const outcome = ({ opened: { state, approval, approver }, now }: LinkView): Html => {
  const { decision } = approval;
  const next = newer(state, approval) ? html`<p>It was asked again since, on new evidence; your newest message has the link.</p>` : '';
  if (decision === null) {
    const how =
      state.status === 'DONE' ? `The job ended: ${state.outcome.replaceAll('_', ' ')}.` : 'The job was cancelled or has moved on.';
    return notice('wait', 'No decision is needed any more', html`<p>${how} Nothing you do here changes it.</p>${next}`);
  }
  const own = decision.by.id === approver;
  return notice(
    decision.event_type === 'APPROVED' ? 'good' : 'wait',
    `${own ? 'You decided' : 'Decided'}: ${recordedAs(decision.event_type).toLowerCase()}`,
    html`<p>By ${said(decision.by.id)} (${decision.by.identity}), ${time(decision.at, now)}, event ${decision.seq} of the log.</p>${decision.comment ? html`<blockquote class="asked">${said(clip(decision.comment, 1000))}</blockquote>` : ''}${next}`,
  );
};

/** A vote that does not decide yet is told before anything else. */
const voteNote = ({ opened: { approval, approver } }: LinkView): Html | string => {
  const vote = approval.votes.find(({ by }) => by === approver);
  if (!vote) return '';
  const { length } = approval.votes;
  return notice(
    'good',
    'Your approval is recorded',
    html`<p>${length} of ${approval.policy.quorum} approvals. The job goes on with the last of them.</p>`,
  );
};

const withFile = (evidence: Evidence): Evidence => ({ ...evidence, href: `?file=${encodeURIComponent(evidence.name)}` });

const evidencePart = ({ opened: { approval, events }, evidence }: LinkView): Html => {
  const findings = findingsOf(approval, events);
  const cards = evidenceCards(evidence.map(withFile), (name) => findings !== null && name.endsWith('_guard'));
  return html`${findings ? findingsPreview(findings) : ''}${evidence.length === 0 ? html`<p class="quiet">This step covers no files.</p>` : cards}`;
};

const head = (
  { opened: { state, approval }, meters, now }: LinkView,
  open: boolean,
): Html => html`<header class="job"><h1>${said(clip(state.title, 200))}</h1>
<p class="line">${modeLabels(state)} <span class="meta"><code>${state.job_id}</code></span></p></header>
<section class="decision" id="decision" aria-labelledby="question"><h2 id="question">${meaning(approval.step).question}</h2>
<dl class="fields facts"><div><dt>Asked by</dt><dd>${said(state.submitted_by.id)} (${state.submitted_by.identity})</dd></div>
<div><dt>Asked</dt><dd>${time(approval.opened_at, now)}${approval.visit > 1 ? html`, time ${approval.visit}` : ''}</dd></div>
${open ? askedFacts(approval, now) : ''}<div><dt>Cost so far</dt><dd>${costLine(state, meters)}</dd></div></dl>`;

/** The approver's page: one question, its evidence, and the answers. */
export const linkPage = (web: Web, view: LinkView): Html | Promise<Html> => {
  const { state, approval } = view.opened;
  const open = isOpen(state, approval) && approval.decision === null;
  const main = html`${view.banner ?? ''}${open ? voteNote(view) : outcome(view)}${head(view, open)}${open ? revisionNote(state, approval, view.now) : ''}
${evidencePart(view)}${open ? answering(web, view) : ''}</section>`;
  const actor = view.reader.kind === 'person' ? view.reader.actor : null;
  return page(web, { title: meaning(approval.step).question, at: null, actor, bare: true, main });
};
