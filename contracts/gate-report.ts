import * as z from 'zod';
import { Sha256 } from './ids.ts';
import { PinnedPolicy } from './runspec.ts';

export const GATES = ['min_trades', 'max_drawdown', 'sharpe_excess', 'holdout_degradation', 'cost_stress', 'determinism'] as const;
export const GateName = z.enum(GATES);
export type GateName = z.infer<typeof GateName>;

export const GateVerdict = z.strictObject({
  gate: GateName,
  passed: z.boolean(),
  /** What was measured; null where it is not defined, and then the gate fails. */
  value: z.number().nullable(),
  limit: z.number(),
  /** How `value` must relate to `limit`. */
  rule: z.enum(['at_least', 'at_most', 'above', 'equal']),
  message: z.string(),
});
export type GateVerdict = z.infer<typeof GateVerdict>;

/** `gate_report_v1`: the policy bundle's judgement of one result. */
export const GateReport = z.strictObject({
  schema_version: z.literal('gate_report_v1'),
  runspec_sha256: Sha256,
  result_sha256: Sha256,
  policy_bundle: PinnedPolicy,
  passed: z.boolean(),
  failed: z.array(GateName),
  gates: z.array(GateVerdict),
});
export type GateReport = z.infer<typeof GateReport>;
