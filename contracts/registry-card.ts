import * as z from 'zod';
import { Metrics } from './backtest-result.ts';
import { Strategy, Window } from './blueprint.ts';
import { GateName, GateVerdict } from './gate-report.ts';
import { JobId, Sha256 } from './ids.ts';
import { PinnedPolicy, PinnedSnapshot } from './runspec.ts';
import { SymbolName } from './snapshot.ts';

const identity = {
  job_id: JobId,
  title: z.string().min(1).max(200),
  kind: z.enum(['idea', 'blueprint']),
  run: z.int().min(1),
  name: z.string().min(1).max(120),
  symbols: z.array(SymbolName).min(1),
  strategy: Strategy,
  windows: z.strictObject({ train: Window, evaluation: Window, holdout: Window }),
  snapshot: PinnedSnapshot,
  policy_bundle: PinnedPolicy,
  blueprint_sha256: Sha256,
  runspec_sha256: Sha256,
  result_sha256: Sha256,
  gate_report_sha256: Sha256,
};

/**
 * `trial_record_v1`: one line of the append-only registry, for every run that was judged, good or bad: a
 * strategy's Sharpe ratio means little without the number of trials behind it. Its time is its event's.
 */
export const TrialRecord = z.strictObject({
  schema_version: z.literal('trial_record_v1'),
  ...identity,
  passed: z.boolean(),
  failed: z.array(GateName),
  sharpe: z.strictObject({ research: z.number().nullable(), holdout: z.number().nullable() }),
});
export type TrialRecord = z.infer<typeof TrialRecord>;

const measured = z.strictObject({ strategy: Metrics, benchmark: Metrics });

/** `registry_card_v1`: what is known of a strategy that passed every gate. */
export const RegistryCard = z.strictObject({
  schema_version: z.literal('registry_card_v1'),
  ...identity,
  costs: z.strictObject({ commission_bps: z.number(), slippage_bps: z.number() }),
  metrics: z.strictObject({ research: measured, holdout: measured, full: measured }),
  gates: z.array(GateVerdict),
});
export type RegistryCard = z.infer<typeof RegistryCard>;
