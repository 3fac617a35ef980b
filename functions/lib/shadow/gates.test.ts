import { describe, expect, it } from 'vitest';
import { LlmUsageEvent } from '../../../contracts/agent-evidence.ts';
import { GATES, type GateReport } from '../../../contracts/gate-report.ts';
import { ModelRequest } from '../../../contracts/llm.ts';
import { POLICY_BUNDLES } from '../../../contracts/policy-bundle.ts';
import { ShadowReport } from '../../../contracts/shadow.ts';
import type { StageEffects } from '../../../contracts/stage.ts';
import { jsonOf, noModel, saying } from '../../../test/fixtures/agents.ts';
import { consult } from '../agent/consult.ts';
import { DEFAULT_FLAGS } from '../context-builder/context-builder.fixture.ts';
import { policyKeysOf } from '../guard/guard.ts';
import { besideGates, shadowQuestion } from './gates.ts';
import { SHADOW } from './request.ts';

const LIMIT = 0.123456;
const VALUE = 0.987654;
const gates: GateReport = {
  schema_version: 'gate_report_v1',
  ...{ runspec_sha256: '0'.repeat(64), result_sha256: '0'.repeat(64), policy_bundle: { id: 'default_v1', sha256: '0'.repeat(64) } },
  ...{ passed: false, failed: ['cost_stress'] },
  gates: GATES.map((gate) => ({
    ...{ gate, passed: gate !== 'cost_stress', value: VALUE, limit: LIMIT, rule: 'at_least', message: `it is ${VALUE}` },
  })),
};
const facts = { symbols: ['SPX'], strategy: {}, costs_bps_per_side: {}, windows: { train: {} } };
const judge = {
  holdout: { start: '2013-01-01', end: '2015-12-31' },
  policyKeys: policyKeysOf(POLICY_BUNDLES['default_v1'] ?? expect.fail('the default bundle is gone')),
};
const place = { profile: SHADOW, job_id: '0123456789ab', run_id: 'run-1', state: 'Report', visit: 2, at: '2026-01-05T09:00:00.000Z' };

type Settings = { on?: boolean; patience?: () => AbortSignal };
const beside = ({ ask }: Pick<StageEffects, 'ask'>, { on = true, ...more }: Settings = {}) =>
  besideGates(place, { gates, facts, judge }, { ask, flags: async () => ({ ...DEFAULT_FLAGS, shadow_enabled: on }), ...more });

const verdictOf = (verdict: string, failed: readonly string[] = []) =>
  JSON.stringify({
    ...{ schema_version: 'shadow_verdict_v1', verdict, reason: 'It looks like that.' },
    each: GATES.map((gate) => ({ gate, verdict: failed.includes(gate) ? 'failed' : 'passed' })),
  });

describe('shadow mode', () => {
  it('is off unless its flag is on, and then nothing is asked, kept or said', async () => {
    const nothing = { artifacts: [], calls: [], outputs: {} };
    expect(await beside(noModel, { on: false })).toEqual(nothing);
    expect(await besideGates(place, { gates, facts, judge }, noModel)).toEqual(nothing);
  });

  it('compares the verdict and each gate with what a model says, beside the evidence of its call', async () => {
    const { artifacts, calls, outputs } = await beside(saying(verdictOf('failed', ['cost_stress', 'min_trades'])));
    const report = ShadowReport.parse(jsonOf({ artifacts }, 'shadow_report'));
    expect(artifacts.find(({ name }) => name === 'shadow_report')?.path).toBe('outputs/shadow/2/shadow_report.json');
    expect(report).toMatchObject({ decisions: 7, compared: 7, agreed: 6, by_point: { 'gates/min_trades': { agreement: 0 } } });
    expect(outputs).toEqual({ shadow: { decisions: 7, compared: 7, agreed: 6 } });
    expect(calls.map((row) => LlmUsageEvent.parse(row))).toMatchObject([{ role: 'shadow', phase_id: 'Report:2', cost_usd: 0.5 }]);
    for (const file of ['output.json', 'output_guard_report.json', 'llm_session.json', 'llm_calls.jsonl', 'redaction_summary.json'])
      expect(artifacts.map(({ path }) => path)).toContain(`outputs/agents/shadow/2/${file}`);
  });

  it('asks once, and neither what the gates measured nor how they decided', async () => {
    const model = saying(verdictOf('passed'));
    await beside(model);
    const [request] = model.asked;
    const question = ModelRequest.parse(request).messages.at(-1)?.content ?? '';
    expect(model.asked).toHaveLength(1);
    expect(question).toContain(String(LIMIT));
    expect(question).not.toMatch(new RegExp(`${VALUE}|passed|failed|0123456789ab`));
  });

  it('counts a call of its own: the agent in the same state keeps its number', async () => {
    const first = (await beside(saying(verdictOf('passed')))).calls[0]?.call_id;
    const other = await consult(place, shadowQuestion({ gates, facts, judge }), saying(verdictOf('passed')));
    expect(first).not.toBe(other.calls[0]?.call_id);
  });
});

describe('whatever the shadow does, it leaves a report and nothing else:', () => {
  const told: [string, Pick<StageEffects, 'ask'>, string][] = [
    ['it fails', { ask: () => Promise.reject(new Error('429 for api_key=abc123def')) }, '429'],
    [
      'it throws',
      {
        ask: () => {
          throw new Error('boom');
        },
      },
      'boom',
    ],
    ['it talks nonsense', saying('All is well.'), 'the guard stopped'],
    ['it claims an outcome', saying(verdictOf('passed').replace('{', '{"outcome":"succeeded",')), 'the guard stopped'],
    ['it knows the holdout', saying(verdictOf('passed').replace('It looks', '2014-05-02 looks')), 'holdout_leakage'],
    ['it invents a word', saying(verdictOf('maybe')), 'the guard stopped'],
    ['it gives no answer at all', { ask: (() => Promise.resolve(undefined)) as unknown as StageEffects['ask'] }, ''],
  ];

  it.each(told)('%s', async (_, model, problem) => {
    const { artifacts, outputs } = await beside(model);
    const { compared, agreement, rows } = ShadowReport.parse(jsonOf({ artifacts }, 'shadow_report'));
    expect([compared, agreement, outputs.shadow?.compared]).toEqual([0, null, 0]);
    expect(rows.map(({ deterministic }) => deterministic)).toEqual(['failed', ...gates.gates.map((g) => (g.passed ? 'passed' : 'failed'))]);
    expect(rows[0]?.problem).toContain(problem);
    expect(JSON.stringify(artifacts)).not.toContain('abc123def');
    expect(artifacts.map(({ name }) => name)).not.toContain('shadow_error');
  });

  it('it never answers', async () => {
    const { artifacts } = await beside({ ask: () => new Promise(() => {}) }, { patience: () => AbortSignal.timeout(10) });
    expect(jsonOf({ artifacts }, 'shadow_report')).toMatchObject({
      compared: 0,
      rows: [{ problem: 'it took too long' }, {}, {}, {}, {}, {}, {}],
    });
  });

  it('its flag cannot be read: then it is off', async () => {
    const flags = () => Promise.reject(new Error('no table'));
    expect((await besideGates(place, { gates, facts, judge }, { ...noModel, flags })).artifacts).toEqual([]);
  });

  it('it leaves a gate out: that one is compared with nothing', async () => {
    const short = JSON.parse(verdictOf('failed', ['cost_stress']));
    const { outputs } = await beside(saying(JSON.stringify({ ...short, each: short.each.slice(1) })));
    expect(outputs.shadow).toEqual({ decisions: 7, compared: 6, agreed: 6 });
  });
});
