import type { ServiceMetrics } from '../../../contracts/metrics.ts';
import { gauge, labelled, one } from './metrics.ts';

/** Figures of telemetry in the text format of Prometheus; what has no value has no line. */
export const telemetryText = (metrics: ServiceMetrics): string =>
  [
    gauge('holdpoint_phase_success_rate', 'Phases that were complete, of those and the failed ones.', one(metrics.phase_success_rate)),
    gauge('holdpoint_token_efficiency', 'Tokens saved, of those and the ones that contexts took.', one(metrics.token_efficiency)),
    gauge('holdpoint_telemetry_completeness', 'Endings of measured jobs whose rows are written.', one(metrics.telemetry_completeness)),
    gauge('holdpoint_doctor_avoidance_rate', 'Failures explained without the doctor.', one(metrics.doctor_avoidance_rate)),
    gauge('holdpoint_embedding_cache_hit_rate', 'Embeddings that were in the cache.', one(metrics.embedding_cache_hit_rate)),
    gauge('holdpoint_contexts', 'Contexts of measured jobs by budget mode.', labelled('budget_mode', metrics.budget_mode_distribution)),
    gauge('holdpoint_phases', 'Phases of measured jobs by outcome.', labelled('outcome', metrics.phases)),
    gauge('holdpoint_tokens', 'Tokens of measured jobs: asked, answered, of contexts, and saved.', labelled('kind', metrics.tokens)),
    gauge('holdpoint_measured_jobs', 'Measured jobs that these figures are of: the newest.', one(metrics.telemetry.jobs)),
    gauge('holdpoint_alert', 'Open alerts.', labelled('name', Object.fromEntries(metrics.alerts.map(({ name }) => [name, 1])))),
  ].join('');
