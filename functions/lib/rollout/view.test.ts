import { describe, expect, it } from 'vitest';
import type { EventDraft, JobEvent } from '../../../contracts/events.ts';
import type { StageEvidence } from '../../../contracts/rollout.ts';
import { EMPTY_LOG, sealEvent } from '../event.ts';
import { fold } from '../fold.ts';
import { BY_A_PERSON, rolloutFacts } from './view.ts';

const ID = 'abcabcabcabc';
const stage = (id: string) => ({ type: 'stage', id, identity: 'none' }) as const;
const ANN = { type: 'user', id: 'ann', identity: 'local' } as const;

const logOf = (drafts: readonly EventDraft[]): JobEvent[] =>
  drafts.reduce<JobEvent[]>((events, draft, i) => {
    const last = events.at(-1);
    const head = last ? { last_seq: last.seq, last_hash: last.hash } : EMPTY_LOG;
    return [...events, sealEvent(draft, { ...head, job_id: ID, run_id: 'r-1', at: new Date(Date.UTC(2026, 0, 1, 0, 0, i)).toISOString() })];
  }, []);

const submitted = (through = 3): EventDraft => ({
  ...{ event_type: 'ROLLOUT_SUBMITTED', state: 'RolloutIntake', visit: 1, actor: ANN },
  outputs: { title: 'T', kind: 'rollout', run: 1, spec_digest: 'a'.repeat(64), mode: 'replay', target: { kind: 'features' }, through },
});
const enter = (n: number): EventDraft => ({
  ...{ event_type: 'ROLLOUT_STAGE_SET', state: 'EnterStage', visit: n + 1, actor: stage('EnterStage') },
  outputs: { stage: n, flags: { telemetry: true }, canaries: 2, ...(n === 0 ? { before: { telemetry: false } } : {}) },
});
const judged = (n: number, verdict: StageEvidence['verdict'] = 'passed'): EventDraft => {
  const evidence = { schema_version: 'stage_evidence_v1', rollout: ID, stage: n, flags: {}, canaries: [], success_rate: 1, baseline: null };
  return {
    ...{ event_type: 'STAGE_EVALUATED', state: 'Evaluate', visit: n + 1, actor: stage('Evaluate') },
    outputs: { stage: n, verdict, evidence: { ...evidence, criteria: [], verdict, at: '2026-01-01T00:00:00.000Z' } },
  };
};
const MACHINE: EventDraft['actor'] = { type: 'system', id: 'rollback', identity: 'none' };
const back = (to_stage: number, by = MACHINE, reason = 'CRITERIA_BREACHED'): EventDraft => ({
  ...{ event_type: 'ROLLED_BACK', state: 'Rollback', visit: 1, actor: by, message: 'why' },
  outputs: { reason, from_stage: 2, to_stage, flags: { history_pack: false } },
});
const done = (status: string): EventDraft => ({
  ...{ event_type: 'DONE', state: 'RolloutFinish', visit: 1, actor: stage('RolloutFinish') },
  outputs: { status },
});

const facts = (...drafts: EventDraft[]) => {
  const events = logOf(drafts);
  const state = fold(events);
  if (!state) throw new Error('no events');
  return rolloutFacts(state, events);
};
const standings = (...drafts: EventDraft[]) => facts(...drafts).stages.map(({ standing }) => standing);

describe('the ladder of a rollout', () => {
  it('is at the validation before any stage was entered: the checks of the project come first', () => {
    expect(standings(submitted())).toEqual(['running', 'ahead', 'ahead', 'ahead']);
    expect(standings(submitted(), back(0), done('rolled_back'))).toEqual(['breached', 'not_entered', 'not_entered', 'not_entered']);
    expect(standings(submitted(), back(0, ANN, BY_A_PERSON), done('rolled_back'))[0]).toBe('stopped');
  });

  it('has the stage that runs, those that passed, and those beyond what was asked for', () => {
    expect(standings(submitted(2), enter(0), judged(0), enter(1))).toEqual(['passed', 'running', 'ahead', 'not_planned']);
  });

  it('has nothing ahead once it is done', () => {
    expect(standings(submitted(), enter(0), judged(0), done('cancelled'))).toEqual(['passed', 'not_entered', 'not_entered', 'not_entered']);
    expect(standings(submitted(), enter(0), done('error'))[0]).toBe('stopped');
  });

  it('takes back what lies above the stage a rollback leads to, and keeps the breach that led to it', () => {
    const climbed = [submitted(), enter(0), judged(0), enter(1), judged(1), enter(2)];
    expect(standings(...climbed, judged(2, 'breached'), back(1), done('rolled_back'))).toEqual([
      'passed',
      'passed',
      'breached',
      'not_entered',
    ]);
    expect(standings(...climbed, back(0), done('rolled_back'))).toEqual(['passed', 'rolled_back', 'rolled_back', 'not_entered']);
  });

  it('says what a rollback did, why and by whom, and what the flags were before', () => {
    const { rollback, flags_before } = facts(submitted(), enter(0), judged(0), enter(1), back(0), done('rolled_back'));
    expect(rollback).toMatchObject({ by: 'rollback', message: 'why', to_stage: 0, flags: { history_pack: false } });
    expect(flags_before).toEqual({ telemetry: false });
  });
});

describe('a rollback', () => {
  it('by a person keeps every stage from writing on; the machine goes on from its own', () => {
    const climbed = [submitted(), enter(0), judged(0), enter(1)];
    expect(fold(logOf([...climbed, back(0, ANN)]))).toMatchObject({ status: 'RUNNING', cancelled: true });
    expect(fold(logOf([...climbed, back(0)]))).toMatchObject({ status: 'RUNNING', cancelled: false });
  });
});
