const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Timers hold no more than 2^31 - 1 ms, about 24.8 days. */
const MAX_MS = 24 * UNIT_MS.d;

const isUnit = (unit: string): unit is keyof typeof UNIT_MS => unit in UNIT_MS;

/** Milliseconds of `90`, `30s`, `10m`, `2h`, `1d`, `500ms`; null for anything else or beyond 24 days. */
export const parseDuration = (text: string): number | null => {
  const [, amount, unit = 's'] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)?$/.exec(text) ?? [];
  if (amount === undefined || !isUnit(unit)) return null;
  const ms = Math.round(Number(amount) * UNIT_MS[unit]);
  return ms <= MAX_MS ? ms : null;
};

const two = (n: number): string => String(n).padStart(2, '0');

/** `0.4s`, `12s`, `3m04s`, `2h05m`, `3d04h`: at most six columns up to 99 days. */
export const formatElapsed = (ms: number): string => {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)}s`;
  const s = Math.round(seconds);
  if (s < 60) return `${s}s`;
  if (s < 3600) return `${Math.floor(s / 60)}m${two(s % 60)}s`;
  const minutes = Math.floor(s / 60);
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)}h${two(minutes % 60)}m`;
  const hours = Math.floor(minutes / 60);
  return `${Math.floor(hours / 24)}d${two(hours % 24)}h`;
};

/** `3m04s ago`, `in 2h05m`. Text that is no instant comes back as it is. */
export const relativeTime = (instant: string, now: number): string => {
  const at = Date.parse(instant);
  if (Number.isNaN(at)) return instant;
  return at > now ? `in ${formatElapsed(at - now)}` : `${formatElapsed(now - at)} ago`;
};
