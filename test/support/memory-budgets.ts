import { type Amount, type Budgets, type BudgetUse, NOTHING } from '../../contracts/budget.ts';

type Account = { use: BudgetUse; open: Set<string> };

const PARTS = ['calls', 'tokens', 'nano_usd'] as const;

const combine = (a: Amount, b: Amount, sign: 1 | -1): Amount => ({
  calls: a.calls + sign * b.calls,
  tokens: a.tokens + sign * b.tokens,
  nano_usd: a.nano_usd + sign * b.nano_usd,
});

/** Budgets in memory: for replaying and rehearsing without a table. */
export const memoryBudgets = (): Budgets => {
  const accounts = new Map<string, Account>();
  const accountOf = (jobId: string): Account => {
    const account = accounts.get(jobId) ?? { use: { committed: NOTHING, spent: NOTHING }, open: new Set<string>() };
    accounts.set(jobId, account);
    return account;
  };
  return {
    reserve: async (jobId, reservation, amount, limits) => {
      const account = accountOf(jobId);
      if (account.open.has(reservation)) return { granted: true };
      const committed = combine(account.use.committed, amount, 1);
      if (PARTS.some((part) => committed[part] > limits[part])) return { granted: false, use: account.use };
      account.open.add(reservation);
      account.use = { ...account.use, committed };
      return { granted: true };
    },
    settle: async (jobId, reservation, reserved, actual) => {
      const account = accountOf(jobId);
      if (!account.open.delete(reservation)) return;
      const { committed, spent } = account.use;
      account.use = { committed: combine(combine(committed, reserved, -1), actual, 1), spent: combine(spent, actual, 1) };
    },
    use: async (jobId) => accountOf(jobId).use,
  };
};
