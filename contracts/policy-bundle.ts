import * as z from 'zod';
import { PolicyBundleId } from './ids.ts';

/** `policy_bundle_v1`: what a model or a blueprint may never set. Bound to a job by digest. */
export const PolicyBundle = z.strictObject({
  schema_version: z.literal('policy_bundle_v1'),
  id: PolicyBundleId,
  /** Per side, in basis points of the traded value. */
  costs: z.strictObject({ commission_bps: z.number().min(0).max(1000), slippage_bps: z.number().min(0).max(1000) }),
  initial_capital: z.number().positive(),
  /** The last part of the research window, kept from agents: a fraction of its calendar days. */
  holdout: z.strictObject({ fraction: z.number().gt(0).lt(0.5), min_bars: z.int().min(1) }),
  gates: z.strictObject({
    /** Round trips that ended in train and evaluation. */
    min_trades: z.int().min(0),
    /** Positive fraction, over the whole run: 0.35 allows a fall of 35 % from a peak. */
    max_drawdown: z.number().gt(0).max(1),
    /** Strategy Sharpe minus buy-and-hold Sharpe, over train and evaluation, must be at least this. */
    min_sharpe_excess: z.number(),
    /** Evaluation Sharpe minus holdout Sharpe may be at most this. */
    max_holdout_degradation: z.number(),
    /** The return of the whole run must stay above zero when costs are multiplied by this. */
    cost_stress_multiple: z.number().min(1).max(5),
  }),
});
export type PolicyBundle = z.infer<typeof PolicyBundle>;

/** Bundles that ship with this build. A changed number is a new id: results pin the digest. */
export const POLICY_BUNDLES: Record<string, PolicyBundle> = {
  default_v1: {
    schema_version: 'policy_bundle_v1',
    id: 'default_v1',
    costs: { commission_bps: 1, slippage_bps: 2 },
    initial_capital: 100_000,
    holdout: { fraction: 0.2, min_bars: 120 },
    gates: { min_trades: 5, max_drawdown: 0.35, min_sharpe_excess: 0, max_holdout_degradation: 1, cost_stress_multiple: 2 },
  },
};
