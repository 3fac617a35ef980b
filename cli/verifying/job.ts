import { AUDIT } from '../../contracts/events.ts';
import type { VerifyingKey } from '../../functions/lib/digest/digest.ts';
import { inLog } from '../../functions/lib/digest/problems.ts';
import type { Sealed } from '../../functions/lib/digest/verify-events.ts';
import { verifyExport } from '../../functions/lib/digest/verify-log.ts';
import type { Api } from '../api.ts';
import { loadAudit, loadEvents } from '../jobs.ts';
import { loadDigestsOf, loadReport, type Report } from './proof.ts';
import type { Problem, Verdict } from './verdict.ts';

const named = (jobId: string, report: Report): Problem[] => report.problems.map((problem) => ({ ...problem, job_id: jobId }));

/**
 * A job through the API: what the server finds in its storage, and, where that is nothing, the same log judged here once more. An
 * event newer than the last digest is no problem.
 */
export const verifyJob = async (api: Api, jobId: string, key: VerifyingKey): Promise<Verdict> => {
  const report = await loadReport(api, jobId);
  const verdict: Verdict = {
    ...{ source: `job ${jobId}`, job_id: jobId, events: report.events, head: report.head },
    ...{ signed_through: report.signed_through, problems: named(jobId, report) },
  };
  if (verdict.problems.length > 0) return verdict;
  const events: Sealed[] = await (jobId === AUDIT.job_id ? loadAudit(api) : loadEvents(api, jobId));
  const digests = await loadDigestsOf(api, report.digests);
  const own = verifyExport(events, digests, { key, unsignedTail: 'allowed' });
  const found = events[0]?.job_id;
  const other = found !== jobId ? [inLog('foreign', null, `the log is that of job ${found}, not ${jobId}`)] : [];
  return {
    ...verdict,
    ...{ events: events.length, head: events.at(-1)?.hash ?? null, signed_through: own.signed_through },
    problems: [...other, ...own.problems].map((problem) => ({ ...problem, job_id: jobId })),
  };
};
