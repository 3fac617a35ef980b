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

/** Questions of steps that are no approvals. */
const questionOf = (step: string | null): Words => (step === WATCHDOG.step ? QUESTION_OF_WATCHDOG : QUESTION_OF_AGENT);

/** The step's question, and what each answer does that this opening takes. */
const askedWords = (approval: Approval): Words => {
  const known = ApprovalStep.safeParse(approval.step);
  if (!known.success) return questionOf(approval.step);
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
  const decision = approval?.decision;
  return decision
    ? `${sentence(`${step} was ${DECIDED[decision.event_type]}`).slice(0, -1)} by ${decision.by.id}.`
    : sentence(`${step} was decided`);
};

const ASKING: readonly NotificationKind[] = ['opened', 'reminded', 'escalated', 'expired'];

/** Kinds that ask for an answer; the others tell what happened. */
export const asks = (kind: NotificationKind): boolean => ASKING.includes(kind);

type Delegation = Approval['delegations'][number];

/** Why this reader is asked, and now; nothing where it needs no saying. */
const preface = (kind: NotificationKind, { step }: Approval, delegation: Delegation | null, reader: string | null): string[] => [
  ...(delegation ? [`${delegation.from} asked ${reader === delegation.to ? 'you' : delegation.to} to decide in their place.`] : []),
  ...(kind === 'expired' ? [`Nobody decided ${stepWords(step)} in time, so it is asked again.`] : []),
];

export type Telling = {
  kind: NotificationKind;
  job: JobState;
  /** What is asked or was decided; null for `done` and alerts about the whole job. */
  approval: Approval | null;
  /** By which the reader, or somebody among the readers, stands in for an approver. */
  delegation: Delegation | null;
  /** The one who reads it; null where several do. */
  reader: string | null;
  /** What an alert is about, in words of ours. */
  note: string | null;
};

export const wordsOf = ({ kind, job, approval, delegation, reader, note }: Telling): Words => {
  if (!asks(kind) || !approval) return { ...NO_ANSWER, question: note ?? happened(kind, job, approval) };
  const words = askedWords(approval);
  return { ...words, question: [...preface(kind, approval, delegation, reader), words.question].join(' ') };
};

/** A question in two: what was said of this reader and time, and the step's own words, which name nobody. */
export const partsOf = ({ step, question }: { step: string | null; question: string }): { said: string; asked: string } => {
  const known = ApprovalStep.safeParse(step);
  const asked = known.success ? STEPS[known.data].question : questionOf(step).question;
  return question.endsWith(asked) ? { said: question.slice(0, -asked.length).trim(), asked } : { said: question, asked: '' };
};

const OPENINGS: Record<NotificationKind, string> = {
  opened: 'Approval asked',
  reminded: 'Reminder',
  escalated: 'Escalated',
  expired: 'Asked again',
  decided: 'Decided',
  done: 'Job ended',
  alert: 'Alert',
};

/** The first words of a notification: its kind. */
export const opening = (kind: NotificationKind): string => OPENINGS[kind];
