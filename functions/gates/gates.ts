import { isDeepStrictEqual } from 'node:util';
import { BacktestResult, type Metrics } from '../../contracts/backtest-result.ts';
import type { GateName, GateReport, GateVerdict } from '../../contracts/gate-report.ts';
import { RunSpec } from '../../contracts/runspec.ts';
import type { Bar } from '../../contracts/snapshot.ts';
import { defineStage } from '../../contracts/stage.ts';
import { backtest, fullReturn, summarize } from '../lib/backtest/backtest.ts';
import { round8 } from '../lib/backtest/metrics.ts';
import { decodeBars } from '../lib/bars.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import { json } from '../lib/decode.ts';
import { sha256Hex } from '../lib/hash.ts';

/** What the gates measure besides the result: digests of fresh runs, and the return at stressed costs. */
export type Evidence = { digests: readonly string[]; stressed_return: number };

const RULES: Record<GateVerdict['rule'], (value: number, limit: number) => boolean> = {
  at_least: (value, limit) => value >= limit,
  at_most: (value, limit) => value <= limit,
  above: (value, limit) => value > limit,
  equal: (value, limit) => value === limit,
};

const WORDS: Record<GateVerdict['rule'], string> = { at_least: 'at least', at_most: 'at most', above: 'above', equal: 'exactly' };

type Question = { gate: GateName; value: number | null; rule: GateVerdict['rule']; limit: number; meaning: string };

// Fails closed: what cannot be measured has not been shown.
const verdict = ({ gate, value, rule, limit, meaning }: Question): GateVerdict => ({
  gate,
  passed: value !== null && RULES[rule](value, limit),
  value,
  limit,
  rule,
  message: `${meaning} ${value === null ? 'is not defined' : `is ${value}`}; it must be ${WORDS[rule]} ${limit}`,
});

const sharpeGap = (a: Metrics, b: Metrics): number | null => (a.sharpe === null || b.sharpe === null ? null : round8(a.sharpe - b.sharpe));

const performanceQuestions = (
  { gates }: RunSpec['policy'],
  { research, evaluation, holdout, full }: BacktestResult['windows'],
): Question[] => [
  {
    gate: 'min_trades',
    value: research.strategy.trades,
    rule: 'at_least',
    limit: gates.min_trades,
    meaning: 'the number of round trips in train and evaluation',
  },
  {
    gate: 'max_drawdown',
    value: full.strategy.max_drawdown,
    rule: 'at_most',
    limit: gates.max_drawdown,
    meaning: 'the largest drawdown of the whole run',
  },
  {
    gate: 'sharpe_excess',
    value: sharpeGap(research.strategy, research.benchmark),
    rule: 'at_least',
    limit: gates.min_sharpe_excess,
    meaning: 'the Sharpe ratio minus that of buy-and-hold in train and evaluation',
  },
  {
    gate: 'holdout_degradation',
    value: sharpeGap(evaluation.strategy, holdout.strategy),
    rule: 'at_most',
    limit: gates.max_holdout_degradation,
    meaning: 'the Sharpe ratio of the evaluation minus that of the holdout',
  },
];

const robustnessQuestions = ({ gates }: RunSpec['policy'], evidence: Evidence): Question[] => [
  {
    gate: 'cost_stress',
    value: evidence.stressed_return,
    rule: 'above',
    limit: 0,
    meaning: `the total return at ${gates.cost_stress_multiple} times the costs`,
  },
  {
    gate: 'determinism',
    value: new Set(evidence.digests).size,
    rule: 'equal',
    limit: 1,
    meaning: `the number of different results among ${evidence.digests.length} runs`,
  },
];

/** Judges a result by a policy bundle alone. */
export const judge = (policy: RunSpec['policy'], windows: BacktestResult['windows'], evidence: Evidence): GateVerdict[] =>
  [...performanceQuestions(policy, windows), ...robustnessQuestions(policy, evidence)].map(verdict);

/** Runs the specification twice more, and once at stressed costs. */
export const gather = (runspec: RunSpec, result: BacktestResult, bars: readonly Bar[]): Evidence => {
  const digest = (r: BacktestResult): string => sha256Hex(canonicalJson(r));
  const [once, twice] = [backtest(runspec, bars), backtest(runspec, bars)];
  const again = digest(summarize(runspec, once));
  // A summary is made of these numbers alone: where all of them are the same, so is its digest.
  const last = isDeepStrictEqual(once, twice) ? again : digest(summarize(runspec, twice));
  const stressed = backtest(runspec, bars, runspec.policy.gates.cost_stress_multiple);
  return { digests: [digest(result), again, last], stressed_return: fullReturn(runspec, stressed) };
};

/** Measures and judges a result: `gate_report_v1`. */
export const gateReport = (runspec: RunSpec, result: BacktestResult, bars: readonly Bar[]): GateReport => {
  const verdicts = judge(runspec.policy, result.windows, gather(runspec, result, bars));
  const failed = verdicts.filter((v) => !v.passed).map((v) => v.gate);
  return {
    schema_version: 'gate_report_v1',
    runspec_sha256: result.runspec_sha256,
    result_sha256: sha256Hex(canonicalJson(result)),
    policy_bundle: runspec.policy_bundle,
    passed: failed.length === 0,
    failed,
    gates: verdicts,
  };
};

const reads = { runspec: json(RunSpec), result: json(BacktestResult), snapshot_data: decodeBars };

export const gates = defineStage({
  reads,
  run: ({ docs }) => {
    const report = gateReport(docs.runspec, docs.result, docs.snapshot_data);
    const { passed, failed } = report;
    return {
      artifacts: [{ name: 'gates', path: 'outputs/gates/gate_report.json', body: canonicalJson(report), content_type: 'application/json' }],
      event: {
        event_type: 'GATES_COMPLETED',
        message: passed ? `all ${report.gates.length} gates passed` : `failed: ${failed.join(', ')}`,
        outputs: { passed, failed, gates: report.gates.map((v) => ({ gate: v.gate, passed: v.passed, value: v.value, limit: v.limit })) },
      },
      facts: { gates: passed ? 'passed' : 'failed' },
    };
  },
});
