import fc from 'fast-check';
import { expect, it } from 'vitest';
import { dataProblem, tooDeep, tooLarge } from './limits.ts';

const nested = (depth: number, inner: string) => `${'{"a":['.repeat(depth)}${inner}${']}'.repeat(depth)}`;

it('counts nesting by brackets outside strings only', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const inner = JSON.stringify(text);
      expect(tooDeep(nested(500, inner))).toBe(false);
      expect(tooDeep(nested(501, inner))).toBe(true);
      expect(tooDeep(JSON.stringify('['.repeat(2000) + text))).toBe(false);
    }),
  );
});

it('measures documents in bytes, not in characters', () => {
  expect([tooLarge('e'.repeat(262_144)), tooLarge('e'.repeat(262_145)), tooLarge('é'.repeat(131_073))]).toEqual([false, true, true]);
});

it('says what keeps a text from being a document', () => {
  expect(dataProblem('{"a":1}')).toBeNull();
  expect(dataProblem('{"a":')).toContain('not JSON');
  expect(dataProblem('')).toContain('not JSON');
});
