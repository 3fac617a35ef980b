import { expect, test } from 'vitest';
import type { LlmUsageEvent } from '../../../contracts/agent-evidence.ts';
import { closeBooks } from './books.ts';
import { usageReport, usageRows } from './usage.ts';

const row = (id: string, more: Partial<LlmUsageEvent> = {}): LlmUsageEvent => ({
  run_id: 'run-1',
  job_id: '0123456789ab',
  phase_id: 'Intent:1',
  call_id: id.padStart(24, '0'),
  at: '2026-01-05T09:00:00.000Z',
  provider: 'fixture',
  model: 'hand-written',
  role: 'intent',
  prompt_tokens: 10,
  completion_tokens: 5,
  total_tokens: 15,
  cost_usd: 0.1,
  response_source: 'replay',
  degraded: false,
  is_doctor_call: false,
  doctor_model: null,
  latency_ms: 0,
  ...more,
});

test('a call listed twice is one row, and rows are in order of time', () => {
  const late = row('1', { at: '2026-01-05T09:00:01.000Z' });
  expect(usageRows([late, row('2'), late]).map((r) => r.call_id)).toEqual([row('2').call_id, row('1').call_id]);
});

test('a row of another shape fails loudly', () => {
  expect(() => usageRows([{ ...row('1'), tokens: 1 }])).toThrow('llm_usage_event_v1');
});

test('the report sums by agent, model and source, without drift', () => {
  const rows = [row('1'), row('2', { role: 'report', degraded: true, cost_usd: 0.2 }), row('3', { response_source: 'live' })];
  const report = usageReport('0123456789ab', rows);
  expect(report.total).toEqual({ calls: 3, degraded_calls: 1, prompt_tokens: 30, completion_tokens: 15, total_tokens: 45, cost_usd: 0.4 });
  expect(report.by_agent['report']).toMatchObject({ calls: 1, cost_usd: 0.2 });
  expect(Object.keys(report.by_source)).toEqual(['live', 'replay']);
  expect(report.by_model['fixture/hand-written']?.calls).toBe(3);
});

test('a job without calls has empty books, not absent ones', () => {
  const [events, report] = closeBooks({ job_id: '0123456789ab', calls: [] });
  expect(events?.body).toBe('');
  expect(JSON.parse(report?.body ?? '')).toMatchObject({ schema_version: 'llm_usage_report_v1', total: { calls: 0, cost_usd: 0 } });
});
