import { describe, expect, it } from 'vitest';
import type { EventDraft } from '../../contracts/events.ts';
import { DIGEST, done, given, PERSON, STAGE, submitted, waiting } from './fold.fixture.ts';
import { fold, toRecord } from './fold.ts';

const decision = (event_type: 'APPROVED' | 'REVISION_REQUESTED', visit = 1): EventDraft => ({
  event_type,
  state: 'HoldBlueprint',
  visit,
  step: 'blueprint',
  actor: PERSON,
  outputs: { state: 'HoldBlueprint', visit, subject_digest: DIGEST },
});
const redriven: EventDraft = { event_type: 'REDRIVEN', state: 'Control', visit: 1, actor: STAGE, outputs: { owner_run: 'run-2' } };

describe('folding a log', () => {
  it('gives nothing for no events', () => {
    expect(fold([])).toBeNull();
  });

  it('waits with the evidence and question of the last opening', () => {
    expect(fold(given(submitted, waiting()))).toMatchObject({
      status: 'WAITING_APPROVAL',
      step: 'blueprint',
      approval: { subject_digest: DIGEST, decision: null },
    });
  });

  it('keeps each visit of a step as an approval of its own', () => {
    const state = fold(given(submitted, waiting(), decision('REVISION_REQUESTED'), waiting(2)));
    expect(state?.approvals.map((a) => [a.visit, a.decision?.event_type ?? null])).toEqual([
      [1, 'REVISION_REQUESTED'],
      [2, null],
    ]);
  });

  it('goes on running after a decision, and ends with the outcome of DONE', () => {
    expect(fold(given(submitted, waiting(), decision('APPROVED')))).toMatchObject({ status: 'RUNNING' });
    expect(fold(given(submitted, done('gates_failed')))).toMatchObject({ status: 'DONE', outcome: 'gates_failed' });
  });

  it('keeps waiting when another execution takes over, and runs again when the job was done', () => {
    expect(fold(given(submitted, waiting(), redriven))).toMatchObject({ status: 'WAITING_APPROVAL', owner_run: 'run-2', redrives: 1 });
    expect(fold(given(submitted, done('error'), redriven))).toMatchObject({ status: 'RUNNING', owner_run: 'run-2' });
  });

  it('asks again what was open when a job that was done is redriven', () => {
    const state = fold(given(submitted, waiting(), done('error'), redriven));
    expect(state).toMatchObject({ status: 'WAITING_APPROVAL', step: 'blueprint', approval: { decision: null }, owner_run: 'run-2' });
    expect(fold(given(submitted, waiting(), decision('APPROVED'), done('error'), redriven))?.status).toBe('RUNNING');
  });

  it('counts decided waits, and those that something of the job was seen after', () => {
    const ran: EventDraft = { event_type: 'RUN_COMPLETED', state: 'Run', visit: 1, actor: STAGE };
    const counted = (...drafts: EventDraft[]) => {
      const { resumes, resumed_ok } = fold(given(submitted, ...drafts)) ?? {};
      return [resumes, resumed_ok];
    };
    expect(counted(waiting())).toEqual([0, 0]);
    expect(counted(waiting(), decision('APPROVED'))).toEqual([1, 0]);
    expect(counted(waiting(), decision('APPROVED'), ran)).toEqual([1, 1]);
    const byReconciler: EventDraft = { ...redriven, actor: { type: 'system', id: 'reconcile', identity: 'none' } };
    expect(counted(waiting(), decision('APPROVED'), byReconciler)).toEqual([1, 0]);
    const passed = { ...decision('APPROVED'), outputs: { ...decision('APPROVED').outputs, auto: true } };
    expect(counted(passed)).toEqual([0, 0]);
    expect(counted(waiting(), decision('REVISION_REQUESTED'), waiting(2), decision('APPROVED', 2), ran)).toEqual([2, 2]);
  });

  it('remembers that an answer was degraded', () => {
    const proposed: EventDraft = { event_type: 'BLUEPRINT_PROPOSED', state: 'Intent', visit: 1, actor: STAGE, outputs: { degraded: true } };
    expect(fold(given(submitted, proposed, waiting()))?.degraded).toBe(true);
  });

  it('counts how a shadow compared and lists its call, and is not degraded by its answer', () => {
    const calls = [{ call_id: 'c', role: 'shadow', degraded: true }];
    const outputs = { calls, shadow: { decisions: 7, compared: 7, agreed: 5 } };
    const state = fold(
      given(submitted, { event_type: 'REPORT_COMPLETED', state: 'Report', visit: 1, actor: STAGE, outputs }, done('succeeded')),
    );
    expect(state).toMatchObject({ degraded: false, calls, shadow: { agreed: 5 }, outcome: 'succeeded' });
    expect(state && toRecord(state)).toMatchObject({ degraded: false, shadow: { compared: 7, agreed: 5 } });
    const plain = fold(given(submitted, done('succeeded')));
    expect(plain && Object.keys(toRecord(plain))).not.toContain('shadow');
  });

  it('refuses a log that does not start with a submission, and outputs of another version', () => {
    expect(() => fold(given(waiting()))).toThrow(expect.objectContaining({ name: 'UnreadableDocument' }));
    expect(() => fold(given(submitted, { ...waiting(), outputs: {} }))).toThrow(expect.objectContaining({ name: 'UnreadableDocument' }));
  });

  it('makes a row of a waiting and of a done job', () => {
    const rows = [given(submitted, waiting()), given(submitted, done('rejected'))].map((events) => {
      const state = fold(events);
      return state && toRecord(state);
    });
    expect(rows[0]).toMatchObject({ status: 'WAITING_APPROVAL', step: 'blueprint', subject_digest: DIGEST, outcome: null });
    expect(rows[1]).toMatchObject({ status: 'DONE', step: null, subject_digest: null, outcome: 'rejected' });
  });
});
