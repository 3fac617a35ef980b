import { Refusal } from '../../contracts/commands.ts';
import type { Actor, EventDraft } from '../../contracts/events.ts';
import type { DecisionView } from '../../contracts/http.ts';
import type { Approval, JobState } from '../../contracts/job-state.ts';
import type { Choice } from '../../contracts/steps.ts';

export type Decision = {
  step: string;
  choice: Choice;
  subject_digest: string;
  comment: string | null;
  actor: Actor;
  channel: 'page' | 'http' | 'cli';
};

/** What the environment asks of approvers. */
export type ApprovalRules = { self_approval: boolean };

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

const refuseUnfit = (state: JobState, approval: Approval, command: Decision, rules: ApprovalRules): void => {
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
  if (!rules.self_approval && command.choice === 'approve' && state.submitted_by.id === command.actor.id) {
    throw new Refusal('SELF_APPROVAL', `${command.actor.id} submitted this job and cannot approve it; ask another approver`);
  }
};

/**
 * Decides what a click means: an event to append, or the decision that was already taken.
 * @throws Refusal NOT_WAITING, STALE_SUBJECT, DECISION_CONFLICT, INVALID_INPUT, SELF_APPROVAL
 */
export const decide = (
  state: JobState,
  command: Decision,
  rules: ApprovalRules,
): { draft: EventDraft; approval: Approval } | { already: DecisionView } => {
  const approval = latest(state, command.step);
  if (approval?.decision && approval.subject_digest === command.subject_digest) return { already: alreadyDecided(approval, command) };
  const open = state.status === 'WAITING_APPROVAL' && state.approval.step === command.step ? state.approval : null;
  if (!open || state.cancelled) {
    const doing =
      state.status === 'DONE' ? `is done (${state.outcome})` : state.status === 'RUNNING' ? 'is running' : `waits at ${state.step}`;
    throw new Refusal('NOT_WAITING', `job ${state.job_id} ${doing}; step ${command.step} is not waiting`);
  }
  refuseUnfit(state, open, command, rules);
  const event_type = DECISION_EVENTS[command.choice];
  const self = state.submitted_by.id === command.actor.id ? { self_approval: true } : {};
  const override = command.step === 'agent_output_invalid' && command.choice === 'approve' ? { override: true } : {};
  return {
    approval: open,
    draft: {
      event_type,
      state: open.state,
      visit: open.visit,
      // The decider is part of the id: a double click is the same event, a second approver is not.
      kind: `${event_type}:${command.actor.id}`,
      step: open.step,
      actor: command.actor,
      message: command.comment,
      outputs: {
        state: open.state,
        visit: open.visit,
        subject_digest: open.subject_digest,
        channel: command.channel,
        ...self,
        ...override,
      },
    },
  };
};

export type Answer = { step: string; answer: string; actor: Actor; channel: Decision['channel'] };

/**
 * Decides what an answer to an agent's question means. The same answer again is the one event.
 * @throws Refusal NOT_WAITING, DECISION_CONFLICT
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
      outputs: { state: approval.state, visit: approval.visit, subject_digest: approval.subject_digest, channel: command.channel },
    },
  };
};
