import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createBudgets } from '../../adapters/aws/budgets.ts';
import { type Amount, type Budgets, NOTHING } from '../../contracts/budget.ts';
import { memoryBudgets } from '../support/memory-budgets.ts';
import { type Services, startServices } from '../support/services.ts';

let services: Services;
beforeAll(async () => {
  services = await startServices();
});
afterAll(() => services.close());

const IMPLEMENTATIONS: Record<string, () => Budgets> = {
  DynamoDB: () => createBudgets(services.clients.dynamo, 'holdpoint-local-jobs'),
  memory: memoryBudgets,
};

let jobs = 0;
const newJob = () => (++jobs).toString(16).padStart(12, '0');
const amount = (calls: number, tokens: number, nano_usd: number): Amount => ({ calls, tokens, nano_usd });
const LIMITS = amount(10, 1000, 5_000_000_000);

describe.each(Object.keys(IMPLEMENTATIONS))('budgets in %s', (name) => {
  const open = () => ({ budgets: IMPLEMENTATIONS[name]?.() ?? memoryBudgets(), job: newJob() });

  test('a job that used nothing has used nothing', async () => {
    const { budgets, job } = open();
    expect(await budgets.use(job)).toEqual({ committed: NOTHING, spent: NOTHING });
  });

  test('a reservation counts until it is settled, then what was used counts', async () => {
    const { budgets, job } = open();
    expect(await budgets.reserve(job, 'a', amount(1, 600, 100), LIMITS)).toEqual({ granted: true });
    expect(await budgets.use(job)).toEqual({ committed: amount(1, 600, 100), spent: NOTHING });
    await budgets.settle(job, 'a', amount(1, 600, 100), amount(1, 250, 40));
    expect(await budgets.use(job)).toEqual({ committed: amount(1, 250, 40), spent: amount(1, 250, 40) });
  });

  test('settling twice, and reserving what is open already, change nothing', async () => {
    const { budgets, job } = open();
    await budgets.reserve(job, 'a', amount(1, 600, 0), LIMITS);
    expect(await budgets.reserve(job, 'a', amount(1, 600, 0), LIMITS)).toEqual({ granted: true });
    for (let n = 0; n < 2; n++) await budgets.settle(job, 'a', amount(1, 600, 0), amount(1, 10, 0));
    await budgets.settle(job, 'never reserved', amount(1, 600, 0), amount(1, 10, 0));
    expect((await budgets.use(job)).committed).toEqual(amount(1, 10, 0));
  });

  test.each([amount(11, 0, 0), amount(0, 1001, 0), amount(0, 0, 5_000_000_001)])(
    'refuses a first reservation above a limit: %j',
    async (asked) => {
      const { budgets, job } = open();
      expect(await budgets.reserve(job, 'a', asked, LIMITS)).toEqual({ granted: false, use: { committed: NOTHING, spent: NOTHING } });
      expect((await budgets.use(job)).committed).toEqual(NOTHING);
    },
  );

  test('grants up to the last token, refuses one more, and says what is in use', async () => {
    const { budgets, job } = open();
    await budgets.reserve(job, 'a', amount(1, 999, 0), LIMITS);
    expect(await budgets.reserve(job, 'b', amount(1, 2, 0), LIMITS)).toEqual({
      granted: false,
      use: { committed: amount(1, 999, 0), spent: NOTHING },
    });
    expect(await budgets.reserve(job, 'b', amount(1, 1, 0), LIMITS)).toEqual({ granted: true });
  });

  test('a raised limit makes room; settling above a reservation is kept and stops the next', async () => {
    const { budgets, job } = open();
    await budgets.reserve(job, 'a', amount(1, 1000, 0), LIMITS);
    await budgets.settle(job, 'a', amount(1, 1000, 0), amount(1, 1500, 0));
    expect(await budgets.reserve(job, 'b', amount(1, 1, 0), LIMITS)).toMatchObject({ granted: false, use: { spent: amount(1, 1500, 0) } });
    expect(await budgets.reserve(job, 'b', amount(1, 1, 0), { ...LIMITS, tokens: 2000 })).toEqual({ granted: true });
  });

  test('16 at once never take more than there is, to the last token', async () => {
    const { budgets, job } = open();
    const outcomes = await Promise.all(
      Array.from({ length: 16 }, (_, n) => budgets.reserve(job, `call-${n}`, amount(1, 143, 7), amount(16, 1001, 1000))),
    );
    expect(outcomes.filter(({ granted }) => granted)).toHaveLength(7);
    expect((await budgets.use(job)).committed).toEqual(amount(7, 1001, 49));
  });

  test('jobs have budgets of their own', async () => {
    const { budgets, job } = open();
    await budgets.reserve(job, 'a', LIMITS, LIMITS);
    expect(await budgets.reserve(newJob(), 'a', LIMITS, LIMITS)).toEqual({ granted: true });
  });
});

test('whatever is reserved and settled, in any order, what counts is what is open plus what was used, within the limits', async () => {
  const part = fc.integer({ min: 0, max: 400 });
  const some = fc.record({ calls: part, tokens: part, nano_usd: part });
  const step = fc.record({
    id: fc.constantFrom('a', 'b', 'c', 'd'),
    kind: fc.constantFrom('reserve', 'settle'),
    asked: some,
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
      const limits = amount(1000, 1000, 1000);
      const worlds = [IMPLEMENTATIONS['DynamoDB']?.() ?? memoryBudgets(), memoryBudgets()];
      const job = newJob();
      const opened = new Map<string, Amount>();
      for (const { id, kind, asked, share } of steps) {
        const held = opened.get(id);
        const less = held && amount(Math.floor(held.calls * share), Math.floor(held.tokens * share), Math.floor(held.nano_usd * share));
        if (kind === 'settle' && held && less) {
          await Promise.all(worlds.map((budgets) => budgets.settle(job, id, held, less)));
          opened.delete(id);
        } else if (kind === 'reserve' && !held) {
          const outcomes = await Promise.all(worlds.map((budgets) => budgets.reserve(job, id, asked, limits)));
          expect(outcomes[0]).toEqual(outcomes[1]);
          if (outcomes[0]?.granted) opened.set(id, asked);
        }
      }
      const [use, expected] = await Promise.all(worlds.map((budgets) => budgets.use(job)));
      expect(use).toEqual(expected);
      const open = [...opened.values()].reduce((sum, { tokens }) => sum + tokens, 0);
      expect(use?.committed.tokens).toBe((use?.spent.tokens ?? 0) + open);
      for (const name of ['calls', 'tokens', 'nano_usd'] as const) expect(use?.committed[name]).toBeLessThanOrEqual(limits[name]);
    }),
    { numRuns: 25 },
  );
});
