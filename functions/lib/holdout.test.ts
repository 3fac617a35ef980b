import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDays, calendarDays, holdoutAfter, holdoutWindow } from './holdout.ts';

describe('holdout', () => {
  it('is the last fraction of the calendar days of an idea', () => {
    expect(holdoutWindow({ start: '2001-01-02', end: '2015-12-31' }, 0.2)).toEqual({ start: '2012-12-31', end: '2015-12-31' });
    expect(holdoutWindow({ start: '2021-01-01', end: '2021-01-10' }, 0.2)).toEqual({ start: '2021-01-09', end: '2021-01-10' });
  });

  it('follows a hand-written evaluation and keeps the same proportion', () => {
    // 8 days seen and 2 held out are 10 days of which a fifth is held out.
    expect(holdoutAfter({ start: '2021-01-01', end: '2021-01-08' }, 0.2, '2021-12-31')).toEqual({ start: '2021-01-09', end: '2021-01-10' });
  });

  it('is cut at the last day of the snapshot, and absent when nothing is left', () => {
    const seen = { start: '2021-01-01', end: '2021-04-10' };
    expect(holdoutAfter(seen, 0.2, '2021-04-15')).toEqual({ start: '2021-04-11', end: '2021-04-15' });
    expect(holdoutAfter(seen, 0.2, '2021-04-10')).toBeNull();
  });

  it('ends with the window and never takes less than the fraction, nor a day more', () => {
    const days = fc.integer({ min: 2, max: 20_000 });
    fc.assert(
      fc.property(days, fc.double({ min: 0.01, max: 0.49, noNaN: true }), (length, fraction) => {
        const research = { start: '2000-01-01', end: addDays('2000-01-01', length - 1) };
        const holdout = holdoutWindow(research, fraction);
        expect(holdout.end).toBe(research.end);
        expect(calendarDays(holdout)).toBeGreaterThanOrEqual(length * fraction - 1e-6);
        expect(calendarDays(holdout)).toBeLessThan(length * fraction + 1);
      }),
    );
  });
});
