import { Blueprint } from '../../contracts/blueprint.ts';
import { EvidenceMismatch } from '../../contracts/errors.ts';
import { RunSpec } from '../../contracts/runspec.ts';
import { Snapshot } from '../../contracts/snapshot.ts';
import { defineStage } from '../../contracts/stage.ts';
import { barsNeeded } from '../lib/backtest/strategies.ts';
import { decodeBars } from '../lib/bars.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import { json } from '../lib/decode.ts';
import { sha256Hex } from '../lib/hash.ts';
import { decodeResearch } from '../lib/research-spec.ts';
import { barsIn, type CompileInput, holdoutOf, policyOf, refuseUnsound } from './refusals.ts';

/**
 * Blueprint to run specification: normalized, with snapshot and policy bundle bound by digest. Throws
 * `CompileRefused` for unknown symbols, windows outside the snapshot or the idea, look-ahead, and windows
 * with too few bars.
 */
export const compileBlueprint = (input: CompileInput): RunSpec => {
  const { spec, blueprint, snapshot, bars } = input;
  const policy = policyOf(spec.policy_bundle);
  const holdout = holdoutOf(input, policy);
  refuseUnsound(input, policy, holdout);
  const symbols = [...new Set(blueprint.symbols)].sort();
  const windows = { train: blueprint.train, evaluation: blueprint.evaluation, holdout };
  const fewest = (count: (symbol: string) => number): number => Math.min(...symbols.map(count));
  const before = (symbol: string): number => bars.filter((bar) => bar.symbol === symbol && bar.date < windows.train.start).length;
  return {
    schema_version: 'runspec_v1',
    name: blueprint.name,
    symbols,
    frequency: blueprint.frequency,
    strategy: blueprint.strategy,
    windows,
    bars: {
      train: fewest((symbol) => barsIn(bars, symbol, windows.train)),
      evaluation: fewest((symbol) => barsIn(bars, symbol, windows.evaluation)),
      holdout: fewest((symbol) => barsIn(bars, symbol, windows.holdout)),
    },
    warmup: { needed: barsNeeded(blueprint.strategy) - 1, available: fewest(before) },
    execution: { signal: 'close', fill: 'next_open', position: 'long_or_flat', sizing: 'equal_weight' },
    blueprint_sha256: sha256Hex(canonicalJson(blueprint)),
    snapshot: { snapshot_id: snapshot.snapshot_id, sha256: snapshot.sha256, first: snapshot.first, last: snapshot.last },
    policy_bundle: { id: policy.id, sha256: sha256Hex(canonicalJson(policy)) },
    policy,
  };
};

/** One line for the approver: what will run, over which days, at which costs. */
export const summaryOf = ({ symbols, strategy, windows, policy, snapshot }: RunSpec): string => {
  const { type, ...parameters } = strategy;
  const values = Object.entries(parameters).map(([name, value]) => `${name} ${value}`);
  const { commission_bps, slippage_bps } = policy.costs;
  return [
    `${type} (${values.join(', ')}) on ${symbols.join(', ')}`,
    `${windows.train.start} to ${windows.holdout.end}, holdout from ${windows.holdout.start}`,
    `${commission_bps} bps commission and ${slippage_bps} bps slippage per side`,
    `snapshot ${snapshot.snapshot_id}`,
  ].join('; ');
};

const reads = { spec: decodeResearch, blueprint: json(Blueprint), snapshot: json(Snapshot), snapshot_data: decodeBars };

export const compile = defineStage({
  reads,
  run: ({ docs, refs }) => {
    const { spec, blueprint, snapshot, snapshot_data } = docs;
    const data = refs['snapshot_data']?.sha256 ?? 'none';
    if (data !== snapshot.sha256)
      throw new EvidenceMismatch(
        `snapshot ${snapshot.snapshot_id} names data ${snapshot.sha256}, the job carries ${data}; ingest it again`,
      );
    const runspec = compileBlueprint({ spec, blueprint, snapshot, bars: snapshot_data });
    const body = canonicalJson(runspec);
    return {
      artifacts: [{ name: 'runspec', path: 'outputs/compile/runspec.json', body, content_type: 'application/json' }],
      event: {
        event_type: 'RUNSPEC_COMPILED',
        message: summaryOf(runspec),
        outputs: {
          summary: summaryOf(runspec),
          runspec_sha256: sha256Hex(body),
          blueprint_sha256: runspec.blueprint_sha256,
          snapshot: runspec.snapshot,
          policy_bundle: runspec.policy_bundle,
          symbols: runspec.symbols,
          windows: runspec.windows,
          bars: runspec.bars,
        },
      },
    };
  },
});
