import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { NOTHING } from '../../contracts/budget.ts';
import { CassetteMiss, StoppedLlmError } from '../../contracts/errors.ts';
import type { FailureKind } from '../../contracts/llm-journal.ts';
import { cassetteKey } from '../../functions/lib/cassette-key.ts';
import {
  FAULT_KINDS,
  type FaultKind,
  PROTOCOLS,
  type Protocol,
  type Simulator,
  startSimulator,
} from '../../infra/local/simulator/simulator.ts';
import { configOf, modelWorld, recorded, rejection, request, scopeOf, targetTo } from '../support/model-world.ts';

let simulator: Simulator;
// One of its own for each case: a request that was given up may arrive late.
beforeEach(async () => {
  simulator = await startSimulator({ port: 0 });
});
afterEach(() => simulator.close());

const ANSWERED: readonly FaultKind[] = ['slow', 'wrong_schema', 'length'];

/** What a fault is called in the evidence, how many requests it costs with one retry, and whether it may be billed. */
const FAILURES: Record<Exclude<FaultKind, 'slow' | 'wrong_schema' | 'length'>, { kind: FailureKind; requests: number; billed: boolean }> = {
  rate_limit: { kind: 'rate_limited', requests: 2, billed: false },
  server_error: { kind: 'server_error', requests: 2, billed: false },
  overloaded: { kind: 'overloaded', requests: 2, billed: false },
  timeout: { kind: 'timeout', requests: 2, billed: true },
  hang: { kind: 'timeout', requests: 2, billed: true },
  reset: { kind: 'network', requests: 2, billed: true },
  truncated: { kind: 'network', requests: 2, billed: true },
  invalid_json: { kind: 'malformed', requests: 1, billed: true },
  quota: { kind: 'quota', requests: 1, billed: false },
  auth: { kind: 'auth', requests: 1, billed: false },
};
const FAILING = FAULT_KINDS.filter((kind): kind is keyof typeof FAILURES => kind in FAILURES);

const expectedKind = (fault: keyof typeof FAILURES, protocol: Protocol): FailureKind =>
  fault === 'overloaded' && protocol === 'bedrock' ? 'server_error' : FAILURES[fault].kind;

const timeoutFor = (fault: FaultKind) => (fault === 'timeout' || fault === 'hang' ? { timeout_ms: 60 } : {});

const key = cassetteKey(request).key;
const RECORDED = '{"recorded":true}';

const table = PROTOCOLS.flatMap((protocol) =>
  (['live', 'record'] as const).flatMap((mode) => [false, true].map((cassette) => ({ protocol, mode, cassette }))),
);

describe.each(table)('$protocol, mode $mode, cassette there: $cassette', ({ protocol, mode, cassette }) => {
  const worldFor = (fault: FaultKind) => {
    simulator.setFaults([{ kind: fault, times: Infinity, delayMs: fault === 'slow' ? 20 : 5_000 }]);
    return modelWorld(configOf([targetTo(simulator, protocol, 1, timeoutFor(fault))]), cassette ? [recorded(request, RECORDED)] : []);
  };

  test.each(ANSWERED)('%s: the answer is used as it came, labelled, charged, and recorded in record mode only', async (fault) => {
    const { model, cassettes, budgets, artifacts } = worldFor(fault);
    const answer = await model.ask(request, scopeOf(mode));
    expect(answer).toMatchObject({
      key,
      response_source: mode,
      replay_reason: null,
      degraded: false,
      provider: targetTo(simulator, protocol).name,
    });
    expect(answer.recorded_at === null).toBe(mode === 'live');
    expect(answer.finish_reason).toBe(fault === 'length' ? 'length' : 'stop');
    expect(answer.cost_usd).toBeGreaterThan(0);
    expect(simulator.requests()).toHaveLength(1);
    const { committed, spent } = await budgets.use('0123456789ab');
    expect(committed).toEqual(spent);
    expect(spent).toMatchObject({ calls: 1, tokens: answer.usage.total_tokens });
    expect(spent.nano_usd).toBeCloseTo(answer.cost_usd * 1e9, 3);
    const kept = await cassettes.get('intent', key, 0);
    if (cassette) expect(kept?.answer.text).toBe(RECORDED);
    else expect(kept?.answer.text).toBe(mode === 'record' ? answer.text : undefined);
    expect([...artifacts.files.keys()].filter((name) => name.endsWith('.answer.json'))).toHaveLength(1);
  });

  test.each(FAILING)('%s: the recording with the same key stands in, or the job stops; nothing is recorded', async (fault) => {
    const { model, cassettes, budgets, artifacts } = worldFor(fault);
    const outcome = model.ask(request, scopeOf(mode));
    const { requests, billed } = FAILURES[fault];
    const kinds = Array.from({ length: requests }, () => expectedKind(fault, protocol));
    if (cassette) {
      const answer = await outcome;
      expect(answer).toMatchObject({
        ...{ key, text: RECORDED, response_source: 'replay', replay_reason: 'provider_error', degraded: true },
        ...{ recorded_at: '2026-01-05T09:00:00.000Z', cost_usd: 0, model: 'recorded-model', possible_double_charge: false },
      });
      expect(answer.attempts?.map((one) => one.outcome)).toEqual(kinds);
    } else {
      const error = await rejection(outcome);
      expect(error).toBeInstanceOf(StoppedLlmError);
      expect(error.name).toBe('STOPPED_LLM_ERROR');
      expect(error.cause).toBeInstanceOf(CassetteMiss);
      expect(error instanceof StoppedLlmError && error.attempts.map((one) => one.outcome)).toEqual(kinds);
      expect(await cassettes.list()).toEqual([]);
    }
    // One that was given up may not have arrived.
    if (expectedKind(fault, protocol) === 'timeout') expect(simulator.requests().length).toBeLessThanOrEqual(requests);
    else expect(simulator.requests()).toHaveLength(requests);
    const { committed, spent } = await budgets.use('0123456789ab');
    expect(committed).toEqual(spent);
    if (billed) expect(spent.calls).toBe(requests);
    else expect(spent).toEqual(NOTHING);
    const names = [...artifacts.files.keys()].map((name) => name.split('.').slice(-2).join('.'));
    expect(names.toSorted()).toEqual(['closed.json', 'started.json']);
  });
});

describe.each(PROTOCOLS)('a fallback behind %s', (protocol) => {
  const fallback: Protocol = protocol === 'anthropic' ? 'openai' : 'anthropic';

  test.each(FAILING)('%s: the next provider answers, and is named', async (fault) => {
    simulator.setFaults([{ kind: fault, protocol, times: Infinity }]);
    const chain = [targetTo(simulator, protocol, 1, { ...timeoutFor(fault), retries: 0 }), targetTo(simulator, fallback, 2)];
    const { model, cassettes } = modelWorld(configOf(chain, { mode: 'record' }), []);
    const answer = await model.ask(request, scopeOf('record'));
    expect(answer).toMatchObject({ response_source: 'record', degraded: false, provider: chain[1]?.name });
    expect(answer.attempts?.map(({ position, outcome }) => [position, outcome])).toEqual([
      [1, expectedKind(fault, protocol)],
      [2, 'answered'],
    ]);
    expect((await cassettes.get('intent', key, 0))?.answer.provider).toBe(chain[1]?.name);
  });
});
