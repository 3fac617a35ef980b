import * as z from 'zod';
import { IsoDate } from './ids.ts';

/** First and last day, both included. */
export const Window = z
  .strictObject({ start: IsoDate, end: IsoDate })
  .refine((w) => w.start < w.end, { path: ['end'], message: 'must be after start' });
export type Window = z.infer<typeof Window>;

/** Rules a blueprint can choose. Lengths are in bars, thresholds in the unit their name says. */
export const Strategy = z.discriminatedUnion('type', [
  z
    .strictObject({ type: z.literal('sma_crossover'), fast: z.int().min(2).max(200), slow: z.int().min(5).max(400) })
    .refine((s) => s.fast < s.slow, { path: ['slow'], message: 'must be greater than fast' }),
  /** Long while the return over `lookback` bars exceeds `threshold` (a fraction: 0.02 is 2 %). */
  z.strictObject({ type: z.literal('momentum'), lookback: z.int().min(5).max(400), threshold: z.number().min(-0.5).max(0.5) }),
  /** Wilder's RSI: enter below `entry`, leave above `exit` (both 0-100). */
  z
    .strictObject({
      type: z.literal('rsi_reversion'),
      period: z.int().min(2).max(60),
      entry: z.number().min(1).max(60),
      exit: z.number().min(20).max(99),
    })
    .refine((s) => s.entry < s.exit, { path: ['exit'], message: 'must be greater than entry' }),
  /** Enter at a new high of `entry_window` bars, leave at a new low of `exit_window` bars. */
  z.strictObject({ type: z.literal('breakout'), entry_window: z.int().min(5).max(400), exit_window: z.int().min(2).max(400) }),
]);
export type Strategy = z.infer<typeof Strategy>;

/** `blueprint_v1`: what to test, as data. Costs and thresholds come from the policy bundle, never from here. */
export const Blueprint = z
  .strictObject({
    schema_version: z.literal('blueprint_v1'),
    name: z.string().min(1).max(120),
    rationale: z.string().min(1).max(4000),
    symbols: z
      .array(z.string().regex(/^[A-Z0-9._^-]{1,16}$/))
      .min(1)
      .max(8),
    frequency: z.literal('1d'),
    strategy: Strategy,
    train: Window,
    evaluation: Window,
  })
  .refine((b) => b.train.end < b.evaluation.start, { path: ['evaluation', 'start'], message: 'must be after train.end' });
export type Blueprint = z.infer<typeof Blueprint>;
