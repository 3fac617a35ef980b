import { describe, expect, test } from 'vitest';
import type { CanaryResult, StageEvidence } from '../../../../contracts/rollout.ts';
import { RolloutList } from '../../../../contracts/rollout-http.ts';
import rolloutMachine from '../../../../statemachines/rollout.asl.json' with { type: 'json' };
import { fold } from '../../../lib/fold.ts';
import { createWeb } from '../../app.ts';
import { flowMap } from '../../model/flow-map.ts';
import { progress } from '../../model/progress.ts';
import { ALICE, emptyMemory, type Memory, memoryDeps, Story } from '../../testing.ts';

const ID = 'abcabcabcabc';
const GOOD = 'dddddddddddd';
const BAD = 'eeeeeeeeeeee';

const canary = (index: number, job_id: string, changes: Partial<CanaryResult> = {}): CanaryResult => ({
  ...{ index, job_id, status: 'DONE', outcome: 'succeeded', ok: true, degraded: false, reason: null },
  ...{ seconds: 12.5, tokens: 3000, usd: 0, ...changes },
});
const evidenceOf = (stage: number, canaries: CanaryResult[], criteria: StageEvidence['criteria']): StageEvidence => ({
  ...{ schema_version: 'stage_evidence_v1', rollout: ID, stage, flags: { telemetry: true }, canaries, baseline: stage === 0 ? null : 1 },
  ...{ success_rate: canaries.filter(({ ok }) => ok).length / canaries.length, criteria, at: '2026-01-10T11:00:00.000Z' },
  verdict: criteria.some(({ verdict }) => verdict === 'breached') ? 'breached' : 'passed',
});

/** A rollout, a step at a time. */
const climbing = (memory: Memory, id = ID) => {
  const outputs = { title: 'Bring it in', kind: 'rollout', run: 1, spec_digest: 'a'.repeat(64), mode: 'replay' };
  const target = { kind: 'flags', set: { intention_context: true } };
  const story = new Story(memory, id).add(
    { event_type: 'ROLLOUT_SUBMITTED', state: 'RolloutIntake', actor: ALICE, outputs: { ...outputs, target, through: 2 } },
    60,
  );
  const enter = (stage: number) =>
    story.did('ROLLOUT_STAGE_SET', 'EnterStage', [], { stage, flags: { telemetry: true }, canaries: 2, before: { telemetry: false } }, 50);
  const ended = (stage: number, result: CanaryResult) => story.did('CANARY_COMPLETED', 'Canary', [], { stage, canary: result }, 45);
  const judged = (evidence: StageEvidence) =>
    story.did('STAGE_EVALUATED', 'Evaluate', [], { stage: evidence.stage, verdict: evidence.verdict, evidence }, 40);
  return { story, enter, ended, judged };
};
const MET: StageEvidence['criteria'] = [{ id: 'runs', value: 1, limit: { stop: 1 }, verdict: 'met', detail: null }];
const BREACHED: StageEvidence['criteria'] = [
  ...MET,
  { id: 'success_drop', value: 0.5, limit: { warn: 0.05, stop: 0.1 }, verdict: 'breached', detail: `${BAD}: it failed` },
  { id: 'tokens_saved', value: null, limit: { stop: 1 }, verdict: 'not_applicable', detail: null },
];

const page = async (memory: Memory, path = '/ui/rollout', overrides = {}) => {
  const answer = await createWeb(memoryDeps(memory, overrides)).request(path, { headers: { accept: 'text/html' } });
  return answer.text();
};
const text = (html: string): string => html.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');

describe('the rollout page', () => {
  test('without a rollout says how to start one', async () => {
    expect(text(await page(emptyMemory()))).toMatch(/No rollout yet .* rollout start/);
  });

  test('shows the ladder, what waits and the way to its decision', async () => {
    const memory = emptyMemory();
    const { story, enter, ended, judged } = climbing(memory);
    enter(0);
    ended(0, canary(0, GOOD));
    judged(evidenceOf(0, [canary(0, GOOD)], MET));
    story.waits('stage_1', 'HoldStage1', [], 30);
    const shown = await page(memory);
    expect(text(shown)).toContain('0 validation passed 1 of 2 canaries succeeded 1 telemetry waits for a person 2 history pack ahead');
    expect(text(shown)).toContain('Enter stage 1 (telemetry)?');
    expect(shown).toContain(`href="/ui/jobs/${ID}#decision"`);
    expect(shown).toContain(`href="/ui/jobs/${GOOD}"`);
  });

  test('says of each criterion what it means, what was found and whether it is met, the breached first', async () => {
    const memory = emptyMemory();
    const { enter, ended, judged, story } = climbing(memory);
    enter(0);
    judged(evidenceOf(0, [canary(0, GOOD)], MET));
    enter(1);
    const bad = canary(1, BAD, { outcome: 'error', ok: false, reason: 'it failed' });
    ended(1, canary(0, GOOD));
    ended(1, bad);
    judged(evidenceOf(1, [canary(0, GOOD), bad], BREACHED));
    const outputs = { reason: 'CRITERIA_BREACHED', from_stage: 1, to_stage: 0, flags: { telemetry: false } };
    story.add({ event_type: 'ROLLED_BACK', state: 'Rollback', actor: ALICE, message: 'success_drop is 0.5', outputs }, 20);
    story.did('DONE', 'Rollback', [], { status: 'rolled_back' }, 19);
    const shown = text(await page(memory));
    expect(shown).toContain('success drop Success rate below that of the baseline, as a share of it');
    expect(shown).toMatch(
      /eeeeeeeeeeee: it failed 50 % at most 10 %, warns above 5 % breached runs .* 1 at least 1 met tokens saved .* – .* not applicable/,
    );
    expect(shown).toContain('Rolled back from stage 1 to stage 0 success_drop is 0.5 Flags set back: telemetry = false.');
    expect(shown).toContain('Success rate by stage, in % of canaries: Stage 0 100, Stage 1 50, baseline 100');
    expect(shown).toContain('Tokens by canary, in tokens: Stage 1, no. 1 3000, Stage 1, no. 2 3000');
  });

  test('shows what the validation looked at, and the question where it asks', async () => {
    const memory = emptyMemory();
    const { story } = climbing(memory);
    story.waits('checks', 'HoldChecks', [], 50, 1, { question: 'The checks gave no verdict: the flag is off.' });
    expect(text(await page(memory))).toContain('The validation asks a person The checks gave no verdict: the flag is off.');
    const check = { id: 'providers', verdict: 'failed', reason: 'anthropic takes no key' };
    const report = { schema_version: 'smoke_report_v1', verdict: 'NO_GO', rollout: ID, env: 'local', stage: 0, checks: [check] };
    story.file('outputs/smoke/smoke_report.json', JSON.stringify({ ...report, at: '2026-01-10T11:00:00.000Z' }));
    story.file('outputs/runner/test/1/report.md', '# Report');
    const shown = await page(memory);
    expect(text(shown)).toContain('Every provider of the chain answers, and takes its key failed anthropic takes no key');
    expect(shown).toContain(`href="/ui/jobs/${ID}/artifacts/outputs/runner/test/1/report.md"`);
    memory.files.set(`jobs/${ID}/outputs/smoke/smoke_report.json`, {
      body: new TextEncoder().encode('{}'),
      content_type: 'application/json',
    });
    expect(text(await page(memory))).toContain('Stage 0: validation');
  });

  test('leads to canaries that wait for a person', async () => {
    const memory = emptyMemory();
    climbing(memory).enter(0);
    const open = { stage: 0, index: 0, job_id: GOOD, status: 'WAITING_APPROVAL', step: 'llm_live_confirm' };
    const shown = await page(memory, '/ui/rollout', { openCanaries: async () => [open, { ...open, index: 1, job_id: BAD, status: null }] });
    expect(shown).toContain(`<a href="/ui/jobs/${GOOD}#decision">Canary 1`);
    expect(text(shown)).toContain(`2. ${BAD} not opened yet`);
    expect(shown).not.toContain(`href="/ui/jobs/${BAD}`);
  });

  test('shows the rollout that is not over before a newer one that is, and any other by its id', async () => {
    const memory = emptyMemory();
    // Listed in this order, as rollouts of the same moment are.
    climbing(memory, '222222222222').story.did('DONE', 'RolloutFinish', [], { status: 'succeeded' }, 1);
    climbing(memory, '111111111111').enter(0);
    expect(await page(memory)).toContain('<h1><a href="/ui/jobs/111111111111">');
    expect(await page(memory, '/ui/rollout?job=222222222222')).toContain('<h1><a href="/ui/jobs/222222222222">');
  });

  test('of a job that is no rollout is not found', async () => {
    const memory = emptyMemory();
    new Story(memory, GOOD).submitted('An idea');
    expect(await page(memory, `/ui/rollout?job=${GOOD}`)).toContain('NOT_FOUND');
  });
});

describe('GET /rollouts', () => {
  test('has the job, its target, stages with evidence, and the flags before', async () => {
    const memory = emptyMemory();
    const { enter, judged } = climbing(memory);
    enter(0);
    judged(evidenceOf(0, [canary(0, GOOD)], MET));
    const answer = await createWeb(memoryDeps(memory)).request('/rollouts');
    const { rollouts } = RolloutList.parse(await answer.json());
    expect(rollouts).toMatchObject([{ job_id: ID, kind: 'rollout', through: 2, flags_before: { telemetry: false }, rollback: null }]);
    expect(rollouts[0]?.stages.map(({ standing }) => standing)).toEqual(['passed', 'ahead', 'ahead', 'not_planned']);
    expect(rollouts[0]?.stages[0]?.evidence?.criteria).toEqual(MET);
  });
});

describe('the map of a rollout', () => {
  const map = flowMap(rolloutMachine);
  const at = (story: Story) => {
    const state = fold(story.events);
    if (!state) throw new Error('no job');
    return progress(map, state, story.events);
  };

  test('is the rollout machine: canaries are one state, holds lead back to the next stage', () => {
    const names = map.nodes.map(({ name }) => name);
    const line = map.nodes.filter(({ side }) => !side).map(({ name }) => name);
    expect(line.slice(0, 2)).toEqual(['RolloutIntake', 'Checks']);
    expect(line.slice(-4)).toEqual(['EnterStage', 'Canaries', 'Evaluate', 'RolloutFinish']);
    expect(names).not.toContain('Canary');
    const jumps = map.jumps.map(({ from, to }) => [names[from], names[to]]);
    expect(jumps).toContainEqual(['HoldStage3', 'EnterStage']);
    expect(jumps.map(([from]) => from)).toContain('Checks');
  });

  test('a rollout is at its canaries until the stage is judged, then at the hold, and at the rollback when it went back', () => {
    const { story, enter, ended, judged } = climbing(emptyMemory());
    expect(at(story).current).toBe('Checks');
    expect(at(enter(0)).current).toBe('Canaries');
    expect([...at(story).passed]).not.toContain('HoldChecks');
    expect([...at(story).passed]).toEqual(expect.arrayContaining(['RolloutIntake', 'Checks', 'Smoke', 'EnterStage']));
    expect(at(ended(0, canary(0, GOOD))).current).toBe('Canaries');
    expect(at(judged(evidenceOf(0, [canary(0, GOOD)], MET))).current).toBe('Evaluate');
    expect(at(story.waits('stage_1', 'HoldStage1', [], 30)).current).toBe('HoldStage1');
    story.add({ event_type: 'DONE', state: 'Rollback', actor: ALICE, outputs: { status: 'rolled_back' } }, 10);
    expect(at(story).current).toBe('Rollback');
  });

  test('is what the page of a rollout shows', async () => {
    const memory = emptyMemory();
    climbing(memory).enter(0);
    const shown = text(await page(memory, `/ui/jobs/${ID}`));
    expect(shown).toContain('Canaries (each a job)');
    expect(shown).not.toContain('Hold runspec');
  });
});

describe('the page of a rollout that waits', () => {
  test('shows the evidence of the stage before as criteria and canaries, not as fields', async () => {
    const memory = emptyMemory();
    const { story, enter, judged } = climbing(memory);
    enter(0);
    const evidence = evidenceOf(0, [canary(0, GOOD)], MET);
    judged(evidence);
    story.waits('stage_1', 'HoldStage1', [{ ...story.file('stage-0.json', JSON.stringify(evidence)), name: 'stage_evidence' }], 30);
    const shown = await page(memory, `/ui/jobs/${ID}`);
    expect(text(shown)).toContain('runs Canary jobs that ran to an end 1 at least 1 met');
    expect(shown).toContain(`<a href="/ui/jobs/${GOOD}">1. <code>`);
  });
});
