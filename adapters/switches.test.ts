import { describe, expect, it } from 'vitest';
import { AUDIT } from '../contracts/events.ts';
import { EMPTY_LOG, sealEvent } from '../functions/lib/event.ts';
import { decideKill } from '../functions/lib/switches/decide.ts';
import { memoryAuditLog, memoryFlagStore } from '../functions/lib/switches/memory.fixture.ts';
import { foldFlags, NO_CHANGES, UNREADABLE } from '../functions/lib/switches/state.ts';
import { createSwitchReader } from './switches.ts';

const OPS = { actor: { type: 'user', id: 'ops', identity: 'local' }, reason: null } as const;
const draft = decideKill(NO_CHANGES, { halt: true }, OPS);
const event = sealEvent(draft ?? expect.fail('a halt is a change'), { ...EMPTY_LOG, ...AUDIT, at: '2026-01-05T09:00:00.000Z' });
const HALTED = foldFlags(NO_CHANGES, [event]);

const setUp = () => {
  const store = memoryFlagStore();
  const audit = memoryAuditLog();
  const clock = { ms: 1000 };
  const reads = { count: 0, fail: false };
  const counting = {
    ...store,
    read: async () => {
      reads.count++;
      if (reads.fail) throw new Error('throttled');
      return store.read();
    },
  };
  const reader = createSwitchReader({ store: counting, audit, maxAgeMs: 15_000, now: () => clock.ms });
  return { store, audit, clock, reads, reader };
};

describe('the switch reader', () => {
  it('reads once per 15 s, also for many callers at once, and then sees a change', async () => {
    const { store, clock, reads, reader } = setUp();
    await Promise.all(Array.from({ length: 5 }, () => reader.current()));
    expect(reads.count).toBe(1);
    await store.put(HALTED);
    clock.ms += 14_999;
    expect((await reader.current()).kill.halted).toBe(false);
    clock.ms += 1;
    expect((await reader.current()).kill.halted).toBe(true);
  });

  it('reads again where the clock was set back', async () => {
    const { clock, reads, reader } = setUp();
    await reader.current();
    clock.ms -= 500;
    await reader.current();
    expect(reads.count).toBe(2);
  });

  it('is safe while nothing can be read, and asks again at once', async () => {
    const { reads, reader } = setUp();
    reads.fail = true;
    expect(await reader.current()).toEqual(UNREADABLE);
    reads.fail = false;
    expect((await reader.current()).readable).toBe(true);
  });

  it('takes a lost item from the audit log: losing the table releases nothing', async () => {
    const { audit, reader } = setUp();
    await audit.append(event);
    expect((await reader.current()).kill.halted).toBe(true);
  });

  it('knows at once what this function changed itself', async () => {
    const { reader } = setUp();
    await reader.current();
    reader.learn(HALTED);
    expect((await reader.current()).kill.halted).toBe(true);
  });
});
