import type { Alert, ServiceMetrics } from '../../../contracts/metrics.ts';

type Rule = {
  name: string;
  runbook: string;
  /** What is measured; null where there is nothing to judge. */
  value: (metrics: Omit<ServiceMetrics, 'alerts'>) => number | null;
  threshold: number;
  /** Too much from the threshold on, or too little below it. */
  wrong: 'from' | 'below';
  says: (value: number, threshold: number) => string;
};

const DAY_S = 86_400;
/** Fewer phases or embeddings say nothing about a rate. */
const ENOUGH = 20;

const percent = (share: number): string => `${Math.floor(share * 1000) / 10} %`;
const phasesOf = ({ phases: { COMPLETE, FAILED } }: Pick<ServiceMetrics, 'phases'>): number => COMPLETE + FAILED;

/** What wants attention, as data. */
export const ALERT_RULES: readonly Rule[] = [
  {
    name: 'stalled_jobs',
    runbook: 'docs/runbooks/job-stuck-running.md',
    value: ({ stalled_count }) => stalled_count,
    ...{ threshold: 1, wrong: 'from' },
    says: (jobs) => `${jobs} running ${jobs === 1 ? 'job has' : 'jobs have'} shown no event for longer than any stage may take`,
  },
  {
    name: 'oldest_wait',
    runbook: 'docs/runbooks/approval-age.md',
    value: ({ waiting }) => waiting.oldest_s,
    ...{ threshold: DAY_S, wrong: 'from' },
    says: (seconds) => `a question has waited ${Math.floor(seconds / 3600)} hours for an answer`,
  },
  {
    name: 'telemetry_incomplete',
    runbook: 'docs/runbooks/telemetry-write-failed.md',
    value: ({ telemetry_completeness }) => telemetry_completeness,
    ...{ threshold: 1, wrong: 'below' },
    says: (share) => `only ${percent(share)} of what measured jobs did is in the telemetry tables`,
  },
  {
    name: 'phase_failures',
    runbook: 'docs/runbooks/executions-failed.md',
    value: (metrics) => (phasesOf(metrics) < ENOUGH ? null : metrics.phase_success_rate),
    ...{ threshold: 0.9, wrong: 'below' },
    says: (share) => `only ${percent(share)} of phases succeeded`,
  },
  {
    name: 'embedding_cache',
    runbook: 'docs/guide/telemetry.md',
    value: (metrics) => (metrics.telemetry.jobs < ENOUGH ? null : metrics.embedding_cache_hit_rate),
    ...{ threshold: 0.5, wrong: 'below' },
    says: (share) => `only ${percent(share)} of embeddings came from the cache`,
  },
];

/** The alerts that are open now. Pure. */
export const alertsOf = (metrics: Omit<ServiceMetrics, 'alerts'>): Alert[] =>
  ALERT_RULES.flatMap(({ name, runbook, value, threshold, wrong, says }) => {
    const found = value(metrics);
    if (found === null || (wrong === 'from' ? found < threshold : found >= threshold)) return [];
    return [{ name, message: `${says(found, threshold)}; see ${runbook}`, value: found, threshold, runbook }];
  });
