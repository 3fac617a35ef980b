import type { TelemetryFigures } from '../../../contracts/metrics.ts';
import type { TelemetryRow } from '../../../contracts/telemetry.ts';

/** What is known of a job that is measured. */
export type Measured = {
  job_id: string;
  created_at: string;
  /** How often it ended, and how many of these endings have rows. */
  endings: number;
  written: number;
  usage: TelemetryRow<'llm_usage_events'>[];
  efficiency: TelemetryRow<'token_efficiency_metrics'>[];
  phase6: TelemetryRow<'phase6_metrics'>[];
};

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const share = (part: number, rest: number): number | null => (part + rest === 0 ? null : part / (part + rest));
const count = (values: readonly boolean[]): number => values.filter(Boolean).length;

// Sums of binary fractions drift: a millionth of a cent is below any price.
const roundUsd = (usd: number): number => Math.round(usd * 1e8) / 1e8;

const modesOf = (rows: Measured['efficiency']): Record<string, number> => {
  const modes = rows.flatMap(({ budget_mode }) => budget_mode ?? []);
  return Object.fromEntries([...Map.groupBy(modes, (mode) => mode)].map(([mode, all]) => [mode, all.length]).toSorted());
};

/** The figures of several jobs together. Pure. */
export const figuresOf = (jobs: readonly Measured[]): TelemetryFigures => {
  const [usage, efficiency, phase6] = [
    jobs.flatMap((job) => job.usage),
    jobs.flatMap((job) => job.efficiency),
    jobs.flatMap((job) => job.phase6),
  ];
  const outcome = (wanted: string) => count(efficiency.map((row) => row.phase_outcome === wanted));
  const phases = { COMPLETE: outcome('COMPLETE'), FAILED: outcome('FAILED'), BLOCKED: outcome('BLOCKED') };
  const doctor_calls = count(usage.map((row) => row.is_doctor_call));
  const tokens = {
    prompt: sum(usage.map((row) => row.prompt_tokens)),
    completion: sum(usage.map((row) => row.completion_tokens)),
    context: sum(efficiency.map((row) => row.budget_used)),
    saved: sum(efficiency.map((row) => row.tokens_saved_artifacts)),
    doctor_avoided: sum(phase6.map((row) => row.doctor_tokens_avoided_estimate)),
  };
  const written = sum(jobs.map((job) => job.written));
  const hits = sum(efficiency.map((row) => row.embedding_cache_hits));
  return {
    phase_success_rate: share(phases.COMPLETE, phases.FAILED),
    token_efficiency: share(tokens.saved, tokens.context),
    telemetry_completeness: share(written, sum(jobs.map((job) => job.endings)) - written),
    doctor_avoidance_rate: share(count(phase6.map((row) => row.doctor_call_skipped)), doctor_calls),
    budget_mode_distribution: modesOf(efficiency),
    embedding_cache_hit_rate: share(hits, sum(efficiency.map((row) => row.embedding_calls))),
    ...{ phases, calls: usage.length, doctor_calls, tokens },
    cost_usd: roundUsd(sum(usage.map((row) => row.cost_usd))),
  };
};

/** The part of a job that one execution did. */
export const ofRun = (job: Measured, run_id: string): Measured => ({
  ...job,
  usage: job.usage.filter((row) => row.run_id === run_id),
  efficiency: job.efficiency.filter((row) => row.run_id === run_id),
  phase6: job.phase6.filter((row) => row.run_id === run_id),
});
