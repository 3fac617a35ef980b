import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EventDraft, JobEvent } from '../../contracts/events.ts';
import { EMPTY_LOG, eventId, sealEvent, verifyChain } from './event.ts';

const JOB = '0123456789ab';
const draft = (visit: number): EventDraft => ({
  event_type: 'RUN_COMPLETED',
  state: 'Run',
  visit,
  actor: { type: 'stage', id: 'Run', identity: 'none' },
  outputs: { visit },
});

const chain = (length: number): JobEvent[] => {
  const events: JobEvent[] = [];
  for (let i = 1; i <= length; i++) {
    const last = events.at(-1);
    const head = last ? { last_seq: last.seq, last_hash: last.hash } : EMPTY_LOG;
    events.push(sealEvent(draft(i), { ...head, job_id: JOB, run_id: 'run-1', at: '2026-01-01T00:00:00.000Z' }));
  }
  return events;
};

describe('event ids', () => {
  it('are the same for the same work in another execution', () => {
    const [a, b] = ['run-1', 'run-2'].map((run_id) =>
      sealEvent(draft(1), { ...EMPTY_LOG, job_id: JOB, run_id, at: '2026-01-01T00:00:00.000Z' }),
    );
    expect(a?.event_id).toBe(b?.event_id);
    expect(a?.hash).not.toBe(b?.hash);
  });

  it('differ by job, state, visit, kind and ordinal', () => {
    const base = draft(1);
    const variants = [base, { ...base, state: 'Gates' }, { ...base, visit: 2 }, { ...base, kind: 'other' }, { ...base, ordinal: 1 }];
    const ids = [...variants.map((v) => eventId(JOB, v)), eventId('ba9876543210', base)];
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('the hash chain', () => {
  it('verifies as written', () => {
    expect(verifyChain(chain(5))).toEqual({ ok: true, events: 5, head: chain(5)[4]?.hash, problems: [] });
  });

  it('shows every edit, removal, insertion, doubling and swap of events', () => {
    const events = chain(6);
    const mutation = fc.oneof(
      fc.tuple(fc.constant('edit' as const), fc.nat(5), fc.string()),
      fc.tuple(fc.constant('remove' as const), fc.nat(4), fc.string()),
      fc.tuple(fc.constant('double' as const), fc.nat(5), fc.string()),
      fc.tuple(fc.constant('swap' as const), fc.nat(4), fc.string()),
    );
    const mutate = (kind: string, at: number, text: string): JobEvent[] => {
      const copy = structuredClone(events);
      const [here, next] = [copy[at], copy[at + 1]];
      if (!here) return copy;
      if (kind === 'edit') copy[at] = { ...here, message: `${text}!` };
      if (kind === 'remove') copy.splice(at, 1);
      if (kind === 'double') copy.splice(at, 0, here);
      if (kind === 'swap' && next) copy.splice(at, 2, next, here);
      return copy;
    };
    fc.assert(fc.property(mutation, ([kind, at, text]) => !verifyChain(mutate(kind, at, text)).ok));
  });

  it('refuses an event of another job, even with a fresh hash', () => {
    const [first] = chain(1);
    if (!first) throw new Error('no event');
    const foreign = sealEvent(draft(9), { last_seq: 1, last_hash: first.hash, job_id: 'ba9876543210', run_id: 'x', at: first.at });
    expect(verifyChain([first, foreign]).problems[0]?.problem).toContain('belongs to job ba9876543210');
  });
});
