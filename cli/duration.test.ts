import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatElapsed, parseDuration, relativeTime } from './duration.ts';

test.each([
  ['10m', 600_000],
  ['30s', 30_000],
  ['2h', 7_200_000],
  ['90', 90_000],
  ['1.5s', 1500],
  ['250ms', 250],
  ['0', 0],
])('reads %s as %i ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each(['', 'ten', '10 m', '-5s', '5w', '1e3', '25d', '99999999h', '5mm'])('refuses "%s" as a duration', (text) => {
  expect(parseDuration(text)).toBeNull();
});

test('an accepted duration fits a timer', () => {
  fc.assert(
    fc.property(fc.nat(), fc.constantFrom('', 'ms', 's', 'm', 'h', 'd'), (n, unit) => {
      const ms = parseDuration(`${n}${unit}`);
      expect(ms === null || (ms >= 0 && ms < 2 ** 31)).toBe(true);
    }),
  );
});

test('an elapsed time takes at most seven columns for 99 days', () => {
  expect([400, 12_000, 184_000, 7_500_000, 273_600_000].map(formatElapsed)).toEqual(['0.4s', '12s', '3m04s', '2h05m', '3d04h']);
  fc.assert(fc.property(fc.nat(99 * 86_400_000), (ms) => formatElapsed(ms).length <= 6));
});

test('says how long ago, and how soon', () => {
  const now = Date.UTC(2026, 0, 1);
  expect(relativeTime('2025-12-31T23:58:00.000Z', now)).toBe('2m00s ago');
  expect(relativeTime('2026-01-01T02:05:00.000Z', now)).toBe('in 2h05m');
  expect(relativeTime('soon', now)).toBe('soon');
});
