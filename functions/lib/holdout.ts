import type { Window } from '../../contracts/blueprint.ts';

const DAY_MS = 86_400_000;

/** The calendar day `days` after `date` (before it, when negative). */
export const addDays = (date: string, days: number): string => new Date(Date.parse(date) + days * DAY_MS).toISOString().slice(0, 10);

/** Calendar days of a window, first and last included. */
export const calendarDays = (window: Window): number => Math.round((Date.parse(window.end) - Date.parse(window.start)) / DAY_MS) + 1;

// 0.1 x 30 is 3.0000000000000004: a whole number of days must not become one more.
const wholeDays = (days: number): number => Math.ceil(days - 1e-6);

/**
 * Last `fraction` of the calendar days of a research window, rounded up to whole days: what no agent and
 * no blueprint of that window may see. Date arithmetic only.
 */
export const holdoutWindow = (research: Window, fraction: number): Window => {
  const days = wholeDays(calendarDays(research) * fraction);
  return { start: addDays(research.end, 1 - days), end: research.end };
};

/**
 * Days after a hand-written blueprint's evaluation, as long as `fraction` of the whole that it forms with
 * [train.start, evaluation.end], cut at the snapshot's last day. Null when the snapshot ends first.
 */
export const holdoutAfter = (seen: Window, fraction: number, last: string): Window | null => {
  const days = wholeDays((calendarDays(seen) * fraction) / (1 - fraction));
  const start = addDays(seen.end, 1);
  const end = addDays(seen.end, days);
  if (start > last) return null;
  return { start, end: end < last ? end : last };
};
