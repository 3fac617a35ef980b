import { describe, expect, it } from 'vitest';
import { draft } from '../../functions/lib/notification/notification.fixture.ts';
import { NO_CHANGES, switchesOf, UNREADABLE } from '../../functions/lib/switches/state.ts';
import { heldWhileHalted } from './held-outbox.ts';
import type { Outbox } from './outbox.ts';

const FREE = switchesOf(NO_CHANGES);
const HALTED = switchesOf({ ...NO_CHANGES, kill: { ...NO_CHANGES.kill, halted: true } });

const setUp = () => {
  const calls: string[] = [];
  const outbox: Outbox = {
    record: async () => calls.push('record') > 0,
    notify: async () => (calls.push('notify'), 'sent'),
    flush: async () => (calls.push('flush'), { sent: 1, dead: 0, later: 0, problems: [] }),
  };
  const now = { switches: FREE };
  return { calls, now, held: heldWhileHalted(outbox, { current: async () => now.switches }) };
};

describe('notifications', () => {
  it('leave while nothing is halted', async () => {
    const { calls, held } = setUp();
    expect([await held.notify(draft()), (await held.flush()).sent]).toEqual(['sent', 1]);
    expect(calls).toEqual(['notify', 'flush']);
  });

  it.each([
    ['halted', HALTED],
    ['unreadable', UNREADABLE],
  ])('are kept and not sent while the kill switch is %s, and leave after it', async (_, switches) => {
    const { calls, now, held } = setUp();
    now.switches = switches;
    expect([await held.notify(draft()), (await held.flush()).sent]).toEqual(['later', 0]);
    expect(calls).toEqual(['record']);
    now.switches = FREE;
    expect((await held.flush()).sent).toBe(1);
  });
});
