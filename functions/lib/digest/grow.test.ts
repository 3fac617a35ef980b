import { describe, expect, it } from 'vitest';
import { logOf } from './digest.fixture.ts';
import { grow, NOT_SIGNED } from './grow.ts';

const log = logOf(5);
const [, second, third] = log;
if (!second || !third) throw new Error('the log is too short');
const texts = (events: readonly unknown[], from = 1) => events.map((event, i) => ({ seq: from + i, text: JSON.stringify(event) }));
const JOB = log[0]?.job_id ?? '';

describe('a log that is about to be signed', () => {
  it('stands where its last event is, from the beginning or from what was signed', () => {
    const head = { seq: 5, hash: log.at(-1)?.hash };
    expect(grow(JOB, NOT_SIGNED, texts(log))).toEqual({ head });
    expect(grow(JOB, { seq: 2, hash: second.hash }, texts(log.slice(2), 3))).toEqual({ head });
    expect(grow(JOB, { seq: 2, hash: second.hash }, [])).toEqual({ head: { seq: 2, hash: second.hash } });
  });

  it.each([
    ['an event that was edited', 'edited', texts(log.with(1, { ...second, message: 'x' }))],
    ['an event of another job', 'foreign', texts(logOf(2, 'ffffffffffff'))],
    ['another event in the place of one', 'reordered', texts(log.with(2, second))],
    ['text that is no event', 'unreadable', [{ seq: 1, text: '{' }]],
    ['nothing where the index knows an event', 'truncated', [...texts(log.slice(0, 2)), { seq: 3, text: null }]],
  ])('is refused with %s', (_, kind, stored) => {
    expect(grow(JOB, NOT_SIGNED, stored)).toMatchObject({ problem: { kind } });
  });

  it('is refused when it was rewritten below what was signed', () => {
    const rewritten = logOf(5, JOB, ' otherwise');
    expect(grow(JOB, { seq: 2, hash: second.hash }, texts(rewritten.slice(2), 3))).toMatchObject({
      problem: { kind: 'edited', problem: expect.stringContaining('which a digest signed') },
    });
  });
});
