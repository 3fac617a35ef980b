import * as z from 'zod';
import { Strategy, Window } from './blueprint.ts';
import { IsoDate, PolicyBundleId, Sha256, SnapshotId } from './ids.ts';
import { PolicyBundle } from './policy-bundle.ts';
import { SymbolName } from './snapshot.ts';

/** A snapshot as a run pins it. */
export const PinnedSnapshot = z.strictObject({ snapshot_id: SnapshotId, sha256: Sha256, first: IsoDate, last: IsoDate });
export type PinnedSnapshot = z.infer<typeof PinnedSnapshot>;

/** A policy bundle by id, and the digest of its canonical JSON. */
export const PinnedPolicy = z.strictObject({ id: PolicyBundleId, sha256: Sha256 });
export type PinnedPolicy = z.infer<typeof PinnedPolicy>;

/**
 * `runspec_v1`: exactly what will run, as the approver signs it. It carries the whole policy bundle, so
 * that a run approved today uses today's costs and gates even when a later build ships others.
 */
export const RunSpec = z.strictObject({
  schema_version: z.literal('runspec_v1'),
  name: z.string().min(1).max(120),
  /** Upper-case, sorted, each once; capital is split equally and never moved between them. */
  symbols: z.array(SymbolName).min(1).max(8),
  frequency: z.literal('1d'),
  strategy: Strategy,
  /** The run goes from train.start to holdout.end without a break. */
  windows: z.strictObject({ train: Window, evaluation: Window, holdout: Window }),
  /** Bars per window, of the symbol that has the fewest. */
  bars: z.strictObject({ train: z.int().min(0), evaluation: z.int().min(0), holdout: z.int().min(0) }),
  /** Bars the indicators need, and bars the snapshot has before train.start. */
  warmup: z.strictObject({ needed: z.int().min(0), available: z.int().min(0) }),
  execution: z.strictObject({
    signal: z.literal('close'),
    fill: z.literal('next_open'),
    position: z.literal('long_or_flat'),
    sizing: z.literal('equal_weight'),
  }),
  blueprint_sha256: Sha256,
  snapshot: PinnedSnapshot,
  policy_bundle: PinnedPolicy,
  policy: PolicyBundle,
});
export type RunSpec = z.infer<typeof RunSpec>;
