import { describe, expect, test } from 'vitest';
import { type SupportedNumbers, unsupportedNumbers } from './numbers.ts';
import { subjectOf } from './subject.ts';

const numbers: SupportedNumbers = {
  values: [0.1234, -0.0155, 0.62, 7, 50, 200, 132456.7, 1, 0.5, -0.3932],
  windows: [{ start: '2001-01-02', end: '2012-12-28' }],
  names: ['SPX', 'ES2'],
};
const found = (text: string) =>
  unsupportedNumbers(subjectOf(JSON.stringify({ body: text })), { numbers }).map((f) => f.message.split('"')[1]);

describe('supported', () => {
  test.each([
    'a return of 12.34 %, or 12.3 %, or 12 percent, or 0.12',
    'a Sharpe ratio of 0.62 or 0.6',
    '7 trades with the 50/200-day averages',
    'a capital of 132,457 or 132k',
    'a loss of 1.55 % a year; -1.6 % a year; it fell 1.6 %',
    'from 2001-01-02 to 2012-12-28, in the crash of 2008, in March 2009',
    'a drawdown smaller by 39.3 %, which is less',
    '1 bps commission',
    'of ES2 and SPX, half of the time (50 %)',
    '1. First\n2. Second',
  ])('%s', (text) => expect(found(text)).toEqual([]));
});

describe('unsupported', () => {
  test.each([
    ['an invented number', 'a Sharpe ratio of 1.91', ['1.91']],
    ['an invented percentage', 'it gained 45 %', ['45 %']],
    ['a rounding that is wrong', 'a return of 12.4 %', ['12.4 %']],
    ['a whole number for a fraction', 'a Sharpe ratio of 2', ['2']],
    ['a loss shown as a gain', 'a return of 1.55 % a year', ['1.55 %']],
    ['a plus before a loss', 'a return of +1.55 %', ['+1.55 %']],
    ['a minus before a gain', 'a return of -12.34 %', ['-12.34 %']],
    ['a date outside the windows', 'since 1987', ['1987']],
    ['a number hidden in a word', 'a Sharpe of x9', ['x9']],
    ['a number in another unit', 'an edge of 12 million', ['12 million']],
    ['a full-width number', 'a Sharpe ratio of １.９１', ['1.91']],
  ])('%s', (_, text, expected) => expect(found(text)).toEqual(expected));
});
