import * as z from 'zod';
import { WATCHDOG } from './watchdog.ts';

/** Approval steps: what a person is asked to sign. */
export const APPROVAL_STEPS = [
  'llm_live_confirm',
  'agent_output_invalid',
  'blueprint',
  'runspec',
  'budget_escalation',
  'stage_1',
  'stage_2',
  'stage_3',
] as const;
export const ApprovalStep = z.enum(APPROVAL_STEPS);
export type ApprovalStep = z.infer<typeof ApprovalStep>;

/** Steps at which an agent, or the watchdog, asks a person a question: `resume` answers them. */
export const QUESTION_STEPS = ['intent', 'checks', WATCHDOG.step] as const;
export const QuestionStep = z.enum(QUESTION_STEPS);
export type QuestionStep = z.infer<typeof QuestionStep>;

export const Choice = z.enum(['approve', 'reject', 'revise']);
export type Choice = z.infer<typeof Choice>;

type StepMeaning = {
  /** The one-sentence question on the decision page. */
  question: string;
  onApprove: string;
  onReject: string;
  /** Absent where the step cannot be sent back. */
  onRevise?: string;
};

/** What each answer does, in the words the approver reads. */
export const STEPS: Record<ApprovalStep, StepMeaning> = {
  llm_live_confirm: {
    question: 'May this job call a live model, as shown?',
    onApprove: 'Live calls start, within the budget shown.',
    onReject: 'The job ends as rejected; no model is called.',
  },
  agent_output_invalid: {
    question: 'The guard stopped this model output. Use it anyway?',
    onApprove: 'The output is used as it is, and the override is in the log.',
    onReject: 'The job ends as rejected; the output is used nowhere.',
    onRevise: 'The agent runs again with your comment.',
  },
  blueprint: {
    question: 'Is this the strategy we want to test?',
    onApprove: 'The blueprint is compiled into a run specification, which is asked about next.',
    onReject: 'The job ends as rejected; nothing is compiled.',
    onRevise: 'The agent drafts again with your comment.',
  },
  runspec: {
    question: 'Run exactly this specification?',
    onApprove: 'The backtest runs, gates judge it, and the result is registered, with no further question.',
    onReject: 'The job ends as rejected; nothing runs.',
    onRevise: 'The job goes back to the blueprint.',
  },
  budget_escalation: {
    question: 'Raise the budget of this job?',
    onApprove: 'The job goes on with the new budget.',
    onReject: 'The job stops with its budget as it was.',
  },
  stage_1: stage('1 (telemetry)'),
  stage_2: stage('2 (history pack)'),
  stage_3: stage('3 (extended contexts)'),
};

function stage(name: string): StepMeaning {
  return { question: `Enter stage ${name}?`, onApprove: `Stage ${name} begins.`, onReject: 'The rollout is rolled back.' };
}
