import * as z from 'zod';
import { IsoDate, Sha256, SnapshotId } from './ids.ts';

/** Largest CSV file accepted, in bytes. */
export const SNAPSHOT_MAX_BYTES = 50 * 1024 * 1024;

export const SymbolName = z.string().regex(/^[A-Z0-9._^-]{1,16}$/, 'a symbol is 1-16 upper-case letters, digits or ._^-');
export type SymbolName = z.infer<typeof SymbolName>;

/** `snapshot_v1`: manifest of immutable daily bars; the CSV lies under its own digest. */
export const Snapshot = z.strictObject({
  schema_version: z.literal('snapshot_v1'),
  snapshot_id: SnapshotId,
  /** Of the normalized CSV: the same bars have the same digest. */
  sha256: Sha256,
  bytes: z.int().min(1),
  rows: z.int().min(1),
  symbols: z.array(SymbolName).min(1),
  first: IsoDate,
  last: IsoDate,
  /** True where an `adjclose` column scaled the prices for splits and dividends. */
  adjusted: z.boolean(),
  source: z.string().max(500).nullable(),
});
export type Snapshot = z.infer<typeof Snapshot>;

/** One day of one symbol. Prices are positive and finite; volume is in units of the symbol. */
export type Bar = { symbol: string; date: string; open: number; high: number; low: number; close: number; volume: number };

export const snapshotManifestKey = (id: SnapshotId): string => `snapshots/${id}.json`;
export const snapshotDataKey = (sha256: Sha256): string => `snapshots/data/${sha256}.csv`;
