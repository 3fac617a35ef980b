import { type Channel, Refusal } from '../../contracts/commands.ts';
import type { Actor, EventDraft } from '../../contracts/events.ts';
import type { DecisionView } from '../../contracts/http.ts';
import type { Approval, JobState } from '../../contracts/job-state.ts';
import type { Choice } from '../../contracts/steps.ts';
import { actsFor, refuseActor } from './approvers.ts';

export type Decision = {
  step: string;
  choice: Choice;
  subject_digest: string;
  comment: string | null;
  actor: Actor;
  channel: Channel;
};

export const DECISION_EVENTS = { approve: 'APPROVED', reject: 'REJECTED', revise: 'REVISION_REQUESTED' } as const;

const shortDigest = (digest: string): string => digest.slice(0, 'sha256:'.length + 12);

/** The latest opening of a step, open or decided: the fold keeps approvals in the order they last changed. */
const latest = (state: JobState, step: string): Approval | undefined => state.approvals.findLast((a) => a.step === step);

/** What a decided approval looks like to everyone who asks later. */
export const decisionView = (approval: Approval, already: boolean): DecisionView | null =>
  approval.decision && {
    decision: {
      event_type: approval.decision.event_type,
      step: approval.step,
      visit: approval.visit,
      by: approval.decision.by.id,
      at: approval.decision.at,
      seq: approval.decision.seq,
      comment: approval.decision.comment,
      subject_digest: approval.subject_digest,
    },
    already_decided: already,
  };

/** A vote that does not decide yet, to the one who cast it. */
export const voteView = (approval: Approval, by: string, already: boolean, seq: number): DecisionView => ({
  decision: {
    event_type: 'APPROVAL_VOTED',
    step: approval.step,
    visit: approval.visit,
    by,
    at: approval.votes.find((vote) => vote.by === by)?.at ?? approval.opened_at,
    seq,
    comment: `${approval.votes.length} of ${approval.policy.quorum} approvals`,
    subject_digest: approval.subject_digest,
  },
  already_decided: already,
});

const alreadyDecided = (approval: Approval, command: Decision): DecisionView => {
  const view = decisionView(approval, true);
  if (!view) throw new Refusal('NOT_WAITING', `step ${command.step} is not waiting`);
  if (view.decision.event_type === DECISION_EVENTS[command.choice]) return view;
  throw new Refusal(
    'DECISION_CONFLICT',
    `step ${command.step} was already decided: ${view.decision.event_type} by ${view.decision.by} at ${view.decision.at}`,
    view,
  );
};

const refuseUnfit = (approval: Approval, command: Decision): void => {
  if (approval.subject_digest !== command.subject_digest) {
    throw new Refusal(
      'STALE_SUBJECT',
      `the evidence of step ${command.step} is ${shortDigest(approval.subject_digest)}…, not ${shortDigest(command.subject_digest)}…; look at it again and decide on that`,
      { subject_digest: approval.subject_digest },
    );
  }
  if (!approval.choices.includes(command.choice)) {
    throw new Refusal('INVALID_INPUT', `step ${command.step} takes ${approval.choices.join(' or ')}, not ${command.choice}`);
  }
  if (command.choice === 'revise' && !command.comment?.trim()) {
    throw new Refusal('INVALID_INPUT', 'a revision needs a comment that says what to change');
  }
};

/** The open approval of a step, or why there is none. */
export const openApprovalOf = (state: JobState, step: string): Approval => {
  if (state.status === 'WAITING_APPROVAL' && state.approval.step === step && !state.cancelled) return state.approval;
  const doing =
    state.status === 'DONE' ? `is done (${state.outcome})` : state.status === 'RUNNING' ? 'is running' : `waits at ${state.step}`;
  throw new Refusal('NOT_WAITING', `job ${state.job_id} ${doing}; step ${step} is not waiting`);
};

/** Names what an event about an approval concerns. */
export const concerning = ({ state, visit, subject_digest }: Approval) => ({ state, visit, subject_digest });

const decisionDraft = (state: JobState, open: Approval, command: Decision): EventDraft => {
  const behalf = actsFor(open, command.actor.id);
  const complete = open.votes.length + 1 >= open.policy.quorum;
  const event_type = command.choice === 'approve' && !complete ? 'APPROVAL_VOTED' : DECISION_EVENTS[command.choice];
  return {
    event_type,
    state: open.state,
    visit: open.visit,
    // The decider is part of the id: a double click is the same event, a second approver is not.
    kind: `${event_type}:${command.actor.id}`,
    step: open.step,
    actor: command.actor,
    message: command.comment,
    outputs: {
      ...concerning(open),
      channel: command.channel,
      ...(behalf === command.actor.id ? {} : { for: behalf }),
      ...(open.policy.quorum > 1 ? { votes: [...open.votes.map((vote) => vote.by), command.actor.id], quorum: open.policy.quorum } : {}),
      ...(state.submitted_by.id === command.actor.id ? { self_approval: true } : {}),
      ...(command.step === 'agent_output_invalid' && command.choice === 'approve' ? { override: true } : {}),
    },
  };
};

/**
 * Decides what a click means: an event to append, or what was already decided or voted.
 * @throws Refusal NOT_WAITING, STALE_SUBJECT, DECISION_CONFLICT, INVALID_INPUT, FORBIDDEN, SELF_APPROVAL
 */
export const decide = (state: JobState, command: Decision): { draft: EventDraft; approval: Approval } | { already: DecisionView } => {
  const last = latest(state, command.step);
  if (last?.decision && last.subject_digest === command.subject_digest) return { already: alreadyDecided(last, command) };
  const open = openApprovalOf(state, command.step);
  refuseUnfit(open, command);
  refuseActor(state, open, command);
  const behalf = actsFor(open, command.actor.id);
  const voted = open.votes.find((vote) => vote.for === behalf || vote.by === command.actor.id);
  if (voted && command.choice === 'approve') return { already: voteView(open, voted.by, true, state.last_seq) };
  return { approval: open, draft: decisionDraft(state, open, command) };
};

/** An agent takes any answer; the watchdog one of those it named. */
const refuseAnswer = ({ step, choices }: Approval, answer: string): void => {
  if (choices.includes('resume') || choices.includes(answer)) return;
  const named = choices.map((choice) => `"${choice}"`).join(' or ');
  throw new Refusal('INVALID_INPUT', `step ${step} takes ${named}, not "${answer.slice(0, 40)}"`);
};

export type Answer = { step: string; answer: string; actor: Actor; channel: Channel };

/**
 * Decides what an answer to a question means. The same answer again is the one event.
 * @throws Refusal NOT_WAITING, DECISION_CONFLICT, INVALID_INPUT
 */
export const decideAnswer = (state: JobState, command: Answer): { draft: EventDraft; approval: Approval } | { already: DecisionView } => {
  const asked = latest(state, command.step);
  if (asked?.decision?.event_type === 'RESUMED') {
    const view = decisionView(asked, true);
    if (view && asked.decision.comment === command.answer) return { already: view };
    throw new Refusal(
      'DECISION_CONFLICT',
      `the question of step ${command.step} was already answered by ${asked.decision.by.id} at ${asked.decision.at}`,
      view ?? {},
    );
  }
  if (state.status !== 'WAITING_HUMAN' || state.step !== command.step || state.cancelled) {
    throw new Refusal('NOT_WAITING', `job ${state.job_id} asks no question at step ${command.step}`);
  }
  const { approval } = state;
  refuseAnswer(approval, command.answer);
  return {
    approval,
    draft: {
      event_type: 'RESUMED',
      state: approval.state,
      visit: approval.visit,
      kind: `RESUMED:${command.actor.id}`,
      step: approval.step,
      actor: command.actor,
      message: command.answer,
      outputs: { ...concerning(approval), channel: command.channel },
    },
  };
};
