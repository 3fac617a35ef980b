import type { ApprovalView, JobView } from '../../../contracts/http.ts';
import type { JobState } from '../../../contracts/job-state.ts';
import type { JobRecord } from '../../../contracts/ports.ts';

const linksOf = (jobId: string): JobView['links'] => ({
  self: `/jobs/${jobId}`,
  page: `/ui/jobs/${jobId}`,
  events: `/jobs/${jobId}/events`,
  artifacts: `/jobs/${jobId}/artifacts`,
});

/** A folded job as the API shows it. */
export const viewOfState = (state: JobState): JobView => ({
  job_id: state.job_id,
  title: state.title,
  kind: state.kind,
  status: state.status,
  step: state.status === 'WAITING_APPROVAL' || state.status === 'WAITING_HUMAN' ? state.step : null,
  outcome: state.status === 'DONE' ? state.outcome : null,
  subject_digest: state.status === 'WAITING_APPROVAL' ? state.approval.subject_digest : null,
  mode: state.mode,
  degraded: state.degraded,
  created_at: state.created_at,
  updated_at: state.updated_at,
  links: linksOf(state.job_id),
});

/** A row of the index as the API shows it. */
export const viewOfRecord = (row: JobRecord): JobView => ({
  job_id: row.job_id,
  title: row.title,
  kind: row.kind,
  status: row.status,
  step: row.step,
  outcome: row.outcome,
  subject_digest: row.subject_digest,
  mode: row.mode,
  degraded: row.degraded,
  created_at: row.created_at,
  updated_at: row.updated_at,
  links: linksOf(row.job_id),
});

/** A waiting row as an approval; none when the row does not (any more) say what it waits for. */
export const approvalOf = (row: JobRecord): ApprovalView[] => {
  const { step, visit, subject_digest, opened_at, expires_at } = row;
  if (step === null || visit === null || subject_digest === null || opened_at === null || expires_at === null) return [];
  return [
    { job_id: row.job_id, title: row.title, step, visit, subject_digest, opened_at, expires_at, quorum: row.quorum, votes: row.votes },
  ];
};
