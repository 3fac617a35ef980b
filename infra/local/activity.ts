import { setTimeout as delay } from 'node:timers/promises';

export type Activity = {
  /** Notes that something is worked on that somebody waits for. */
  during<T>(work: () => Promise<T>): Promise<T>;
  /** Waits for a moment in which nothing is worked on, though not for ever. */
  quiet(): Promise<void>;
};

/** Nothing happened for this long, in ms: between two states of a job there is less. */
const QUIET_MS = 20;
/** Work that waits for quiet is done after this many ms all the same. */
const PATIENCE_MS = 2_000;
const LOOK_EVERY_MS = 5;

/** Lets rounds of the service, which can wait, go behind what people and jobs wait for: here they share one process. */
export const createActivity = (now: () => number = performance.now.bind(performance)): Activity => {
  let running = 0;
  let last = now();
  return {
    during: async (work) => {
      running++;
      try {
        return await work();
      } finally {
        running--;
        last = now();
      }
    },
    quiet: async () => {
      for (const until = now() + PATIENCE_MS; now() < until; await delay(LOOK_EVERY_MS)) {
        if (running === 0 && now() - last >= QUIET_MS) return;
      }
    },
  };
};
