import { expect, it } from 'vitest';
import { TELEMETRY_KEYS, TELEMETRY_TABLES } from './telemetry.ts';

const COLUMNS = {
  llm_usage_events:
    'run_id, job_id, phase_id, call_id, at, provider, model, role, prompt_tokens, completion_tokens, total_tokens, cost_usd, response_source, degraded, is_doctor_call, doctor_model, latency_ms',
  token_efficiency_metrics:
    'run_id, phase_id, phase_outcome, artifact_substitutions, tokens_saved_artifacts, budget_mode, budget_used, files_omitted, embedding_cache_hits, embedding_calls',
  phase6_metrics:
    'run_id, phase_id, failure_hardening_triggered, doctor_call_skipped, doctor_tokens_avoided_estimate, intention_context_injected',
  token_budget_escalation_events: 'run_id, phase_id, escalation_reason, new_budget_tokens, escalation_count, at',
};

it('the tables have the published columns and no other', () => {
  const columns = Object.fromEntries(Object.entries(TELEMETRY_TABLES).map(([table, { shape }]) => [table, Object.keys(shape).toSorted()]));
  const published = Object.fromEntries(Object.entries(COLUMNS).map(([table, names]) => [table, names.split(', ').toSorted()]));
  expect(columns).toEqual(published);
});

it('the columns that name a row are columns', () => {
  for (const [table, keys] of Object.entries(TELEMETRY_KEYS))
    for (const key of keys)
      expect(
        Object.entries(COLUMNS)
          .find(([name]) => name === table)?.[1]
          .split(', '),
      ).toContain(key);
});

it.each(['Intent', 'Intent:0', 'Intent:1:2', ':1', 'In tent:1'])('%j is no phase id', (phase_id) => {
  const { shape } = TELEMETRY_TABLES.phase6_metrics;
  expect(shape.phase_id.safeParse(phase_id).success).toBe(false);
  expect(shape.phase_id.safeParse('Intent:12').success).toBe(true);
});
