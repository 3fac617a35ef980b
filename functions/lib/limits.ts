import type { Amount } from '../../contracts/budget.ts';
import type { JobState } from '../../contracts/job-state.ts';

/** Times a person may raise a job's budget. */
const MAX_ESCALATIONS = 3;

const escalations = (job: JobState) =>
  job.approvals.filter(({ step, decision }) => step === 'budget_escalation' && decision?.event_type === 'APPROVED');

/** What the job may spend: the configuration's limits, or those of the last approval that raised them. */
export const limitsOf = (job: JobState, configured: Amount): Amount =>
  escalations(job).findLast(({ grant }) => grant !== null)?.grant ?? configured;

/** Whether the policy lets a person raise the budget once more. */
export const mayEscalate = (job: JobState): boolean => escalations(job).length < MAX_ESCALATIONS;
