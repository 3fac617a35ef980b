import type { AuditDigest, TamperProblem } from '../../contracts/digest.ts';
import type { VerifyingKey } from '../../functions/lib/digest/digest.ts';
import { inDigests, inLog } from '../../functions/lib/digest/problems.ts';
import { NO_DIGEST, verifyDigests } from '../../functions/lib/digest/verify-digests.ts';
import type { Api } from '../api.ts';
import { loadDigests, loadReports, type Report } from './proof.ts';
import type { Problem } from './verdict.ts';

/** What the digests say of the logs: per log its last event, and the numbers of the digests that list it. */
type Listed = Map<string, { seq: number; digests: number[] }>;

export type Everything = { logs: number; events: number; digests: number; problems: Problem[] };

const note = (listed: Listed, { seq: digest, heads }: AuditDigest): void => {
  for (const { job_id, seq } of heads) {
    const log = listed.get(job_id) ?? { seq: 0, digests: [] };
    log.seq = Math.max(log.seq, seq);
    log.digests.push(digest);
    listed.set(job_id, log);
  }
};

type Chain = { listed: Listed; problems: TamperProblem[]; last: number; applied: number };

/** All digests, page by page: signatures, numbers, links. */
const verifyChain = async (api: Api, key: VerifyingKey): Promise<Chain> => {
  const listed: Listed = new Map();
  const problems: TamperProblem[] = [];
  let head = NO_DIGEST;
  let after: number | null = 0;
  let applied: number | null = null;
  while (after !== null) {
    const page: Awaited<ReturnType<typeof loadDigests>> = await loadDigests(api, after);
    const checked = verifyDigests(page.digests, { key, whole: true, from: head });
    problems.push(...page.problems, ...checked.problems);
    for (const digest of page.digests) note(listed, digest);
    head = checked.head;
    applied ??= page.applied;
    after = page.next;
  }
  if ((applied ?? 0) > head.seq)
    problems.push(
      inDigests(
        'digest_truncated',
        applied,
        `the digests end at ${head.seq}, but the table knows digest ${applied}: their end was cut off`,
      ),
    );
  return { listed, problems, last: head.seq, applied: applied ?? 0 };
};

/** The server judged a log by the digests its table names: these have to be all that list it. */
const unknownToTable = (report: Report, { listed, applied }: Chain): TamperProblem[] =>
  (listed.get(report.job_id)?.digests ?? [])
    .filter(
      (digest) => digest <= applied && !report.digests.includes(digest) && report.signed_through < (listed.get(report.job_id)?.seq ?? 0),
    )
    .map((digest) => inLog('truncated', null, `digest ${digest} lists the log further than the table remembers`, digest));

/** Every digest, then every log that the storage lists, then the logs that only digests know. `progress` hears how many logs are done. */
export const verifyEverything = async (api: Api, key: VerifyingKey, progress: (logs: number) => void): Promise<Everything> => {
  const chain = await verifyChain(api, key);
  const problems: Problem[] = chain.problems.map((problem) => ({ ...problem, job_id: null }));
  const gone = new Set(chain.listed.keys());
  let logs = 0;
  let events = 0;
  let after: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof loadReports>> = await loadReports(api, after);
    for (const report of page.reports) {
      logs += 1;
      events += report.events;
      gone.delete(report.job_id);
      problems.push(...[...report.problems, ...unknownToTable(report, chain)].map((problem) => ({ ...problem, job_id: report.job_id })));
    }
    progress(logs);
    after = page.next;
  } while (after !== null);
  for (const job_id of gone) {
    const through = chain.listed.get(job_id)?.seq ?? 0;
    problems.push({ ...inLog('deleted', null, `the whole log is gone; digests signed it through event ${through}`), job_id });
  }
  return { logs, events, digests: chain.last, problems };
};
