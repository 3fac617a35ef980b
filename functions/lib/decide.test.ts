import { describe, expect, it } from 'vitest';
import type { EventDraft } from '../../contracts/events.ts';
import type { JobState } from '../../contracts/job-state.ts';
import { type Decision, decide } from './decide.ts';
import { DIGEST, done, given, PERSON, submitted, waiting } from './fold.fixture.ts';
import { fold } from './fold.ts';

const bob = { ...PERSON, id: 'bob' };
const approve: Decision = { step: 'blueprint', choice: 'approve', subject_digest: DIGEST, comment: null, actor: bob, channel: 'http' };

const state = (...drafts: EventDraft[]): JobState => {
  const folded = fold(given(submitted, ...drafts));
  if (!folded) throw new Error('nothing folded');
  return folded;
};

const draftOf = (job: JobState, command: Decision): EventDraft => {
  const decision = decide(job, command);
  if (!('draft' in decision)) throw new Error('already decided');
  return decision.draft;
};

const refusal = (code: string) => expect.objectContaining({ name: 'Refusal', code });
const when = (job: JobState, command: Partial<Decision>) => () => decide(job, { ...approve, ...command });

describe('a decision', () => {
  it('on the evidence shown becomes one event that names what was seen', () => {
    expect(draftOf(state(waiting()), approve)).toMatchObject({
      event_type: 'APPROVED',
      step: 'blueprint',
      actor: bob,
      outputs: { subject_digest: DIGEST, channel: 'http' },
    });
  });

  it('on other evidence is refused as stale and shows the new digest', () => {
    expect(when(state(waiting()), { subject_digest: `sha256:${'0'.repeat(64)}` })).toThrow(
      expect.objectContaining({ code: 'STALE_SUBJECT', extra: { subject_digest: DIGEST } }),
    );
  });

  it('before anything waits, or after the job is done, is refused as not waiting', () => {
    expect(when(state(), {})).toThrow(refusal('NOT_WAITING'));
    expect(when(state(done('rejected')), {})).toThrow(refusal('NOT_WAITING'));
  });

  it('repeated by anyone shows the first decision', () => {
    const decided = state(waiting(), draftOf(state(waiting()), approve));
    const again = decide(decided, { ...approve, actor: { ...bob, id: 'carol' } });
    expect(again).toMatchObject({ already: { already_decided: true, decision: { event_type: 'APPROVED', by: 'bob' } } });
  });

  it('against the first decision is a conflict that names it', () => {
    const decided = state(waiting(), draftOf(state(waiting()), approve));
    expect(when(decided, { choice: 'reject' })).toThrow(
      expect.objectContaining({ code: 'DECISION_CONFLICT', message: expect.stringContaining('by bob') }),
    );
  });

  it('to approve is refused to the submitter where the environment asks for two people', () => {
    expect(when(state(waiting()), { actor: PERSON })).toThrow(refusal('SELF_APPROVAL'));
    expect(decide(state(waiting(1, undefined, { self_approval: true })), { ...approve, actor: PERSON })).toMatchObject({
      draft: { outputs: { self_approval: true } },
    });
  });

  it('to revise needs a comment, and a step that takes it', () => {
    expect(when(state(waiting()), { choice: 'revise' })).toThrow(refusal('INVALID_INPUT'));
    expect(when(state(waiting(1, ['approve', 'reject'])), { choice: 'revise', comment: 'shorter' })).toThrow(refusal('INVALID_INPUT'));
    expect(draftOf(state(waiting()), { ...approve, choice: 'revise', comment: 'shorter' })).toMatchObject({
      event_type: 'REVISION_REQUESTED',
      message: 'shorter',
    });
  });

  it('is a different event for each approver and the same for a double click', () => {
    const [first, second] = [approve, { ...approve, actor: { ...bob, id: 'carol' } }].map((command) => draftOf(state(waiting()), command));
    expect(first?.kind).not.toBe(second?.kind);
    expect(draftOf(state(waiting()), approve).kind).toBe(first?.kind);
  });
});
