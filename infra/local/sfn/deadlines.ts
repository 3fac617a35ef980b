/** Timers overflow above 2^31-1 ms; longer waits are taken in steps. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export type Deadlines = {
  /** Calls `fire` once at `due` (epoch ms), or at once when that has passed; returns how to call it off. */
  at(due: number, fire: () => void): () => void;
  /** Fires what is due by the clock now: for clocks that are moved by hand. */
  kick(): void;
  clear(): void;
};

export function createDeadlines(now: () => number): Deadlines {
  const entries = new Set<{ due: number; check: () => void; timer?: NodeJS.Timeout }>();
  const at = (due: number, fire: () => void) => {
    const cancel = () => {
      clearTimeout(entry.timer);
      entries.delete(entry);
    };
    const check = () => {
      clearTimeout(entry.timer);
      if (now() < due) return arm();
      entries.delete(entry);
      fire();
    };
    const entry: { due: number; check: () => void; timer?: NodeJS.Timeout } = { due, check };
    const arm = () => {
      entry.timer = setTimeout(check, Math.min(Math.max(due - now(), 0), LONGEST_TIMER_MS));
      entry.timer.unref();
    };
    entries.add(entry);
    arm();
    return cancel;
  };
  const kick = () => {
    for (const entry of [...entries]) if (entries.has(entry)) entry.check();
  };
  const clear = () => {
    for (const entry of entries) clearTimeout(entry.timer);
    entries.clear();
  };
  return { at, kick, clear };
}
