import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ContextPack } from '../../../contracts/context-pack.ts';
import { FLAGS } from '../../../contracts/flags.ts';
import type { Rollout } from '../../../contracts/job-spec.ts';
import {
  type CanaryResult,
  CriterionId,
  DEFAULT_ROLLOUT_RULES,
  type Observation,
  RolloutRules,
  STAGES,
  type StageRules,
} from '../../../contracts/rollout.ts';
import type { TelemetryRows } from '../../../contracts/telemetry.ts';
import { exampleSpec } from '../../../test/fixtures/market.ts';
import { identifyJob } from '../open-job.ts';
import { canaryActor, canarySpec, isCanary } from './canaries.ts';
import { flagsAfterRollback, flagsBefore, flagsOf, rollbackStage } from './flags.ts';
import { breachWords, judgeStage } from './judge.ts';

const ROLLOUT = '0123456789ab';
const rollout: Rollout = {
  schema_version: 'rollout_v1',
  target: { kind: 'features' },
  through: 3,
  canaries: [exampleSpec('idea-trend'), exampleSpec('blueprint-breakout')],
};

describe('canaries', () => {
  const idOf = (id: string, stage: number, index: number): string => {
    const identified = identifyJob(canarySpec(rollout, id, stage, index));
    return identified.ok ? identified.job.job_id : expect.fail(identified.problem);
  };

  it('take the specs in turn, each as a job of its own', () => {
    expect([0, 1, 2].map((index) => canarySpec(rollout, ROLLOUT, 1, index).kind)).toEqual(['idea', 'blueprint', 'idea']);
    const ids = [0, 1, 2, 3].flatMap((stage) => [0, 1, 2].map((index) => idOf(ROLLOUT, stage, index)));
    expect(new Set(ids).size).toBe(12);
  });

  it('of another rollout of the same target are other jobs, and of the same rollout the same ones', () => {
    expect(idOf('ba9876543210', 1, 0)).not.toBe(idOf(ROLLOUT, 1, 0));
    expect(idOf(ROLLOUT, 1, 0)).toBe(idOf(ROLLOUT, 1, 0));
    const [one, other] = [ROLLOUT, 'ba9876543210'].map((id) => canarySpec(rollout, id, 1, 0));
    expect(one?.run).not.toBe(other?.run);
  });

  it('are valid specs whatever the title', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 200, unit: 'grapheme' }), fc.nat(19), (title, index) => {
        const [spec] = rollout.canaries;
        if (!spec || title.length > 200) return;
        const canary = canarySpec({ ...rollout, canaries: [{ ...spec, title }] }, ROLLOUT, 3, index);
        expect(identifyJob(canary)).toMatchObject({ ok: true });
      }),
    );
  });

  it('are opened by nobody but a rollout: a person cannot call themselves one', () => {
    expect(isCanary(canaryActor(ROLLOUT))).toBe(true);
    expect(isCanary({ type: 'user', id: `rollout:${ROLLOUT}`, identity: 'local' })).toBe(false);
  });
});

describe('flags of a rollout', () => {
  const off = Object.fromEntries(Object.entries(FLAGS).map(([name, flag]) => [name, flag.default]));
  const now = { ...off, doctor_enabled: true, history_pack: true } as Parameters<typeof flagsBefore>[1];

  it('are those of the ladder, stage by stage, and none at stage 0', () => {
    expect(STAGES.map((_, stage) => Object.keys(flagsOf({ kind: 'features' }, stage)))).toEqual([
      [],
      ['telemetry'],
      ['telemetry', 'history_pack', 'document_substitution'],
      ['telemetry', 'history_pack', 'document_substitution', 'extended_contexts'],
    ]);
  });

  it('of any target are set with telemetry, by which its stages are judged', () => {
    const target = { kind: 'flags', set: { doctor_enabled: true } } as const;
    expect(flagsOf(target, 0)).toEqual({});
    expect(flagsOf(target, 2)).toEqual({ telemetry: true, doctor_enabled: true });
  });

  it('go back to stage 1 from beyond it, and to what they were from stage 1', () => {
    expect([0, 1, 2, 3].map(rollbackStage)).toEqual([0, 0, 1, 1]);
    const before = flagsBefore({ kind: 'features' }, now);
    expect(flagsAfterRollback({ kind: 'features' }, before, 0)).toEqual(before);
    expect(flagsAfterRollback({ kind: 'features' }, before, 1)).toEqual({
      telemetry: true,
      history_pack: false,
      document_substitution: false,
      extended_contexts: false,
    });
    const target = { kind: 'flags', set: { doctor_enabled: false } } as const;
    const found = flagsBefore(target, now);
    expect(flagsAfterRollback(target, found, 1)).toMatchObject({ telemetry: true, doctor_enabled: true });
  });
});

const rows = (phases: readonly string[], change: Partial<TelemetryRows> = {}): TelemetryRows => ({
  llm_usage_events: [],
  token_efficiency_metrics: phases.map((phase_id) => ({
    ...{ run_id: 'run-1', phase_id, phase_outcome: 'COMPLETE' as const, artifact_substitutions: 0, tokens_saved_artifacts: 0 },
    ...{ budget_mode: null, budget_used: 0, files_omitted: 0, embedding_cache_hits: 0, embedding_calls: 0 },
  })),
  phase6_metrics: [],
  token_budget_escalation_events: [],
  ...change,
});

const pack = (change: Partial<ContextPack> = {}): ContextPack => ({
  ...{
    schema_version: 'context_pack_v1',
    estimator: 'x',
    token_budget: 100,
    budget_used: 30,
    budget_mode: 'lexical',
    lexical_reason: null,
  },
  tokens: { intention: 0, history: 30, documents: 0 },
  pieces: [],
  history: { max_tiers: 5, max_phases: 10, tiers: 2, phases: 4, phases_omitted: 0 },
  ...{ artifact_substitutions: [], tokens_saved_artifacts: 0, tokens_saved_extended: 0, files_omitted: [] },
  ...{ embedding_calls: 0, embedding_cache_hits: 0, intention_context_injected: false, redactions: {} },
  ...change,
});

const PHASES = ['Intent:1', 'Compile:1'];
const result = (index: number, change: Partial<CanaryResult> = {}): CanaryResult => ({
  ...{ index, job_id: `00000000000${index}`, status: 'DONE', outcome: 'succeeded', ok: true, degraded: false, reason: null },
  ...{ seconds: 1, tokens: 10, usd: 0 },
  ...change,
});
const seen = (index: number, change: Partial<Observation> = {}): Observation => ({
  ...{ result: result(index), expected: rows(PHASES), written: rows(PHASES), packs: [], without_pack: 0, errors: [] },
  ...change,
});

const judge = (
  stage: number,
  observations: readonly Observation[],
  more: { baseline?: number | null; planned?: number; flags?: object } = {},
) =>
  judgeStage({
    ...{ rollout: ROLLOUT, stage, observations, planned: more.planned ?? observations.length, baseline: more.baseline ?? 1 },
    rules: DEFAULT_ROLLOUT_RULES.stages[stage] as StageRules,
    flags: { ...more.flags },
    at: '2026-01-05T10:00:00.000Z',
  });
const verdicts = (evidence: ReturnType<typeof judge>) => Object.fromEntries(evidence.criteria.map(({ id, verdict }) => [id, verdict]));
const three = (change: Partial<Observation> = {}) => [seen(0, change), seen(1), seen(2)];

describe('the judge of a stage', () => {
  it('passes canaries that all went well, and says of what does not apply that it does not', () => {
    const evidence = judge(3, three());
    expect(evidence.verdict).toBe('passed');
    expect(verdicts(evidence)).toMatchObject({
      runs: 'met',
      success_drop: 'met',
      tokens_saved: 'not_applicable',
      doctor_avoidance: 'not_applicable',
    });
  });

  it.each<[string, Partial<Observation>, CriterionId]>([
    ['a row is missing', { written: rows(['Intent:1']) }, 'missing_rows'],
    ['a row is there twice', { written: rows([...PHASES, 'Compile:1']) }, 'duplicate_rows'],
    ['a token is in two categories of a context', { packs: [pack({ budget_used: 31 })] }, 'overlapping_rows'],
    ['there is more history than the stage allows', { packs: [pack({ history: { ...pack().history, tiers: 11 } })] }, 'cap_violations'],
    [
      'a document is replaced that may not be',
      { packs: [pack({ artifact_substitutions: [{ path: 'README.md' as 'BUILD_LOG.md', kind: 'job', tokens_before: 9 }] })] },
      'unlisted_substitutions',
    ],
    ['a function ran out of memory', { errors: ['Runtime.OutOfMemory'] }, 'out_of_memory'],
  ])('stops where %s', (_, change, id) => {
    const evidence = judge(3, three(change));
    expect(evidence.verdict).toBe('breached');
    expect(verdicts(evidence)[id]).toBe('breached');
    expect(breachWords(evidence)).toContain(`${id} is `);
  });

  it('stops where the history pack is on and an agent was given none', () => {
    expect(judge(2, three({ without_pack: 1 }), { flags: { history_pack: true } }).verdict).toBe('breached');
    expect(verdicts(judge(2, three({ without_pack: 1 })))['pack_failures']).toBe('not_applicable');
  });

  it('wants tokens saved where a document was offered that may be replaced', () => {
    const offered = pack({ pieces: [{ kind: 'document', source: 'BUILD_LOG.md', text: 'x', tokens: 1, score: 1 }] });
    expect(verdicts(judge(2, three({ packs: [offered] })))['tokens_saved']).toBe('breached');
    const replaced = pack({
      artifact_substitutions: [{ path: 'BUILD_LOG.md', kind: 'job', tokens_before: 40 }],
      tokens_saved_artifacts: 10,
    });
    expect(verdicts(judge(2, three({ packs: [replaced] })))['tokens_saved']).toBe('met');
  });

  it('wants failures of a known pattern to need no doctor', () => {
    const metric = (doctor_call_skipped: boolean) => ({
      ...{ run_id: 'run-1', phase_id: 'Intent:1', failure_hardening_triggered: true, doctor_call_skipped },
      ...{ doctor_tokens_avoided_estimate: 1, intention_context_injected: false },
    });
    const written = (skipped: boolean) => rows(PHASES, { phase6_metrics: [metric(skipped)] });
    expect(verdicts(judge(3, three({ written: written(true) })))['doctor_avoidance']).toBe('met');
    expect(verdicts(judge(3, three({ written: written(false) })))['doctor_avoidance']).toBe('breached');
  });

  it('warns above 5 % and stops above 10 % of successes lost against the baseline', () => {
    const many = (bad: number) =>
      Array.from({ length: 100 }, (_, i) =>
        seen(i, { result: result(i % 10, i < bad ? { ok: false, outcome: 'error', reason: 'x' } : {}) }),
      );
    expect([5, 6, 10, 11].map((bad) => verdicts(judge(1, many(bad)))['success_drop'])).toEqual(['met', 'warned', 'warned', 'breached']);
    expect(judge(1, many(6)).verdict).toBe('passed');
  });

  it('counts a canary that left no result as failed', () => {
    expect(judge(1, [seen(0)], { planned: 2 })).toMatchObject({ success_rate: 0.5, verdict: 'breached' });
  });

  it('says of every canary that failed which it was and why', () => {
    const words = breachWords(
      judge(1, [seen(0, { result: result(0, { ok: false, outcome: 'stopped_llm_error', reason: 'STOPPED_LLM_ERROR' }) })]),
    );
    expect(words).toContain('000000000000: STOPPED_LLM_ERROR');
  });

  it('never passes what it would have stopped with fewer faults', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3 }), fc.nat(3), fc.nat(3), (stage, fewer, more) => {
        const faulty = (count: number) =>
          [0, 1, 2].map((i) => (i < count ? seen(i, { written: rows([]), result: result(i, { ok: false }) }) : seen(i)));
        const [low, high] = [Math.min(fewer, more), Math.max(fewer, more)];
        if (judge(stage, faulty(low)).verdict === 'breached') expect(judge(stage, faulty(high)).verdict).toBe('breached');
      }),
    );
  });
});

describe('the rules that are shipped', () => {
  it('judge every criterion somewhere, and are valid', () => {
    expect(RolloutRules.parse(DEFAULT_ROLLOUT_RULES)).toEqual(DEFAULT_ROLLOUT_RULES);
    const used = new Set(DEFAULT_ROLLOUT_RULES.stages.flatMap(({ limits }) => Object.keys(limits)));
    expect(used).toEqual(new Set(CriterionId.options));
  });
});
