import {
  type CanaryResult,
  CRITERIA,
  CriterionId,
  type JudgedCriterion,
  type Limit,
  type Observation,
  type StageEvidence,
  type StageRules,
  stageMeaning,
} from '../../../contracts/rollout.ts';
import {
  capViolations,
  doctorAvoidance,
  duplicateRows,
  failedExtended,
  missingRows,
  overlappingRows,
  ranOutOfMemory,
  tokensSaved,
  unlistedSubstitutions,
} from './observation.ts';

export type Judged = {
  rollout: string;
  stage: number;
  rules: StageRules;
  /** Canaries that were planned: one that left no result has failed. */
  planned: number;
  observations: readonly Observation[];
  baseline: number | null;
  flags: Record<string, unknown>;
  at: string;
};

const rate = ({ planned, observations }: Pick<Judged, 'planned' | 'observations'>): number =>
  planned === 0 ? 0 : observations.filter(({ result }) => result.ok).length / planned;

const total = (observations: readonly Observation[], of: (one: Observation) => number): number =>
  observations.reduce((sum, one) => sum + of(one), 0);

/** Differences of binary fractions drift: 1 - 0.95 is more than 0.05. */
const rounded = (share: number): number => Math.round(share * 1e9) / 1e9;

/** How much of the baseline was lost; null without one. */
const dropOf = (judged: Judged): number | null =>
  judged.baseline === null || judged.baseline === 0 ? null : rounded(Math.max(0, (judged.baseline - rate(judged)) / judged.baseline));

/** What was found, per criterion; null where there is nothing to judge. */
const VALUES: { readonly [C in CriterionId]: (judged: Judged) => number | null } = {
  runs: ({ observations }) => observations.filter(({ result }) => result.status === 'DONE').length,
  success_rate: rate,
  success_drop: dropOf,
  missing_rows: ({ observations }) => total(observations, missingRows),
  duplicate_rows: ({ observations }) => total(observations, duplicateRows),
  overlapping_rows: ({ observations }) => total(observations, overlappingRows),
  cap_violations: ({ observations, stage }) => total(observations, (one) => capViolations(one, stageMeaning(stage).caps)),
  unlisted_substitutions: ({ observations }) => total(observations, unlistedSubstitutions),
  pack_failures: ({ observations, flags }) =>
    flags['history_pack'] === true ? total(observations, ({ without_pack }) => without_pack) : null,
  tokens_saved: ({ observations }) => tokensSaved(observations),
  extended_failures: ({ observations }) => observations.filter(failedExtended).length,
  out_of_memory: ({ observations }) => observations.filter(ranOutOfMemory).length,
  doctor_avoidance: ({ observations }) => doctorAvoidance(observations),
};

const beyond = (id: CriterionId, value: number, limit: number): boolean => (CRITERIA[id].at === 'most' ? value > limit : value < limit);

const verdictOf = (id: CriterionId, value: number | null, { warn, stop }: Limit): JudgedCriterion['verdict'] => {
  if (value === null) return 'not_applicable';
  if (beyond(id, value, stop)) return 'breached';
  return warn !== undefined && beyond(id, value, warn) ? 'warned' : 'met';
};

const NEEDS_BAD: readonly CriterionId[] = ['success_rate', 'success_drop', 'runs'];

/** Which canaries went wrong, where that is what the criterion counts. */
const detailOf = (id: CriterionId, observations: readonly Observation[]): string | null => {
  if (!NEEDS_BAD.includes(id)) return null;
  const bad = observations.map(({ result }) => result).filter(({ ok }) => !ok);
  return bad.length === 0
    ? null
    : bad
        .map(({ job_id, reason }) => `${job_id}: ${reason}`)
        .join('; ')
        .slice(0, 500);
};

const criterion = (id: CriterionId, limit: Limit, judged: Judged): JudgedCriterion => {
  const value = VALUES[id](judged);
  const verdict = verdictOf(id, value, limit);
  return { id, value, limit, verdict, detail: verdict === 'met' ? null : detailOf(id, judged.observations) };
};

/** Judges a stage by its rules: deterministic, and by nothing that a model wrote. */
export const judgeStage = (judged: Judged): StageEvidence => {
  const criteria = CriterionId.options.flatMap((id) => {
    const limit = judged.rules.limits[id];
    return limit ? [criterion(id, limit, judged)] : [];
  });
  const canaries: CanaryResult[] = judged.observations.map(({ result }) => result);
  return {
    schema_version: 'stage_evidence_v1',
    rollout: judged.rollout,
    stage: judged.stage,
    flags: judged.flags,
    canaries,
    success_rate: rate(judged),
    baseline: judged.baseline,
    criteria,
    verdict: criteria.some(({ verdict }) => verdict === 'breached') ? 'breached' : 'passed',
    at: judged.at,
  };
};

/** The criteria that stopped a stage, in words. */
export const breachWords = ({ stage, criteria }: StageEvidence): string =>
  `stage ${stage}: ${criteria
    .filter(({ verdict }) => verdict === 'breached')
    .map(({ id, value, limit, detail }) => `${id} is ${value}, the limit is ${limit.stop}${detail ? ` (${detail})` : ''}`)
    .join('; ')}`;
