import type { ProviderTarget } from '../../contracts/llm-config.ts';
import type { Failure } from './failure.ts';

type Rules = { /** Failures in a row. */ threshold: number; ms: number };
type Health = { failures: number; until: number };

/** Remembers which providers failed lately, for as long as the process lives. */
export type Cooldown = {
  /** Until when a provider is left alone, on the same clock as `now`; 0 when it is not. */
  until(target: ProviderTarget): number;
  failed(target: ProviderTarget, failure: Failure): void;
  answered(target: ProviderTarget): void;
};

const nameOf = ({ kind, base_url, model }: ProviderTarget): string => JSON.stringify([kind, base_url, model]);

// What another call would meet as well, whatever it asks.
const AT_ONCE: ReadonlySet<Failure['kind']> = new Set(['quota', 'auth']);
const ABOUT_THE_PROVIDER: ReadonlySet<Failure['kind']> = new Set([
  'rate_limited',
  'overloaded',
  'server_error',
  'timeout',
  'network',
  'malformed',
]);

/** @param now monotonic clock, in ms */
export const createCooldown = (now: () => number, { threshold, ms }: Rules = { threshold: 3, ms: 60_000 }): Cooldown => {
  const health = new Map<string, Health>();
  return {
    until: (target) => {
      const until = health.get(nameOf(target))?.until ?? 0;
      return until > now() ? until : 0;
    },
    failed: (target, { kind, retry_after_ms }) => {
      if (!AT_ONCE.has(kind) && !ABOUT_THE_PROVIDER.has(kind)) return;
      const name = nameOf(target);
      const failures = (health.get(name)?.failures ?? 0) + 1;
      const cools = AT_ONCE.has(kind) || failures >= threshold;
      health.set(name, { failures, until: cools ? now() + Math.max(ms, retry_after_ms ?? 0) : (health.get(name)?.until ?? 0) });
    },
    answered: (target) => {
      health.delete(nameOf(target));
    },
  };
};
