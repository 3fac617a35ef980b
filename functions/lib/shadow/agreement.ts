import type { ShadowReport, ShadowRow } from '../../../contracts/shadow.ts';

export type Decision = Pick<ShadowRow, 'decision_id' | 'point' | 'deterministic'>;
export type Shadow = Pick<ShadowRow, 'decision_id' | 'shadow' | 'problem'>;

const MISSING = { shadow: null, problem: 'no shadow decision was made' } as const;

/** A decision beside its shadow. */
export const shadowRow = (decision: Decision, { shadow, problem }: Pick<Shadow, 'shadow' | 'problem'> = MISSING): ShadowRow => ({
  decision_id: decision.decision_id,
  point: decision.point,
  deterministic: decision.deterministic,
  shadow,
  problem: shadow === null ? (problem ?? MISSING.problem) : null,
  agrees: shadow === null ? null : shadow === decision.deterministic,
});

const countsOf = (rows: readonly ShadowRow[]) => {
  const compared = rows.filter(({ agrees }) => agrees !== null).length;
  const agreed = rows.filter(({ agrees }) => agrees === true).length;
  return { decisions: rows.length, compared, agreed, agreement: compared === 0 ? null : agreed / compared };
};

/**
 * Compares decisions with what a model would have decided (D5). Words must be the same to agree. Of several shadows of
 * one decision the first counts. A shadow that failed is neither agreement nor disagreement.
 */
export const agreement = (deterministic: readonly Decision[], shadows: readonly Shadow[]): ShadowReport => {
  const first = new Map(shadows.toReversed().map((shadow) => [shadow.decision_id, shadow]));
  const rows = deterministic.map((decision) => shadowRow(decision, first.get(decision.decision_id)));
  const known = new Set(deterministic.map(({ decision_id }) => decision_id));
  const points = [...Map.groupBy(rows, ({ point }) => point)].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return {
    schema_version: 'shadow_report_v1',
    ...countsOf(rows),
    by_point: Object.fromEntries(points.map(([point, group]) => [point, countsOf(group)])),
    rows,
    unmatched: [...first.keys()].filter((id) => !known.has(id)).toSorted(),
  };
};
