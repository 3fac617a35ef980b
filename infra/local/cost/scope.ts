import { AsyncLocalStorage } from 'node:async_hooks';
import { NO_UNITS, plus, type SomeUnits, times, type Units } from '../../../contracts/pricing.ts';

/** What work is for: a job itself, people who look, or the service's own rounds. */
export const KINDS = ['job', 'viewing', 'upkeep'] as const;
export type Kind = (typeof KINDS)[number];

/** Takes what one piece of work used for one job. */
export type Enter = (job: string, kind: Kind, units: Units) => void;

/** One piece of work: an invocation or a request of a person. */
type Scope = { kind: Kind; keyed: Map<string, Units>; unkeyed: Units; closed: boolean };

export type Scopes = {
  /** Runs `work` as one piece: whatever it requests is counted towards the jobs it turns out to be for. */
  during<T>(kind: Kind, work: () => Promise<T>): Promise<T>;
  /** Counts towards `job`; where the request itself does not say, towards the piece of work it is part of. */
  count(job: string | null, units: SomeUnits): void;
};

/** Nobody's work is a person's, at the wire. */
const OUTSIDE: Kind = 'viewing';

const share = ({ kind, keyed, unkeyed }: Scope, enter: Enter): void => {
  // What no key tells is for all the jobs that the work was for, evenly.
  const shared = times(unkeyed, 1 / Math.max(1, keyed.size));
  for (const [job, units] of keyed) enter(job, kind, plus(units, shared));
};

/** Attributes units to jobs by the piece of work in which they were used. */
export const createScopes = (enter: Enter): Scopes => {
  const current = new AsyncLocalStorage<Scope>();
  return {
    during: (kind, work) => {
      const scope: Scope = { kind, keyed: new Map(), unkeyed: NO_UNITS, closed: false };
      return current.run(scope, work).finally(() => {
        scope.closed = true;
        share(scope, enter);
      });
    },
    count: (job, units) => {
      const scope = current.getStore();
      if (!scope || scope.closed) {
        if (job !== null) enter(job, scope?.kind ?? OUTSIDE, plus(NO_UNITS, units));
        return;
      }
      if (job === null) scope.unkeyed = plus(scope.unkeyed, units);
      else scope.keyed.set(job, plus(scope.keyed.get(job) ?? NO_UNITS, units));
    },
  };
};
