import * as z from 'zod';
import { MetricsView } from './http.ts';
import { JobId, RunId } from './ids.ts';

const share = z.number().min(0).max(1).nullable();
const count = z.int().min(0);

/** Figures of telemetry. A share of nothing is null. */
export const TelemetryFigures = z.strictObject({
  /** Phases that were COMPLETE, of those and the FAILED ones. What people or a guard held up counts as neither. */
  phase_success_rate: share,
  /** Tokens that were saved, of those and the ones that contexts took. */
  token_efficiency: share,
  /** Endings of measured jobs whose rows are written, of all their endings. */
  telemetry_completeness: share,
  /** Failures explained without the doctor, of those and the doctor's calls. */
  doctor_avoidance_rate: share,
  /** Contexts by how their documents were ranked. */
  budget_mode_distribution: z.record(z.string(), count),
  /** Embeddings that were in the cache, of those and the calls. */
  embedding_cache_hit_rate: share,
  phases: z.strictObject({ COMPLETE: count, FAILED: count, BLOCKED: count }),
  calls: count,
  doctor_calls: count,
  tokens: z.strictObject({ prompt: count, completion: count, context: count, saved: count, doctor_avoided: count }),
  cost_usd: z.number().min(0),
});
export type TelemetryFigures = z.infer<typeof TelemetryFigures>;

/** The jobs that were opened on one day. */
export const TelemetryDay = z.strictObject({ day: z.iso.date(), jobs: count, figures: TelemetryFigures });
export type TelemetryDay = z.infer<typeof TelemetryDay>;

/** Something that wants attention now: what is measured, from where on it is too much, and the page that helps. */
export const Alert = z.strictObject({
  name: z.string(),
  message: z.string(),
  value: z.number(),
  threshold: z.number(),
  runbook: z.string(),
});
export type Alert = z.infer<typeof Alert>;

/** `GET /metrics`: what the index tells, and what the newest measured jobs do. */
export const ServiceMetrics = z.strictObject({
  ...MetricsView.shape,
  alerts: z.array(Alert),
  ...TelemetryFigures.shape,
  telemetry: z.strictObject({
    /** Measured jobs that were looked at; false `complete`: there are more. */
    jobs: count,
    complete: z.boolean(),
    days: z.array(TelemetryDay),
  }),
});
export type ServiceMetrics = z.infer<typeof ServiceMetrics>;

/** `GET /metrics?run_id=`: one execution. */
export const RunMetrics = z.strictObject({ run_id: RunId, job_id: JobId, ...TelemetryFigures.shape });
export type RunMetrics = z.infer<typeof RunMetrics>;
