import { describe, expect, it } from 'vitest';
import type { ContextPack } from '../../../contracts/context-pack.ts';
import { RunMetrics, ServiceMetrics } from '../../../contracts/metrics.ts';
import type { Telemetry } from '../../../contracts/ports.ts';
import { telemetryKey } from '../../../contracts/telemetry-layout.ts';
import { waiting } from '../../lib/fold.fixture.ts';
import { telemetryRows } from '../../lib/telemetry/rows.ts';
import { mixedJob } from '../../lib/telemetry/telemetry.fixture.ts';
import { createWeb } from '../app.ts';
import { emptyMemory, memoryDeps } from '../testing.ts';
import { ALERT_RULES, alertsOf } from './alerts.ts';
import { figuresOf } from './figures.ts';

const PACK = {
  ...{ artifact_substitutions: [1], tokens_saved_artifacts: 300, budget_used: 100, budget_mode: 'semantic', files_omitted: [] },
  ...{ embedding_cache_hits: 3, embedding_calls: 1, intention_context_injected: true },
} as unknown as ContextPack;

/** Jobs made up, their logs and their rows as they lie in the bucket. */
const service = (seeds: readonly string[]) => {
  const memory = emptyMemory();
  const rows = new Map<string, unknown[]>();
  let reads = 0;
  for (const seed of seeds) {
    const { events } = mixedJob(seed);
    const full = events.map((event) =>
      event.event_type === 'WAITING_APPROVAL' ? { ...event, outputs: { ...waiting().outputs, ...event.outputs } } : event,
    );
    const [first] = full;
    if (!first) continue;
    memory.logs.set(first.job_id, full);
    for (const [i, set] of telemetryRows(full, new Map([['Intent:1', PACK]])).entries())
      for (const [table, all] of Object.entries(set)) rows.set(telemetryKey(table as 'phase6_metrics', first.job_id, first.at, i + 1), all);
  }
  const telemetry = {
    rows: async ({ key }: { key: string }) => {
      reads += 1;
      return rows.get(key) ?? [];
    },
  } as unknown as Pick<Telemetry, 'rows'>;
  const web = createWeb({ ...memoryDeps(memory), telemetry });
  const get = async (path: string, accept = 'application/json') => web.request(path, { headers: { accept } });
  return { get, rows, reads: () => reads };
};

const SEEDS = Array.from({ length: 25 }, (_, i) => `metrics ${i}`);
const { get, rows } = service(SEEDS);
const metrics = ServiceMetrics.parse(await (await get('/metrics')).json());
const all = (table: string): Record<string, unknown>[] =>
  [...rows].flatMap(([key, found]) => (key.startsWith(`${table}/`) ? (found as Record<string, unknown>[]) : []));

describe('the figures of telemetry', () => {
  it('are shares of the rows of all measured jobs that ended', () => {
    const outcomes = all('token_efficiency_metrics').map((row) => row['phase_outcome']);
    const of = (wanted: string) => outcomes.filter((outcome) => outcome === wanted).length;
    expect(metrics.phases).toEqual({ COMPLETE: of('COMPLETE'), FAILED: of('FAILED'), BLOCKED: of('BLOCKED') });
    expect(metrics.phase_success_rate).toBeCloseTo(of('COMPLETE') / (of('COMPLETE') + of('FAILED')));
    expect(metrics).toMatchObject({ telemetry_completeness: 1, token_efficiency: 0.75, embedding_cache_hit_rate: 0.75 });
    expect(metrics.budget_mode_distribution).toEqual({
      semantic: all('token_efficiency_metrics').filter((row) => row['budget_mode']).length,
    });
    expect(metrics.calls).toBe(all('llm_usage_events').length);
    expect(metrics.telemetry.days.reduce((sum, { jobs }) => sum + jobs, 0)).toBe(metrics.telemetry.jobs);
  });

  it('of nothing are null, never zero', () => {
    expect(figuresOf([])).toMatchObject({
      phase_success_rate: null,
      token_efficiency: null,
      telemetry_completeness: null,
      doctor_avoidance_rate: null,
    });
  });

  it('miss what is not written: telemetry is complete only with the rows of every ending', async () => {
    const { get: ask, rows: stored } = service(SEEDS);
    const lost = [...stored.keys()].find((key) => key.startsWith('token_efficiency_metrics/')) ?? '';
    stored.delete(lost);
    const endings = [...rows.keys()].filter((key) => key.startsWith('token_efficiency_metrics/')).length;
    const { telemetry_completeness, alerts } = ServiceMetrics.parse(await (await ask('/metrics')).json());
    expect(telemetry_completeness).toBeCloseTo((endings - 1) / endings);
    expect(alerts.find(({ name }) => name === 'telemetry_incomplete')).toMatchObject({
      threshold: 1,
      runbook: 'docs/runbooks/telemetry-write-failed.md',
    });
  });

  it('of one execution are those of its own rows, and an execution without rows is not found', async () => {
    const run_id = String(all('token_efficiency_metrics')[0]?.['run_id']);
    const run = RunMetrics.parse(await (await get(`/metrics?run_id=${run_id}`)).json());
    const own = all('token_efficiency_metrics').filter((row) => row['run_id'] === run_id);
    expect(run.phases.COMPLETE + run.phases.FAILED + run.phases.BLOCKED).toBe(own.length);
    expect((await get('/metrics?run_id=job-000000000000-1')).status).toBe(404);
    expect((await get('/metrics?run_id=../x')).status).toBe(400);
  });

  it('read a stored object once, however often somebody looks', async () => {
    const { get: ask, reads } = service(SEEDS.slice(0, 3));
    await ask('/metrics');
    const first = reads();
    for (let time = 0; time < 3; time++) await ask('/metrics');
    expect(reads()).toBe(first);
  });

  it('are lines of the text that Prometheus reads', async () => {
    const text = await (await get('/metrics', 'text/plain')).text();
    expect(text).toContain('holdpoint_telemetry_completeness 1\n');
    expect(text).toContain('holdpoint_contexts{budget_mode="semantic"} ');
    for (const line of text.trimEnd().split('\n')) expect(line).toMatch(/^(#|[a-z_0-9]+(\{[a-z_]+="[^"]*"\})? -?[0-9.e+-]+$)/);
  });

  it('are drawn over days, with the same numbers as a table', async () => {
    const page = await (await get('/ui/metrics', 'text/html')).text();
    for (const title of [
      'Phases that succeeded, in %, by day',
      'Phases by outcome, in phases, by day',
      'Tokens of model calls, in tokens, by day',
    ])
      expect(page).toContain(title);
    expect(page).toContain(`<th scope="row">${metrics.telemetry.days[0]?.day}</th>`);
  });
});

describe('an alert', () => {
  it('is open from its threshold on, says the value, and names a page that exists', async () => {
    const { existsSync } = await import('node:fs');
    for (const { runbook } of ALERT_RULES) expect(existsSync(new URL(`../../../${runbook}`, import.meta.url)), runbook).toBe(true);
    expect(alertsOf({ ...metrics, stalled_count: 0, waiting: { ...metrics.waiting, oldest_s: 86_399 } }).map(({ name }) => name)).toEqual(
      [],
    );
    const open = alertsOf({
      ...metrics,
      stalled_count: 2,
      waiting: { ...metrics.waiting, oldest_s: 86_400 },
      embedding_cache_hit_rate: 0.4,
    });
    expect(open.map(({ name, value }) => [name, value])).toEqual([
      ['stalled_jobs', 2],
      ['oldest_wait', 86_400],
      ['embedding_cache', 0.4],
    ]);
  });
});
