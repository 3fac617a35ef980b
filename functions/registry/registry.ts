import { BacktestResult } from '../../contracts/backtest-result.ts';
import { GateReport } from '../../contracts/gate-report.ts';
import type { ResearchJob } from '../../contracts/job-spec.ts';
import type { RegistryCard, TrialRecord } from '../../contracts/registry-card.ts';
import { RunSpec } from '../../contracts/runspec.ts';
import { type Artifact, defineStage } from '../../contracts/stage.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import { json } from '../lib/decode.ts';
import { sha256Hex } from '../lib/hash.ts';
import { decodeResearch } from '../lib/research-spec.ts';

export type Judged = { job_id: string; spec: ResearchJob; runspec: RunSpec; result: BacktestResult; gates: GateReport };

const identityOf = ({ job_id, spec, runspec, gates }: Judged) => ({
  job_id,
  title: spec.title,
  kind: spec.kind,
  run: spec.run,
  name: runspec.name,
  symbols: runspec.symbols,
  strategy: runspec.strategy,
  windows: runspec.windows,
  snapshot: runspec.snapshot,
  policy_bundle: runspec.policy_bundle,
  blueprint_sha256: runspec.blueprint_sha256,
  runspec_sha256: gates.runspec_sha256,
  result_sha256: gates.result_sha256,
  gate_report_sha256: sha256Hex(canonicalJson(gates)),
});

/** The line of the append-only registry: every judged run has one. */
export const trialOf = (judged: Judged): TrialRecord => {
  const { research, holdout } = judged.result.windows;
  return {
    schema_version: 'trial_record_v1',
    ...identityOf(judged),
    passed: judged.gates.passed,
    failed: judged.gates.failed,
    sharpe: { research: research.strategy.sharpe, holdout: holdout.strategy.sharpe },
  };
};

/** The card of a strategy that passed every gate; null otherwise. */
export const cardOf = (judged: Judged): RegistryCard | null => {
  if (!judged.gates.passed) return null;
  const { research, holdout, full } = judged.result.windows;
  const measured = ({ strategy, benchmark }: typeof full) => ({ strategy, benchmark });
  return {
    schema_version: 'registry_card_v1',
    ...identityOf(judged),
    costs: judged.runspec.policy.costs,
    metrics: { research: measured(research), holdout: measured(holdout), full: measured(full) },
    gates: judged.gates.gates,
  };
};

const file = (name: string, path: string, value: unknown): Artifact => ({
  name,
  path,
  body: canonicalJson(value),
  content_type: 'application/json',
});

const reads = { spec: decodeResearch, runspec: json(RunSpec), result: json(BacktestResult), gates: json(GateReport) };

export const registry = defineStage({
  reads,
  run: ({ job_id, docs }) => {
    const judged = { job_id, ...docs };
    const card = cardOf(judged);
    const trial = file('trial', 'outputs/registry/trial.json', trialOf(judged));
    return {
      artifacts: [
        { ...trial, registry_key: `registry/trials/${job_id}.json` },
        ...(card ? [file('card', 'outputs/registry/card.json', card)] : []),
      ],
      event: {
        event_type: 'REGISTRY_UPDATED',
        message: card ? 'trial recorded, card issued' : 'trial recorded, no card: gates failed',
        outputs: { trial: job_id, card: card !== null },
      },
    };
  },
});
