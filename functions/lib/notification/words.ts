import type { Approval, JobState } from '../../../contracts/job-state.ts';
import type { NotificationKind } from '../../../contracts/notification.ts';
import { ApprovalStep, STEPS } from '../../../contracts/steps.ts';
import { WATCHDOG } from '../../../contracts/watchdog.ts';

export type Words = { question: string; on_approve: string | null; on_reject: string | null; on_revise: string | null };

const NO_ANSWER = { on_approve: null, on_reject: null, on_revise: null };

/** What an agent asked is its own text, so it is read on the page, not here. */
const QUESTION_OF_AGENT: Words = {
  question: 'An agent of this job asks a question. Answer it?',
  on_approve: 'Your answer goes to the agent, and the job goes on.',
  on_reject: 'Without an answer the job waits; cancelling ends it.',
  on_revise: null,
};

const QUESTION_OF_WATCHDOG: Words = {
  question: 'Nobody works on this job any more, and it has no end. Continue it, or stop it?',
  on_approve: 'Answered "continue", it runs on from its log.',
  on_reject: 'Answered "stop", it ends; until then it waits.',
  on_revise: null,
};

const stepWords = (step: string): string => step.replaceAll('_', ' ');

/** The step's question, and what each answer does that this opening takes. */
const askedWords = (approval: Approval): Words => {
  const known = ApprovalStep.safeParse(approval.step);
  if (!known.success) return approval.step === WATCHDOG.step ? QUESTION_OF_WATCHDOG : QUESTION_OF_AGENT;
  const { question, onApprove, onReject, onRevise } = STEPS[known.data];
  const takes = (choice: string) => approval.choices.includes(choice);
  return {
    question,
    on_approve: takes('approve') ? onApprove : null,
    on_reject: takes('reject') ? onReject : null,
    on_revise: takes('revise') ? (onRevise ?? null) : null,
  };
};

const DECIDED = { APPROVED: 'approved', REJECTED: 'rejected', REVISION_REQUESTED: 'sent back', RESUMED: 'answered' } as const;

const sentence = (words: string): string => `${words.charAt(0).toUpperCase()}${words.slice(1).replaceAll('_', ' ')}.`;

const happened = (kind: NotificationKind, job: JobState, approval: Approval | null): string => {
  const step = approval ? stepWords(approval.step) : 'the job';
  if (kind === 'done') return sentence(job.status === 'DONE' ? job.outcome : 'its outcome is on its page');
  if (kind === 'expired') return `Nobody decided ${step} in time. That is no refusal: the policy says what follows.`;
  const decision = approval?.decision;
  return decision
    ? `${sentence(`${step} was ${DECIDED[decision.event_type]}`).slice(0, -1)} by ${decision.by.id}.`
    : sentence(`${step} was decided`);
};

/** Kinds that ask for an answer; the others tell what happened. */
export const asks = (kind: NotificationKind): boolean => kind === 'opened' || kind === 'reminded' || kind === 'escalated';

/** @param note what an alert is about, in words of ours */
export const wordsOf = (kind: NotificationKind, job: JobState, approval: Approval | null, note: string | null): Words => {
  if (asks(kind) && approval) return askedWords(approval);
  return { ...NO_ANSWER, question: note ?? happened(kind, job, approval) };
};

const OPENINGS: Record<NotificationKind, string> = {
  opened: 'Approval asked',
  reminded: 'Reminder',
  escalated: 'Escalated',
  expired: 'Expired',
  decided: 'Decided',
  done: 'Job ended',
  alert: 'Alert',
};

/** The first words of a notification: its kind. */
export const opening = (kind: NotificationKind): string => OPENINGS[kind];
