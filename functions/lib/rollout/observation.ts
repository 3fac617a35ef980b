import type { ContextPack } from '../../../contracts/context-pack.ts';
import { SUBSTITUTABLE } from '../../../contracts/context-pack.ts';
import type { Observation } from '../../../contracts/rollout.ts';
import { TELEMETRY_KEYS, type TelemetryRows, type TelemetryTable } from '../../../contracts/telemetry.ts';

const TABLES: readonly TelemetryTable[] = [
  'llm_usage_events',
  'token_efficiency_metrics',
  'phase6_metrics',
  'token_budget_escalation_events',
];

const names = (rows: TelemetryRows, table: TelemetryTable): string[] =>
  rows[table].map((row) => JSON.stringify(TELEMETRY_KEYS[table].map((column) => Reflect.get(row, column))));

const sum = <T>(items: readonly T[], of: (item: T) => number): number => items.reduce((total, item) => total + of(item), 0);

export const missingRows = ({ expected, written }: Observation): number =>
  sum(TABLES, (table) => {
    const there = new Set(names(written, table));
    return names(expected, table).filter((name) => !there.has(name)).length;
  });

export const duplicateRows = ({ written }: Observation): number =>
  sum(TABLES, (table) => {
    const all = names(written, table);
    return all.length - new Set(all).size;
  });

/** A call's total is prompt and completion; a context's is its parts. More than that counts a token twice. */
export const overlappingRows = ({ written, packs }: Observation): number =>
  written.llm_usage_events.filter((row) => row.total_tokens !== row.prompt_tokens + row.completion_tokens).length +
  packs.filter(({ tokens, budget_used }) => tokens.intention + tokens.history + tokens.documents !== budget_used).length;

export const capViolations = ({ packs }: Observation, caps: { tiers: number; phases: number } | null): number => {
  const { tiers, phases } = caps ?? { tiers: 0, phases: 0 };
  return packs.filter(({ history }) => history.tiers > tiers || history.phases > phases).length;
};

const LISTED: readonly string[] = SUBSTITUTABLE;

export const unlistedSubstitutions = ({ packs }: Observation): number =>
  sum(packs, ({ artifact_substitutions }) => artifact_substitutions.filter(({ path }) => !LISTED.includes(path)).length);

/** Tokens saved; null where no document was offered that the history pack may stand in for. */
export const tokensSaved = (observations: readonly Observation[]): number | null => {
  const offered = observations.flatMap(({ packs }) => packs).filter((pack) => substitutable(pack) > 0);
  return offered.length === 0 ? null : sum(offered, ({ tokens_saved_artifacts }) => tokens_saved_artifacts);
};

const substitutable = ({ artifact_substitutions, pieces, files_omitted }: ContextPack): number =>
  artifact_substitutions.length +
  pieces.filter(({ kind, source }) => kind === 'document' && LISTED.includes(source)).length +
  files_omitted.filter(({ path }) => LISTED.includes(path)).length;

/** Outcomes of a canary that its agents' work decided. */
const AGENTS_FAILED: readonly string[] = ['stopped_llm_error', 'stopped_budget', 'cancelled', 'error'];

/** A canary that failed after an agent was shown documents from beyond its job. */
export const failedExtended = ({ result, packs }: Observation): boolean =>
  !result.ok && AGENTS_FAILED.includes(result.outcome ?? '') && packs.some(({ pieces }) => pieces.some(({ kind }) => kind === 'document'));

/** What Lambda says of a function that it ended for its memory. */
const OUT_OF_MEMORY = /^Runtime\.(OutOfMemory|ExitError)$/;

export const ranOutOfMemory = ({ errors }: Observation): boolean => errors.some((name) => OUT_OF_MEMORY.test(name));

/** Share of hardened failures that took no call of the doctor; null where nothing failed so. */
export const doctorAvoidance = (observations: readonly Observation[]): number | null => {
  const hardened = observations.flatMap(({ written }) => written.phase6_metrics).filter((row) => row.failure_hardening_triggered);
  return hardened.length === 0 ? null : hardened.filter((row) => row.doctor_call_skipped).length / hardened.length;
};
