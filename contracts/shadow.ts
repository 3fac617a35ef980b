import * as z from 'zod';

const share = z.number().min(0).max(1).nullable();
const counts = {
  decisions: z.int().min(0),
  /** Decisions that have a shadow of their own. */
  compared: z.int().min(0),
  agreed: z.int().min(0),
  /** `agreed` of `compared`; null where nothing was compared. */
  agreement: share,
};

/** One decision, and what a model would have decided. `deterministic` is the one that held. */
export const ShadowRow = z.strictObject({
  /** State and visit, or another name that is unique in a report. */
  decision_id: z.string().min(1),
  /** Which kind of decision: `gates`, say. */
  point: z.string().min(1),
  deterministic: z.string(),
  /** Null where the shadow gave none. */
  shadow: z.string().nullable(),
  /** Why there is no shadow decision; null where there is one. */
  problem: z.string().nullable(),
  /** Null where nothing can be compared. */
  agrees: z.boolean().nullable(),
});
export type ShadowRow = z.infer<typeof ShadowRow>;

/** `shadow_report_v1`: how often a model would have decided as the code did. Nothing routes on it. */
export const ShadowReport = z.strictObject({
  schema_version: z.literal('shadow_report_v1'),
  ...counts,
  by_point: z.record(z.string(), z.strictObject(counts)),
  rows: z.array(ShadowRow),
  /** Shadow decisions for which there is no decision. */
  unmatched: z.array(z.string()),
});
export type ShadowReport = z.infer<typeof ShadowReport>;

/** What an event says of a shadow report: how many of its decisions could be compared, and how many agree. */
export const ShadowCount = z.object({ decisions: z.int().min(0), compared: z.int().min(0), agreed: z.int().min(0) });
export type ShadowCount = z.infer<typeof ShadowCount>;

/** `role` of a shadow's calls. */
export const SHADOW_ROLE = 'shadow';
