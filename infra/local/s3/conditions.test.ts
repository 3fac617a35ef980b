import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseRange } from './conditions.ts';

test('a range never leaves the object', () => {
  const bound = fc.oneof(fc.nat(20).map(String), fc.constant(''));
  fc.assert(
    fc.property(bound, bound, fc.nat(12), (first, last, size) => {
      const whole = Array.from({ length: size }, (_, i) => i);
      try {
        const range = parseRange(`bytes=${first}-${last}`, size);
        if (range) expect(whole.slice(range.start, range.end + 1)).toHaveLength(range.end - range.start + 1);
        else expect(first + last === '' || Number(first) > Number(last)).toBe(true);
      } catch (error) {
        expect(error).toMatchObject({ status: 416 });
        expect(first === '' ? Number(last) === 0 || size === 0 : Number(first) >= size).toBe(true);
      }
    }),
  );
});
