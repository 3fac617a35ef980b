import { DEFAULT_POLICY, type StepPolicy } from '../../contracts/approval-policy.ts';
import type { EventDraft, JobEvent } from '../../contracts/events.ts';
import { EMPTY_LOG, sealEvent } from './event.ts';

export const PERSON = { type: 'user', id: 'ann', identity: 'local' } as const;
export const STAGE = { type: 'stage', id: 'HoldBlueprint', identity: 'none' } as const;
export const DIGEST = `sha256:${'d'.repeat(64)}`;

export const submitted: EventDraft = {
  event_type: 'IDEA_SUBMITTED',
  state: 'Intake',
  visit: 1,
  actor: PERSON,
  outputs: { title: 'Trend', kind: 'idea', run: 1, spec_digest: 'e'.repeat(64), mode: 'replay' },
};

export const POLICY: StepPolicy = { ...DEFAULT_POLICY.default, proven_by: ['local'] };

export const waiting = (visit = 1, choices = ['approve', 'reject', 'revise'], policy: Partial<StepPolicy> = {}): EventDraft => ({
  event_type: 'WAITING_APPROVAL',
  state: 'HoldBlueprint',
  visit,
  step: 'blueprint',
  actor: STAGE,
  outputs: {
    state: 'HoldBlueprint',
    visit,
    subject_digest: DIGEST,
    subject: [{ name: 'blueprint', key: 'jobs/x/blueprint.json', sha256: 'f'.repeat(64) }],
    expires_at: '2026-02-01T00:00:00.000Z',
    choices,
    policy: { ...POLICY, ...policy },
  },
});

export const done = (status: string): EventDraft => ({ event_type: 'DONE', state: 'Finish', visit: 1, actor: STAGE, outputs: { status } });

/** Seals drafts into one chain: the "given" of a test. */
export const given = (...drafts: EventDraft[]): JobEvent[] =>
  drafts.reduce<JobEvent[]>((events, draft) => {
    const last = events.at(-1);
    const head = last ? { last_seq: last.seq, last_hash: last.hash } : EMPTY_LOG;
    return [...events, sealEvent(draft, { ...head, job_id: '0123456789ab', run_id: 'run-1', at: '2026-01-01T00:00:00.000Z' })];
  }, []);
