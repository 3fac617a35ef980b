import { describe, expect, it } from 'vitest';
import { GateReport } from '../../contracts/gate-report.ts';
import { RegistryCard, TrialRecord } from '../../contracts/registry-card.ts';
import { blueprintOf, exampleSpec, sampleSnapshot } from '../../test/fixtures/market.ts';
import { compileBlueprint } from '../compile/compile.ts';
import { backtest, summarize } from '../lib/backtest/backtest.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import { sha256Hex } from '../lib/hash.ts';
import { registry } from './registry.ts';

const { manifest, bars } = sampleSnapshot();
const spec = exampleSpec('idea-trend');
const runspec = compileBlueprint({
  spec,
  blueprint: blueprintOf({ type: 'sma_crossover', fast: 50, slow: 150 }),
  snapshot: manifest,
  bars,
});
const result = summarize(runspec, backtest(runspec, bars));

const gatesOf = (passed: boolean): GateReport => ({
  schema_version: 'gate_report_v1',
  runspec_sha256: result.runspec_sha256,
  result_sha256: sha256Hex(canonicalJson(result)),
  policy_bundle: runspec.policy_bundle,
  passed,
  failed: passed ? [] : ['min_trades'],
  gates: [{ gate: 'min_trades', passed, value: 10, limit: passed ? 5 : 50, rule: 'at_least', message: 'x' }],
});

const registered = (passed: boolean, at = '2026-01-01T00:00:00.000Z') => {
  const docs = { spec, runspec, result, gates: gatesOf(passed) };
  const input = { job_id: '0123456789ab', run_id: 'run-1', state: 'Registry', visit: 1, at, refs: {}, facts: {}, job: null };
  const output = registry.run({ ...input, docs }, { ask: () => Promise.reject(new Error('no model is asked')) });
  if (output instanceof Promise) throw new Error('the registry waits for nothing');
  return output;
};

describe('registry', () => {
  it('records a trial and issues a card when the gates passed', () => {
    const { artifacts, event } = registered(true);
    expect(artifacts.map((a) => [a.name, a.path])).toEqual([
      ['trial', 'outputs/registry/trial.json'],
      ['card', 'outputs/registry/card.json'],
    ]);
    expect(event).toMatchObject({ event_type: 'REGISTRY_UPDATED', outputs: { trial: '0123456789ab', card: true } });
    const card = RegistryCard.parse(JSON.parse(artifacts[1]?.body ?? ''));
    expect(card.metrics.holdout.strategy).toEqual(result.windows.holdout.strategy);
    expect(card.runspec_sha256).toBe(sha256Hex(canonicalJson(runspec)));
  });

  it('records a trial without a card when a gate failed', () => {
    const { artifacts, event } = registered(false);
    expect(artifacts.map((a) => a.name)).toEqual(['trial']);
    expect(event?.outputs['card']).toBe(false);
    expect(TrialRecord.parse(JSON.parse(artifacts[0]?.body ?? ''))).toMatchObject({
      passed: false,
      failed: ['min_trades'],
      run: 1,
      title: spec.title,
    });
  });

  it('appends the trial, and only the trial, to the registry under the job id', () => {
    expect(registered(true).artifacts.map((a) => a.registry_key)).toEqual(['registry/trials/0123456789ab.json', undefined]);
  });

  it('writes the same bytes whenever it runs, so that a retry cannot contradict the registry', () => {
    expect(registered(true, '2027-01-01T00:00:00.000Z').artifacts).toEqual(registered(true).artifacts);
  });
});
