import { type Amount, BudgetExceeded, type BudgetPart, type Budgets, type BudgetUse } from '../../contracts/budget.ts';
import type { ProviderTarget } from '../../contracts/llm-config.ts';
import type { ModelScope } from '../../contracts/ports.ts';

const PARTS: readonly BudgetPart[] = ['calls', 'tokens', 'nano_usd'];

const shortfall = (target: ProviderTarget, asked: Amount, limits: Amount, { committed, spent }: BudgetUse): BudgetExceeded => {
  const room = (part: BudgetPart) => Math.max(0, limits[part] - committed[part]);
  const left = { calls: room('calls'), tokens: room('tokens'), nano_usd: room('nano_usd') };
  const exceeded = PARTS.filter((part) => asked[part] > left[part]);
  return new BudgetExceeded({
    ...{ provider: target.name, model: target.model, asked, left, limits, spent },
    exceeded: exceeded.length > 0 ? exceeded : [...PARTS],
  });
};

/** Takes what a call may cost from the job's budget. Throws `BudgetExceeded`. */
export const reserve = async (
  budgets: Budgets,
  target: ProviderTarget,
  { job_id }: ModelScope,
  id: string,
  asked: Amount,
  limits: Amount,
): Promise<void> => {
  const outcome = await budgets.reserve(job_id, id, asked, limits);
  if (!outcome.granted) throw shortfall(target, asked, limits, outcome.use);
};
