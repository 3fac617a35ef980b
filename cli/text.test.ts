import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clean, fit, padEnd, safeJson, widthOf, wrap } from './text.ts';

const wild = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc
    .array(
      fc.constantFrom('\x1b[31m', '\x1b]0;title\x07', '\x9b2J', '\r', '\n', '\u202e', '\u200f', 'é', '語', '👩‍👩‍👧', '\ud800', 'a', ' '),
    )
    .map((parts) => parts.join('')),
);
const ACTED_ON = /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069\u200e\u200f]/u;

test('no text keeps a character that a terminal acts on', () => {
  fc.assert(fc.property(wild, (text) => !ACTED_ON.test(clean(text))));
});

test('escape sequences vanish whole, line breaks become spaces', () => {
  expect(clean('\x1b[31mred\x1b[0m\r\nnext \x1b]8;;http://x\x07link')).toBe('red next link');
});

test('a cut text is never wider than its room', () => {
  fc.assert(fc.property(wild, fc.nat(40), (text, width) => widthOf(fit(clean(text), width)) <= width));
});

test('a cut text keeps whole characters', () => {
  expect(fit('語語語', 5)).toBe('語語…');
  expect(fit('👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧', 4)).toBe('👩‍👩‍👧…');
  expect(padEnd('語', 4)).toBe('語  ');
});

test('wrapping loses no word', () => {
  fc.assert(
    fc.property(
      wild.map(clean),
      fc.integer({ min: 1, max: 60 }),
      (text, width) => wrap(text, width).join(' ') === text.replace(/ +/g, ' '),
    ),
  );
});

test('JSON for scripts means the same and carries nothing a terminal acts on', () => {
  fc.assert(
    fc.property(fc.jsonValue(), wild, (value, text) => {
      const printed = safeJson({ value, text: text.toWellFormed() });
      expect(JSON.parse(printed)).toEqual(JSON.parse(JSON.stringify({ value, text: text.toWellFormed() })));
      expect(printed).not.toMatch(ACTED_ON);
    }),
  );
});
