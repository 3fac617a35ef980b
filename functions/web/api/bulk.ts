import type { BulkDecisionBody, BulkItem, BulkResult } from '../../../contracts/approval-http.ts';
import type { Channel } from '../../../contracts/commands.ts';
import type { Actor } from '../../../contracts/events.ts';
import type { WebDeps } from '../deps.ts';
import { problemOf } from '../http/problem.ts';

/** Decisions sent at the same time. */
const AT_ONCE = 8;

type Bulk = Pick<BulkDecisionBody, 'choice'> & { comment: string | null; items: readonly BulkItem[]; actor: Actor; channel: Channel };

const settle = async (deps: WebDeps, bulk: Bulk, item: BulkItem): Promise<BulkResult> => {
  const { job_id, step, subject_digest } = item;
  const { choice, comment, actor, channel } = bulk;
  try {
    const view = await deps.commands.decide(job_id, { step, choice, subject_digest, comment, actor, channel });
    return { job_id, step, status: 200, ...view };
  } catch (thrown) {
    const problem = problemOf(thrown);
    if (problem.status === 500) {
      deps.report?.(thrown instanceof Error ? thrown : new Error(String(thrown)), { method: 'POST', path: '/approvals/decide' });
    }
    return { job_id, step, status: problem.status, problem };
  }
};

/** Settles each item on its own, in order of the list: one that is refused takes nothing from the others. */
export const decideAll = async (deps: WebDeps, bulk: Bulk): Promise<BulkResult[]> => {
  const results: BulkResult[] = [];
  for (let from = 0; from < bulk.items.length; from += AT_ONCE) {
    results.push(...(await Promise.all(bulk.items.slice(from, from + AT_ONCE).map((item) => settle(deps, bulk, item)))));
  }
  return results;
};
