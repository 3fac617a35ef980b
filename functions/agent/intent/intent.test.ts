import { describe, expect, test } from 'vitest';
import { AgentOutput, LlmCall, LlmSession, LlmUsageEvent, RedactionSummary } from '../../../contracts/agent-evidence.ts';
import { CassetteMiss, CompileRefused, StoppedLlmError } from '../../../contracts/errors.ts';
import type { ResearchJob } from '../../../contracts/job-spec.ts';
import type { JobState } from '../../../contracts/job-state.ts';
import type { StageEffects } from '../../../contracts/stage.ts';
import { decided, fileOf, jobWith, jsonOf, noModel, replay, saying } from '../../../test/fixtures/agents.ts';
import { blueprintOf, exampleSpec, sampleSnapshot } from '../../../test/fixtures/market.ts';
import { decodeCalls } from '../../lib/agent/calls.ts';
import { intent } from './intent.ts';

const { manifest: snapshot } = sampleSnapshot();
const good = blueprintOf({ type: 'momentum', lookback: 100, threshold: 0 });
const bad = { ...good, rationale: 'It rose in 2014.' };

type Given = {
  spec?: ResearchJob;
  job?: JobState;
  visit?: number;
  intent_output?: AgentOutput;
  blueprint?: typeof good;
  intent_calls?: LlmCall[];
};
const run = async (effects: StageEffects, given: Given = {}) =>
  intent.run(
    {
      job_id: '0123456789ab',
      run_id: 'run-1',
      state: 'Intent',
      visit: given.visit ?? 1,
      at: '2026-01-05T10:00:00.000Z',
      docs: {
        spec: given.spec ?? exampleSpec('idea-trend'),
        snapshot,
        intent_output: given.intent_output ?? null,
        blueprint: given.blueprint ?? null,
        intent_calls: given.intent_calls ?? null,
      },
      refs: {},
      facts: {},
      job: given.job ?? jobWith(),
    },
    effects,
  );

const questionOf = async (given: Given) => {
  const model = saying(JSON.stringify(good));
  await run(model, given);
  return model.asked[0];
};

describe('a first visit', () => {
  test('proposes the recorded blueprint with complete evidence', async () => {
    const output = await run(replay);
    expect(output.route).toEqual({ guard: 'passed' });
    expect(output.artifacts.map((a) => a.path).sort()).toEqual(
      ['blueprint.json', 'llm_calls.jsonl', 'llm_session.json', 'output.json', 'output_guard_report.json', 'redaction_summary.json'].map(
        (file) => `outputs/agents/intent/1/${file}`,
      ),
    );
    expect(output.event).toMatchObject({
      event_type: 'BLUEPRINT_PROPOSED',
      outputs: {
        strategy: { type: 'sma_crossover', fast: 50, slow: 150 },
        ...{ response_source: 'replay', replay_reason: 'mode', degraded: false, recorded_at: '2026-01-05T09:00:00.000Z' },
        ...{ provider: 'fixture', model: 'hand-written', guard_status: 'passed', override: false },
      },
    });
    expect(AgentOutput.parse(jsonOf(output, 'intent_output')).value).toEqual(jsonOf(output, 'blueprint'));
    expect(LlmSession.parse(jsonOf(output, 'intent_session'))).toMatchObject({ reason: 'first', calls: 1, cost_usd: 0 });
    expect(RedactionSummary.parse(jsonOf(output, 'intent_redaction'))).toMatchObject({ total: 0 });
    expect(decodeCalls(fileOf(output, 'intent_calls'))).toHaveLength(1);
  });

  test('lists its call as a usage row that names run, phase and call', async () => {
    const { event } = await run(replay);
    const calls = event?.outputs['calls'];
    expect(calls).toHaveLength(1);
    expect(LlmUsageEvent.parse(Array.isArray(calls) ? calls[0] : null)).toMatchObject({
      run_id: 'run-1',
      phase_id: 'Intent:1',
      role: 'intent',
      cost_usd: 0,
    });
  });

  test('asks the same question whatever the run, title, job id and submitter', async () => {
    const spec = exampleSpec('idea-trend');
    const other = {
      ...jobWith(),
      job_id: 'ffffffffffff',
      run: 9,
      title: 'Another',
      submitted_by: { type: 'user', id: 'zoe', identity: 'oidc' },
    } as const;
    expect(await questionOf({ spec: { ...spec, run: 12, title: 'Another' }, job: other })).toEqual(await questionOf({ spec }));
  });

  test('shows no day of the holdout in the question', async () => {
    const text = (await questionOf({}))?.messages[1]?.content;
    expect(text).toContain('2012-12-30');
    expect(text).not.toMatch(/2012-12-31|201[3-9]|202\d/);
  });
});

describe('a guarded output', () => {
  test('is kept as evidence, writes no event, and leaves no blueprint', async () => {
    const output = await run(replay, { spec: exampleSpec('idea-guarded') });
    expect(output).toMatchObject({ event: null, route: { guard: 'failed' } });
    expect(output.artifacts.map((a) => a.name)).not.toContain('blueprint');
    const report = jsonOf(output, 'intent_guard');
    expect(new Set(report.findings.map((f: { rule: string }) => f.rule))).toEqual(new Set(['code', 'holdout_leakage']));
  });

  test('is used after an override without asking a model, and the log says so and lists the call', async () => {
    const stopped = await run(saying(JSON.stringify(bad)));
    const output = await run(noModel, {
      visit: 2,
      job: jobWith([decided('HoldIntentOutput', 'APPROVED', 5)]),
      intent_output: AgentOutput.parse(jsonOf(stopped, 'intent_output')),
      intent_calls: decodeCalls(fileOf(stopped, 'intent_calls')),
    });
    expect(output).toMatchObject({
      route: { guard: 'passed' },
      event: { outputs: { override: true, guard_status: 'failed', response_source: 'live' } },
    });
    expect(jsonOf(output, 'blueprint')).toEqual(bad);
    expect(output.event?.outputs['calls']).toMatchObject([{ phase_id: 'Intent:1', cost_usd: 0.5 }]);
  });

  test('that is no blueprint cannot be overridden into one', async () => {
    const stopped = await run(saying('I would rather not.'));
    const given = {
      job: jobWith([decided('HoldIntentOutput', 'APPROVED', 5)]),
      intent_output: AgentOutput.parse(jsonOf(stopped, 'intent_output')),
    };
    await expect(run(noModel, given)).rejects.toThrow(CompileRefused);
  });
});

describe('a revision', () => {
  test('of a blueprint asks again with the comment and that blueprint', async () => {
    const job = jobWith([
      decided('HoldIntentOutput', 'APPROVED', 4),
      decided('HoldBlueprint', 'REVISION_REQUESTED', 8, 'use a longer lookback'),
    ]);
    const question = (await questionOf({ job, visit: 3, blueprint: good }))?.messages[1]?.content;
    expect(question).toContain('use a longer lookback');
    expect(question).toContain('"lookback": 100');
  });

  test('of a stopped output shows that output, not an older blueprint, and carries its call on', async () => {
    const stopped = await run(saying(JSON.stringify(bad)));
    const calls = decodeCalls(fileOf(stopped, 'intent_calls'));
    const model = saying(JSON.stringify(good));
    const given = { job: jobWith([decided('HoldIntentOutput', 'REVISION_REQUESTED', 8, 'no dates')]), visit: 2, blueprint: good };
    const output = await run(model, { ...given, intent_output: AgentOutput.parse(jsonOf(stopped, 'intent_output')), intent_calls: calls });
    expect(model.asked[0]?.messages[1]?.content).toContain('It rose in 2014.');
    expect(output.event?.outputs['calls']).toMatchObject([{ phase_id: 'Intent:1' }, { phase_id: 'Intent:2' }]);
  });

  test('does not list a call again that an event lists', async () => {
    const first = await run(saying(JSON.stringify(good)));
    const listed = first.event?.outputs['calls'];
    const job = jobWith([decided('HoldBlueprint', 'REVISION_REQUESTED', 8)], Array.isArray(listed) ? listed : []);
    const again = await run(saying(JSON.stringify(good)), {
      job,
      visit: 2,
      blueprint: good,
      intent_calls: decodeCalls(fileOf(first, 'intent_calls')),
    });
    expect(again.event?.outputs['calls']).toMatchObject([{ phase_id: 'Intent:2' }]);
  });
});

describe('no answer', () => {
  const failing = (failure: Error): StageEffects => ({ ask: () => Promise.reject(failure) });
  const stop = async (failure: Error): Promise<StoppedLlmError> => {
    const thrown: unknown = await run(failing(failure)).then(
      () => null,
      (e: unknown) => e,
    );
    if (thrown instanceof StoppedLlmError) return thrown;
    throw new Error('expected STOPPED_LLM_ERROR', { cause: thrown });
  };

  test('a cassette miss stops the job with evidence of what differs', async () => {
    const differs = [{ pointer: '/prompt_version', asked: 'v2', recorded: 'v1' }];
    const error = await stop(new CassetteMiss('no cassette for intent/9f2c', 'intent/9f2c', differs));
    expect(error).toMatchObject({ name: 'STOPPED_LLM_ERROR', message: 'no cassette for intent/9f2c' });
    expect(jsonOf(error, 'intent_error')).toMatchObject({
      schema_version: 'error_summary_v1',
      reason: 'STOPPED_LLM_ERROR',
      wanted: 'intent/9f2c',
      differs,
    });
    expect(RedactionSummary.parse(jsonOf(error, 'intent_redaction')).total).toBe(0);
    expect(decodeCalls(fileOf(error, 'intent_calls'))).toMatchObject([{ answer: null, error: { name: 'CassetteMiss' } }]);
  });

  test('a provider error loses its secrets before it is kept', async () => {
    const error = await stop(new StoppedLlmError('401 for api_key=abc123def'));
    expect(JSON.stringify([error.message, error.artifacts])).not.toContain('abc123def');
    expect(jsonOf(error, 'intent_redaction')).toMatchObject({ rules: { sensitive_key: 1 } });
  });

  test('any other failure is not taken for a model that did not answer', async () => {
    await expect(run(failing(new Error('socket hang up')))).rejects.toThrow('socket hang up');
  });
});

test('a secret in an answer reaches no file and no event', async () => {
  const output = await run(saying(JSON.stringify({ ...good, rationale: 'Use token=abc123def here.' })));
  expect(JSON.stringify(output)).not.toContain('abc123def');
  expect(jsonOf(output, 'intent_redaction')).toMatchObject({ total: 1, rules: { sensitive_key: 1 } });
});

test('an answer cut at the token limit is stopped', async () => {
  const output = await run(saying(JSON.stringify(good), { finish_reason: 'length' }));
  expect(output).toMatchObject({ event: null, route: { guard: 'failed' } });
});
