import type { JobEvent } from '../../../contracts/events.ts';
import type { AuditLog, FlagStore } from '../../../contracts/ports.ts';
import type { FlagState } from '../../../contracts/switches.ts';

export const memoryAuditLog = (events: JobEvent[] = []): AuditLog & { events: JobEvent[] } => ({
  events,
  append: async (event) => {
    if (event.seq !== events.length + 1) return 'conflict';
    events.push(event);
    return 'appended';
  },
  read: async (after = 0, limit = Number.POSITIVE_INFINITY) => events.slice(after, after + limit),
  last: async () => events.at(-1) ?? null,
});

export const memoryFlagStore = (): FlagStore => {
  let kept: FlagState | null = null;
  return {
    read: async () => structuredClone(kept),
    put: async (state) => {
      if (kept === null || kept.version < state.version) kept = structuredClone(state);
    },
  };
};
