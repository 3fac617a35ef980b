import type { AuditLog, FlagStore, SwitchReader } from '../contracts/ports.ts';
import type { FlagState, Switches } from '../contracts/switches.ts';
import { foldFlags, NO_CHANGES, switchesOf, UNREADABLE } from '../functions/lib/switches/state.ts';

type Deps = {
  store: FlagStore;
  audit: AuditLog;
  /** How long a read state serves, in ms. */
  maxAgeMs: number;
  /** Wall clock in ms: a frozen function must not mistake an old state for a new one. */
  now: () => number;
};

/** Flags and kill switch as a function sees them: read at most once per `maxAgeMs`, and safe where they cannot be read. */
export const createSwitchReader = ({ store, audit, maxAgeMs, now }: Deps): SwitchReader => {
  let cached: { value: Promise<Switches>; at: number } | undefined;

  /** Without a stored state the log is read; where it is empty, which one request tells, nothing was ever changed. */
  const fromLog = async (): Promise<FlagState> =>
    (await audit.read(0, 1)).length === 0 ? NO_CHANGES : foldFlags(NO_CHANGES, await audit.read());

  const read = async (): Promise<Switches> => switchesOf((await store.read()) ?? (await fromLog()));

  const fresh = (at: number): boolean => cached !== undefined && at >= cached.at && at - cached.at < maxAgeMs;

  return {
    current: () => {
      const at = now();
      if (!cached || !fresh(at)) {
        const value = read().catch(() => {
          // Looked for again by the next caller.
          cached = undefined;
          return UNREADABLE;
        });
        cached = { value, at };
      }
      return cached.value;
    },
    learn: (state) => {
      cached = { value: Promise.resolve(switchesOf(state)), at: now() };
    },
  };
};
