/** A question that people ask again and again. SQLite and Athena read the same text. */
export type NamedQuery = { title: string; sql: string };

const TOTAL_TOKENS = `SELECT run_id,
  COUNT(*) AS calls,
  SUM(prompt_tokens) AS prompt_tokens,
  SUM(completion_tokens) AS completion_tokens,
  SUM(total_tokens) AS total_tokens,
  SUM(cost_usd) AS cost_usd
FROM llm_usage_events
GROUP BY run_id
ORDER BY SUM(total_tokens) DESC, run_id`;

const DOCTOR_CALLS = `SELECT doctor_model,
  COUNT(*) AS calls,
  COUNT(DISTINCT run_id) AS runs,
  SUM(total_tokens) AS total_tokens,
  SUM(cost_usd) AS cost_usd
FROM llm_usage_events
WHERE is_doctor_call
GROUP BY doctor_model
ORDER BY COUNT(*) DESC, doctor_model`;

const SAVINGS = `WITH savings AS (
  SELECT run_id,
    SUM(artifact_substitutions) AS substitutions,
    SUM(tokens_saved_artifacts) AS tokens_saved,
    SUM(budget_used) AS tokens_used
  FROM token_efficiency_metrics
  GROUP BY run_id
)
SELECT run_id, substitutions, tokens_saved, tokens_used,
  CAST(tokens_saved AS DOUBLE) / NULLIF(tokens_saved + tokens_used, 0) AS share_saved
FROM savings
WHERE tokens_saved + tokens_used > 0
ORDER BY tokens_saved DESC, run_id`;

const BUDGET_MODES = `SELECT budget_mode,
  COUNT(*) AS phases,
  SUM(budget_used) AS tokens_used,
  SUM(files_omitted) AS files_omitted,
  SUM(embedding_calls) AS embedding_calls,
  SUM(embedding_cache_hits) AS embedding_cache_hits
FROM token_efficiency_metrics
WHERE budget_mode IS NOT NULL
GROUP BY budget_mode
ORDER BY COUNT(*) DESC, budget_mode`;

const HARDENING = `WITH hardened AS (
  SELECT COUNT(*) AS phases,
    SUM(CASE WHEN failure_hardening_triggered THEN 1 ELSE 0 END) AS failures_hardened,
    SUM(CASE WHEN doctor_call_skipped THEN 1 ELSE 0 END) AS doctor_calls_skipped,
    SUM(doctor_tokens_avoided_estimate) AS doctor_tokens_avoided
  FROM phase6_metrics
), doctor AS (
  SELECT COUNT(*) AS doctor_calls FROM llm_usage_events WHERE is_doctor_call
)
SELECT hardened.phases, hardened.failures_hardened, hardened.doctor_calls_skipped, hardened.doctor_tokens_avoided, doctor.doctor_calls,
  CAST(hardened.doctor_calls_skipped AS DOUBLE) / NULLIF(hardened.doctor_calls_skipped + doctor.doctor_calls, 0) AS avoidance_rate
FROM hardened CROSS JOIN doctor`;

/** By the name that the command line takes. */
export const NAMED_QUERIES: Readonly<Record<string, NamedQuery>> = {
  'total-tokens-per-run': { title: 'Total tokens per run', sql: TOTAL_TOKENS },
  'doctor-call-distribution': { title: 'Doctor call distribution', sql: DOCTOR_CALLS },
  'artifact-savings-per-run': { title: 'Artifact savings per run', sql: SAVINGS },
  'budget-mode-distribution': { title: 'Budget mode distribution', sql: BUDGET_MODES },
  'failure-hardening-effectiveness': { title: 'Failure-hardening effectiveness', sql: HARDENING },
};
