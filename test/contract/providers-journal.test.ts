import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createArtifacts } from '../../adapters/aws/artifacts.ts';
import { createBudgets } from '../../adapters/aws/budgets.ts';
import { createCassettes } from '../../adapters/aws/cassettes.ts';
import { createReplayModel } from '../../adapters/model/replay.ts';
import { NANO_USD } from '../../contracts/budget.ts';
import { CallAnswered, CallClosed, CallStarted } from '../../contracts/llm-journal.ts';
import { json } from '../../functions/lib/decode.ts';
import { type Simulator, startSimulator } from '../../infra/local/simulator/simulator.ts';
import { memoryBudgets } from '../support/memory-budgets.ts';
import { configOf, LIMITS, memoryArtifacts, modelWorld, rejection, request, scopeOf, targetTo } from '../support/model-world.ts';
import { startServices } from '../support/services.ts';

let simulator: Simulator;
beforeEach(async () => {
  simulator = await startSimulator({ port: 0 });
});
afterEach(() => simulator.close());

const JOB = '0123456789ab';
const config = () => configOf([targetTo(simulator, 'anthropic')], { mode: 'record' });
const find = (files: Map<string, string>, part: string): string[] =>
  [...files].filter(([key]) => key.includes(part)).map(([, body]) => body);

describe('the journal of a call', () => {
  test('a retry after the answer was journaled uses it, and finishes what was left undone', async () => {
    const artifacts = memoryArtifacts();
    const budgets = memoryBudgets();
    const dies = { ...budgets, settle: () => Promise.reject(new Error('killed')) };
    const first = modelWorld(config(), [], { artifacts, budgets: dies });
    expect((await rejection(first.model.ask(request, scopeOf('record')))).message).toBe('killed');
    expect((await budgets.use(JOB)).spent.calls).toBe(0);

    const again = modelWorld(config(), [], { artifacts, budgets });
    const answer = await again.model.ask(request, scopeOf('record'));
    expect(simulator.requests()).toHaveLength(1);
    expect(answer.possible_double_charge).toBe(false);
    const { committed, spent } = await budgets.use(JOB);
    expect(committed).toEqual(spent);
    expect(spent).toMatchObject({ calls: 1, tokens: answer.usage.total_tokens });
    expect(await again.cassettes.list()).toHaveLength(1);
    expect(await again.model.ask(request, scopeOf('record'))).toEqual(answer);
    expect((await budgets.use(JOB)).spent).toEqual(spent);
  });

  test('a retry that finds a start without an end asks again, keeps the reservation and records a possible double charge', async () => {
    const artifacts = memoryArtifacts();
    const budgets = memoryBudgets();
    const dying = {
      ...artifacts,
      create: async (key: string, body: string, type: string) =>
        key.endsWith('.answer.json') ? Promise.reject(new Error('killed')) : artifacts.create(key, body, type),
    };
    const first = modelWorld(config(), [], { artifacts: dying, budgets });
    expect((await rejection(first.model.ask(request, scopeOf('record')))).message).toBe('killed');
    const { committed: kept } = await budgets.use(JOB);
    expect(kept.tokens).toBeGreaterThan(request.settings.max_output_tokens);

    const answer = await modelWorld(config(), [], { artifacts, budgets }).model.ask(request, scopeOf('record'));
    expect(simulator.requests()).toHaveLength(2);
    expect(answer.possible_double_charge).toBe(true);
    const { committed, spent } = await budgets.use(JOB);
    expect(spent).toMatchObject({ calls: 1, tokens: answer.usage.total_tokens });
    expect(committed.tokens).toBe(kept.tokens + spent.tokens);
    expect(find(artifacts.files, '.started.json').map((body) => json(CallStarted)(body).possible_double_charge)).toEqual([false, true]);
    expect(json(CallAnswered)(find(artifacts.files, '.answer.json')[0] ?? '').possible_double_charge).toBe(true);
  });

  test('a retry after an orderly failure is no double charge', async () => {
    simulator.setFaults([{ kind: 'auth' }]);
    const { model, artifacts } = modelWorld(config());
    await rejection(model.ask(request, scopeOf('record')));
    const again = modelWorld(config(), [], { artifacts });
    expect((await again.model.ask(request, scopeOf('record'))).possible_double_charge).toBe(false);
    expect(json(CallClosed)(find(artifacts.files, '.closed.json')[0] ?? '').reason).toBe('no_answer');
  });

  test('two that ask the same call at once get one answer, and both payments count', async () => {
    simulator.setFaults([{ kind: 'slow', times: 2, delayMs: 30 }]);
    const artifacts = memoryArtifacts();
    const budgets = memoryBudgets();
    const worlds = [modelWorld(config(), [], { artifacts, budgets }), modelWorld(config(), [], { artifacts, budgets })];
    const [a, b] = await Promise.all(worlds.map(({ model }) => model.ask(request, scopeOf('record'))));
    expect(a).toEqual(b);
    expect(simulator.requests()).toHaveLength(2);
    expect(find(artifacts.files, '.answer.json')).toHaveLength(1);
    const { committed, spent } = await budgets.use(JOB);
    expect(committed).toEqual(spent);
    expect(spent.calls).toBe(2);
  });

  test('another question under the same number is another call', async () => {
    const { model, artifacts } = modelWorld(config());
    await model.ask(request, scopeOf('record'));
    await model.ask({ ...request, prompt_version: 'v2' }, scopeOf('record'));
    expect(simulator.requests()).toHaveLength(2);
    expect(find(artifacts.files, '.answer.json')).toHaveLength(2);
  });

  test('replay touches neither network nor journal nor budget, whatever the configuration says', async () => {
    const { model, artifacts, budgets } = modelWorld(config());
    await rejection(model.ask(request, scopeOf('replay')));
    await rejection(modelWorld({ ...config(), mode: 'replay' }).model.ask(request, scopeOf('live')));
    expect(simulator.requests()).toHaveLength(0);
    expect(artifacts.files.size).toBe(0);
    expect((await budgets.use(JOB)).committed.calls).toBe(0);
  });
});

test('the same over S3 and DynamoDB: one request, one recording, a settled budget, and a replay of it without a provider', async () => {
  const services = await startServices();
  try {
    const { s3, dynamo } = services.clients;
    const cassettes = createCassettes(s3, 'holdpoint-local-cassettes');
    const budgets = createBudgets(dynamo, 'holdpoint-local-jobs');
    const stores = {
      ...{ cassettes, budgets, artifacts: createArtifacts(s3, 'holdpoint-local-artifacts') },
      replay: (secrets: readonly string[]) => createReplayModel({ cassettes, secrets }),
    };
    const { model } = modelWorld(config(), [], stores);
    const answer = await model.ask(request, scopeOf('record'));
    expect(await model.ask(request, scopeOf('record'))).toEqual(answer);
    expect(simulator.requests()).toHaveLength(1);
    const { committed, spent } = await budgets.use(JOB);
    expect(committed).toEqual(spent);
    expect(spent).toEqual({ calls: 1, tokens: answer.usage.total_tokens, nano_usd: Math.round(answer.cost_usd * NANO_USD) });
    expect(await model.ask(request, scopeOf('replay'))).toMatchObject({ text: answer.text, response_source: 'replay', degraded: false });
  } finally {
    await services.close();
  }
});

describe('a budget', () => {
  const limited = (changes: Partial<typeof LIMITS>) => configOf([targetTo(simulator, 'anthropic')], { budget: { ...LIMITS, ...changes } });

  test.each([{ calls: 0 }, { tokens: 400 }, { nano_usd: 1000 }])(
    'of %j stops the call before a request is made, and says what was asked and left',
    async (changes) => {
      const { model, artifacts } = modelWorld(limited(changes));
      const error = await rejection(model.ask(request, scopeOf('live')));
      expect(error.name).toBe('STOPPED_BUDGET');
      expect(error).toMatchObject({ shortfall: { model: 'claude-haiku-4-5', left: changes, exceeded: Object.keys(changes) } });
      expect(simulator.requests()).toHaveLength(0);
      expect(json(CallClosed)(find(artifacts.files, '.closed.json')[0] ?? '').reason).toBe('budget');
    },
  );

  test('is checked again for the next provider: a dearer one is not asked on what a cheaper one may cost', async () => {
    simulator.setFaults([{ kind: 'auth', protocol: 'openai', times: Infinity }]);
    const chain = [targetTo(simulator, 'openai', 1, { price: { input: 0, output: 0 } }), targetTo(simulator, 'anthropic', 2)];
    const { model } = modelWorld(configOf(chain, { budget: { ...LIMITS, nano_usd: 1000 } }));
    const error = await rejection(model.ask(request, scopeOf('live')));
    expect(error).toMatchObject({ name: 'STOPPED_BUDGET', shortfall: { provider: 'anthropic', exceeded: ['nano_usd'] } });
    expect(simulator.requests().map(({ protocol }) => protocol)).toEqual(['openai']);
  });

  test('raised by an approval lets the same call go on, without the suspicion of a double charge', async () => {
    const small = { ...LIMITS, calls: 0 };
    const stores = { artifacts: memoryArtifacts(), budgets: memoryBudgets() };
    await rejection(
      modelWorld(configOf([targetTo(simulator, 'anthropic')], { budget: small }), [], stores).model.ask(request, scopeOf('live')),
    );
    const raised = modelWorld(configOf([targetTo(simulator, 'anthropic')], { budget: small }), [], {
      ...stores,
      limits: async () => LIMITS,
    });
    expect((await raised.model.ask(request, scopeOf('live'))).possible_double_charge).toBe(false);
  });

  test('keeps an answer that cost more than was left: the next call is what stops', async () => {
    const { model, budgets } = modelWorld(limited({ calls: 1 }));
    await model.ask(request, scopeOf('live'));
    const error = await rejection(model.ask(request, scopeOf('live', { ordinal: 1 })));
    expect(error.name).toBe('STOPPED_BUDGET');
    expect((await budgets.use(JOB)).spent.calls).toBe(1);
  });

  test('holds to the last token under 16 concurrent calls', async () => {
    const rooms = 5;
    const probe = modelWorld(configOf([targetTo(simulator, 'anthropic')]));
    await probe.model.ask(request, scopeOf('live'));
    const bound = json(CallAnswered)(find(probe.artifacts.files, '.answer.json')[0] ?? '').reservation.reserved;
    const limits = { calls: 100, tokens: bound.tokens * rooms, nano_usd: bound.nano_usd * 100 };
    simulator.setFaults([{ kind: 'slow', times: 16, delayMs: 100 }]);
    const { model, budgets } = modelWorld(configOf([targetTo(simulator, 'anthropic')], { budget: limits }));
    const calls = await Promise.allSettled(Array.from({ length: 16 }, (_, ordinal) => model.ask(request, scopeOf('live', { ordinal }))));
    expect(calls.filter(({ status }) => status === 'fulfilled')).toHaveLength(rooms);
    const { committed, spent } = await budgets.use(JOB);
    expect(committed).toEqual(spent);
    expect(spent.tokens).toBeLessThanOrEqual(limits.tokens);
  });

  test('a model without a known price stops the job before anything is asked, wherever it stands in the chain', async () => {
    const chain = [targetTo(simulator, 'anthropic'), targetTo(simulator, 'openai', 2, { model: 'glm-99' })];
    const { model, artifacts } = modelWorld(configOf(chain));
    const error = await rejection(model.ask(request, scopeOf('live')));
    expect(error.name).toBe('STOPPED_BUDGET');
    expect(error.message).toContain('glm/glm-99');
    expect(error.message).toContain('HOLDPOINT_LLM_PRICE_2');
    expect(simulator.requests()).toHaveLength(0);
    expect(artifacts.files.size).toBe(0);
  });

  test('a call costs what the price table says of the tokens the provider counted', async () => {
    const { model } = modelWorld(configOf([targetTo(simulator, 'anthropic')]));
    const { usage, cost_usd } = await model.ask(request, scopeOf('live'));
    expect(cost_usd).toBeCloseTo((usage.prompt_tokens * 1 + usage.completion_tokens * 5) / 1e6, 12);
    expect(cost_usd * NANO_USD).toBeGreaterThan(0);
  });
});
