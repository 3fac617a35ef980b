import { ApprovalList, JobList } from '../../contracts/http.ts';
import { CostView } from '../../contracts/pricing.ts';
import { call, submit, until } from './cloud.ts';

/** What waits, by the index alone: whoever reads events on the way makes later reads of the API cheaper. */
const waiting = async (web: string, jobId: string) =>
  ApprovalList.parse((await call(web, '/approvals')).body).approvals.find(({ job_id }) => job_id === jobId);

const isDone = async (web: string, jobId: string): Promise<boolean> =>
  JobList.parse((await call(web, '/jobs?status=DONE&limit=200')).body).jobs.some(({ job_id }) => job_id === jobId);

export const costOf = async (web: string, jobId: string): Promise<CostView> =>
  CostView.parse((await call(web, `/jobs/${jobId}/cost`)).body);

/** The cost once nothing is under way: a hold shows before its function has written all it has to. */
export const costAtRest = async (web: string, jobId: string): Promise<CostView> => {
  let before = await costOf(web, jobId);
  return until(
    async () => {
      const last = before;
      await new Promise((resolve) => setTimeout(resolve, 50));
      before = await costOf(web, jobId);
      return { last, now: before };
    },
    ({ last, now }) => JSON.stringify(last.units) === JSON.stringify(now.units),
  ).then(({ now }) => now);
};

/** Runs a job through these approvals to its end, looking at nothing, and says what it came to. */
export const costOfRun = async (web: string, spec: unknown, steps: readonly string[]): Promise<CostView> => {
  const { job_id } = await submit(web, spec);
  for (const step of steps) {
    const open = await until(
      () => waiting(web, job_id),
      (approval) => approval?.step === step,
    );
    await call(web, `/jobs/${job_id}/approve?step=${step}`, { user: 'approver', body: { subject_digest: open?.subject_digest } });
  }
  await until(
    () => isDone(web, job_id),
    (done) => done,
  );
  return costOf(web, job_id);
};

/** The steps at which the sample idea and the chain ask. */
export const TWO_APPROVALS = ['blueprint', 'runspec'] as const;

/** Every function reads flags once: an environment in which nothing is refreshed while a job is measured. */
export const MEASURED = { HOLDPOINT_FLAGS_MAX_AGE_MS: '15000' } as const;
