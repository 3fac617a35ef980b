import { html } from 'hono/html';
import { Refusal } from '../../../contracts/commands.ts';
import type { Actor } from '../../../contracts/events.ts';
import type { Approval, JobState } from '../../../contracts/job-state.ts';
import { actsFor, refuseActor } from '../../lib/approvers.ts';
import type { Html } from './layout.ts';
import { said, time } from './parts.ts';

export type Answers = { takes: readonly string[]; why: Refusal | null; voted: boolean };

const refusalOf = (state: JobState, approval: Approval, actor: Actor): Refusal | null => {
  try {
    refuseActor(state, approval, { actor, choice: 'approve' });
    return null;
  } catch (thrown) {
    if (thrown instanceof Refusal) return thrown;
    throw thrown;
  }
};

/** Which answers somebody may give here, and why not the others: the rules of the decision itself, asked beforehand. */
export const answersOf = (state: JobState, approval: Approval, actor: Actor): Answers => {
  const why = refusalOf(state, approval, actor);
  const behalf = actsFor(approval, actor.id);
  const voted = approval.votes.some((vote) => vote.by === actor.id || vote.for === behalf);
  if (why !== null && why.code !== 'SELF_APPROVAL') return { takes: [], why, voted };
  return { takes: approval.choices.filter((choice) => choice !== 'approve' || (why === null && !voted)), why, voted };
};

const listed = (names: readonly string[]): Html => html`${names.map((name, i) => html`${i > 0 ? ', ' : ''}${said(name)}`)}`;

const voters = ({ votes }: Approval): Html =>
  html`${votes.map((vote, i) => html`${i > 0 ? ', ' : ''}${said(vote.by)}${vote.for === vote.by ? '' : html` for ${said(vote.for)}`}`)}`;

/** `1 of 2 approvals: ann`; nothing where one approval is enough. */
export const quorumFact = (approval: Approval): Html | string => {
  const { quorum } = approval.policy;
  if (quorum <= 1) return '';
  return html`<div><dt>Approvals</dt><dd>${approval.votes.length} of ${quorum}${approval.votes.length > 0 ? html`: ${voters(approval)}` : ''}</dd></div>`;
};

const times = (n: number): string => (n === 1 ? 'once' : `${n} times`);

const patience = ({ reminders, expiries }: Approval): string =>
  [reminders > 0 ? `reminded ${times(reminders)}` : '', expiries > 0 ? `expired ${times(expiries)}` : '']
    .filter((part) => part !== '')
    .join(', ');

/** Who is asked, who voted, who stands in for whom, and until when. */
export const askedFacts = (approval: Approval, now: Date): Html => {
  const { policy, delegations } = approval;
  const waited = patience(approval);
  return html`<div><dt>Expires</dt><dd>${time(approval.expires_at, now)}${waited === '' ? '' : html` <span class="quiet">(${waited})</span>`}</dd></div>
<div><dt>Who decides</dt><dd>${policy.approvers.length === 0 ? html`anybody known by ${policy.proven_by.join(' or ')}` : listed(policy.approvers)}</dd></div>${quorumFact(approval)}
${delegations.length === 0 ? '' : html`<div><dt>Delegated</dt><dd>${delegations.map(({ from, to }, i) => html`${i > 0 ? ', ' : ''}${said(from)} asked ${said(to)}`)}</dd></div>`}`;
};

/** Why somebody cannot approve, or that they did. */
export const answersNote = ({ why, voted }: Answers, approval: Approval): Html | string => {
  if (why !== null) return html`<p class="signs">${said(why.message)}</p>`;
  if (!voted) return '';
  const missing = approval.policy.quorum - approval.votes.length;
  return html`<p class="signs">Your approval is recorded. ${missing} more ${missing === 1 ? 'is' : 'are'} needed; until then you may still say no.</p>`;
};
