import { describe, expect, it } from 'vitest';
import type { ContextPack } from '../../../contracts/context-pack.ts';
import type { EventDraft } from '../../../contracts/events.ts';
import { TELEMETRY_KEYS, TELEMETRY_TABLES, type TelemetryRows, type TelemetryTable } from '../../../contracts/telemetry.ts';
import { given, PERSON, submitted, waiting } from '../fold.fixture.ts';
import { walk } from './phases.ts';
import { packPaths, telemetryRows } from './rows.ts';
import { mixedJob } from './telemetry.fixture.ts';

const TABLES = Object.keys(TELEMETRY_TABLES) as TelemetryTable[];
const JOBS = Array.from({ length: 1000 }, (_, i) => mixedJob(`job ${i}`));

const keysOf = (sets: readonly TelemetryRows[], table: TelemetryTable): string[] =>
  sets.flatMap((rows): object[] => rows[table]).map((row) => TELEMETRY_KEYS[table].map((key) => String(Reflect.get(row, key))).join(' '));

const pack = (more: Partial<ContextPack> = {}): ContextPack => ({
  ...{
    schema_version: 'context_pack_v1',
    estimator: 'e',
    token_budget: 2000,
    budget_used: 30,
    budget_mode: 'lexical',
    lexical_reason: null,
  },
  ...{
    tokens: { intention: 10, history: 20, documents: 0 },
    pieces: [],
    artifact_substitutions: [{ path: 'BUILD_LOG.md', kind: 'job', tokens_before: 70 }],
  },
  ...{
    history: { max_tiers: 5, max_phases: 10, tiers: 1, phases: 1, phases_omitted: 0 },
    tokens_saved_artifacts: 50,
    tokens_saved_extended: 0,
  },
  ...{ files_omitted: [], embedding_calls: 2, embedding_cache_hits: 1, intention_context_injected: true, redactions: {} },
  ...more,
});

describe('of a thousand mixed jobs', () => {
  it('every phase has exactly one row per run and outcome, and no other phase has any', () => {
    for (const { events, phases } of JOBS) {
      const keys = keysOf(telemetryRows(events, new Map()), 'token_efficiency_metrics');
      expect(keys.toSorted()).toEqual([...phases].toSorted());
    }
  });

  it('there are jobs of every ending, redriven ones, raised budgets and phases of every outcome', () => {
    const statuses = new Set(
      JOBS.flatMap(({ events }) => events.flatMap(({ outputs }) => (typeof outputs['status'] === 'string' ? [outputs['status']] : []))),
    );
    expect([...statuses].toSorted()).toEqual([
      'cancelled',
      'error',
      'gates_failed',
      'rejected',
      'stopped_budget',
      'succeeded',
      'timed_out',
    ]);
    expect(JOBS.filter(({ endings }) => endings > 1).length).toBeGreaterThan(50);
    const sets = JOBS.flatMap(({ events }) => telemetryRows(events, new Map()));
    expect(sets.flatMap((rows) => rows.token_budget_escalation_events).length).toBeGreaterThan(20);
    expect(new Set(sets.flatMap((rows) => rows.token_efficiency_metrics.map((row) => row.phase_outcome))).size).toBe(3);
  });

  it('no row of any table is there twice, over all endings of a job', () => {
    for (const { events } of JOBS) {
      const sets = telemetryRows(events, new Map());
      for (const table of TABLES) expect(new Set(keysOf(sets, table)).size).toBe(keysOf(sets, table).length);
    }
  });

  it('every model call that the log lists is one row, and its tokens add up', () => {
    for (const { events, calls } of JOBS) {
      const sets = telemetryRows(events, new Map());
      expect(keysOf(sets, 'llm_usage_events').toSorted()).toEqual([...calls].toSorted());
      for (const row of sets.flatMap((rows) => rows.llm_usage_events))
        expect(row.prompt_tokens + row.completion_tokens).toBe(row.total_tokens);
    }
  });

  it('a phase has one phase6 row, and its failure was hardened where the pattern is known', () => {
    for (const { events, phases, hardened } of JOBS) {
      const rows = telemetryRows(events, new Map()).flatMap((set) => set.phase6_metrics);
      expect(rows).toHaveLength(new Set([...phases].map((phase) => phase.slice(0, phase.lastIndexOf(' ')))).size);
      const triggered = rows.filter((row) => row.failure_hardening_triggered);
      expect(triggered).toHaveLength(hardened);
      expect(triggered.every((row) => row.doctor_call_skipped && row.doctor_tokens_avoided_estimate > 0)).toBe(true);
    }
  });

  it('what an ending wrote is the same after the job went on', () => {
    for (const { events, endings } of JOBS.filter((job) => job.endings > 1)) {
      const ends = events.flatMap(({ event_type }, at) => (event_type === 'DONE' ? [at + 1] : []));
      const all = telemetryRows(events, new Map());
      for (let ending = 1; ending < endings; ending++)
        expect(telemetryRows(events.slice(0, ends[ending - 1]), new Map())).toEqual(all.slice(0, ending));
    }
  });
});

const opened = { ...waiting(), state: 'HoldIntentBudget', step: 'budget_escalation' };
const asked = (grant: number): EventDraft => ({
  ...opened,
  outputs: { ...opened.outputs, state: 'HoldIntentBudget', grant: { calls: 2, tokens: grant, nano_usd: 1 } },
});
const granted: EventDraft = {
  ...{ event_type: 'APPROVED', state: 'HoldIntentBudget', visit: 1, actor: PERSON, step: 'budget_escalation', message: 'worth it' },
  outputs: { state: 'HoldIntentBudget', visit: 1, subject_digest: opened.outputs?.['subject_digest'] },
};
const confirmed: EventDraft = {
  ...{ event_type: 'APPROVED', state: 'ConfirmLive', visit: 1, actor: { type: 'system', id: 'checkpoint', identity: 'none' } },
  outputs: { state: 'ConfirmLive', visit: 1, subject_digest: opened.outputs?.['subject_digest'], auto: true },
};
const drafted: EventDraft = {
  ...{
    event_type: 'BLUEPRINT_PROPOSED',
    state: 'Intent',
    visit: 1,
    kind: 'result',
    actor: { type: 'stage', id: 'Intent', identity: 'none' },
  },
  outputs: { result: { artifacts: [{ name: 'intent_context' }], facts: {}, route: {} } },
};
const cancelled: EventDraft = {
  ...{
    event_type: 'DONE',
    state: 'Control',
    visit: 1,
    actor: { type: 'system', id: 'cancel', identity: 'none' },
    outputs: { status: 'cancelled' },
  },
};

it('a raised budget is a row of the phase whose call it did not cover, numbered per execution', () => {
  const events = given(submitted, confirmed, asked(500), granted, drafted, cancelled);
  expect(telemetryRows(events, new Map())[0]?.token_budget_escalation_events).toEqual([
    {
      ...{ run_id: 'run-1', phase_id: 'Intent:1', new_budget_tokens: 500, escalation_count: 1, at: '2026-01-01T00:00:00.000Z' },
      escalation_reason: 'the budget did not cover the next model call; raised by ann: worth it',
    },
  ]);
});

it('a context counts once, with the outcome that its phase had in the end', () => {
  const events = given(submitted, confirmed, asked(500), granted, drafted, cancelled);
  expect([...packPaths(events)]).toEqual([['Intent:1', 'outputs/agents/intent/1/context_pack.json']]);
  const [rows] = telemetryRows(events, new Map([['Intent:1', pack()]]));
  const intent = rows?.token_efficiency_metrics.filter(({ phase_id }) => phase_id === 'Intent:1');
  expect(
    intent?.map(({ phase_outcome, budget_used, tokens_saved_artifacts }) => [phase_outcome, budget_used, tokens_saved_artifacts]),
  ).toEqual([
    ['BLOCKED', 0, 0],
    ['COMPLETE', 30, 50],
  ]);
  expect(rows?.phase6_metrics.filter((row) => row.intention_context_injected).map(({ phase_id }) => phase_id)).toEqual(['Intent:1']);
});

it('a context is not looked for where the log says that the phase built none', () => {
  const plain = { ...drafted, outputs: { result: { artifacts: [{ name: 'intent_output' }], facts: {}, route: {} } } };
  expect(packPaths(given(submitted, confirmed, plain, cancelled)).size).toBe(0);
});

it('a job that goes on has no rows of what comes after its last ending', () => {
  expect(telemetryRows(given(submitted, confirmed, drafted), new Map())).toEqual([]);
  expect(walk(given(submitted, confirmed)).endings).toBe(0);
});
