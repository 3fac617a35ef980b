import type { ReconcileReport } from '../../../contracts/commands.ts';

/** Jobs a report names; the counts go on. */
const NAMED = 100;

export const emptyReport = (): ReconcileReport => ({
  ...{ checked: 0, repaired: 0, redelivered: 0, redriven: 0, recovered: 0, asked: 0, failed: 0 },
  did: [],
});

/** Says in words what was done to a job. */
export const say = (report: ReconcileReport, jobId: string, did: string): void => {
  if (report.did.length < NAMED) report.did.push({ job_id: jobId, did });
};
