import * as z from 'zod';
import { type LlmCall, LlmUsageEvent, type LlmUsageReport, type UsageTotals } from '../../../contracts/agent-evidence.ts';
import { UnreadableDocument } from '../../../contracts/errors.ts';
import type { Usage } from '../../../contracts/llm.ts';

/** The table row of a call; null for a call that got no answer. */
export const usageEvent = (call: LlmCall): LlmUsageEvent | null =>
  call.answer && {
    run_id: call.run_id,
    job_id: call.job_id,
    phase_id: `${call.state}:${call.visit}`,
    call_id: call.call_id,
    at: call.at,
    provider: call.answer.labels.provider,
    model: call.answer.labels.model,
    role: call.agent,
    ...call.answer.usage,
    cost_usd: call.answer.cost_usd,
    response_source: call.answer.labels.response_source,
    degraded: call.answer.labels.degraded,
    is_doctor_call: false,
    doctor_model: null,
    latency_ms: call.answer.latency_ms,
  };

/**
 * Rows out of what events list as `outputs.calls`: each call once, oldest first. Throws
 * `UnreadableDocument` for a row of another shape.
 */
export const usageRows = (calls: readonly unknown[]): LlmUsageEvent[] => {
  const parsed = z.array(LlmUsageEvent).safeParse(calls);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new UnreadableDocument(
      `a model call in the log is not llm_usage_event_v1: /${issue?.path.map(String).join('/')} ${issue?.message}`,
    );
  }
  const byId = new Map(parsed.data.map((row) => [row.call_id, row]));
  return [...byId.values()].sort((a, b) => (a.at === b.at ? (a.call_id < b.call_id ? -1 : 1) : a.at < b.at ? -1 : 1));
};

const NOTHING: UsageTotals = { calls: 0, degraded_calls: 0, prompt_tokens: 0, completion_tokens: 0, total_tokens: 0, cost_usd: 0 };

// Sums of binary fractions drift: a millionth of a cent is below any price.
const roundUsd = (usd: number): number => Math.round(usd * 1e8) / 1e8;

const add = (sum: UsageTotals, row: LlmUsageEvent): UsageTotals => ({
  calls: sum.calls + 1,
  degraded_calls: sum.degraded_calls + (row.degraded ? 1 : 0),
  prompt_tokens: sum.prompt_tokens + row.prompt_tokens,
  completion_tokens: sum.completion_tokens + row.completion_tokens,
  total_tokens: sum.total_tokens + row.total_tokens,
  cost_usd: roundUsd(sum.cost_usd + row.cost_usd),
});

/** Tokens of several calls. */
export const sumUsage = (rows: readonly Usage[]): Usage => ({
  prompt_tokens: rows.reduce((sum, row) => sum + row.prompt_tokens, 0),
  completion_tokens: rows.reduce((sum, row) => sum + row.completion_tokens, 0),
  total_tokens: rows.reduce((sum, row) => sum + row.total_tokens, 0),
});

const totals = (rows: readonly LlmUsageEvent[]): UsageTotals => rows.reduce(add, NOTHING);

const totalsBy = (rows: readonly LlmUsageEvent[], name: (row: LlmUsageEvent) => string): Record<string, UsageTotals> => {
  const groups = Map.groupBy(rows, name);
  return Object.fromEntries(
    [...groups].map(([key, group]): [string, UsageTotals] => [key, totals(group)]).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
};

/** `llm_usage_report_v1` of a job's rows. */
export const usageReport = (jobId: string, rows: readonly LlmUsageEvent[]): LlmUsageReport => ({
  schema_version: 'llm_usage_report_v1',
  job_id: jobId,
  total: totals(rows),
  by_agent: totalsBy(rows, (row) => row.role),
  by_model: totalsBy(rows, (row) => `${row.provider}/${row.model}`),
  by_source: totalsBy(rows, (row) => row.response_source),
});
