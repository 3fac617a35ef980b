import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareUtf8, createSortedKeys } from './sorted-keys.ts';

const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

test('the order is that of UTF-8 bytes, also where UTF-16 differs', () => {
  expect(compareUtf8('\uffee', '😀')).toBeLessThan(0);
  const text = fc.string({ unit: 'binary' });
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(Math.sign(compareUtf8(a, b))).toBe(byBytes(a, b));
    }),
  );
});

test('after any additions and deletions it holds what a set holds, in order, and seeks to any key', () => {
  const key = fc.stringMatching(/^[a-c]{1,3}$/);
  const change = fc.record({ key, add: fc.boolean() });
  fc.assert(
    fc.property(fc.uniqueArray(key), fc.array(change), key, (initial, changes, start) => {
      const keys = createSortedKeys(initial);
      const model = new Set(initial);
      for (const { key, add } of changes) {
        if (add) keys.add(key);
        else keys.delete(key);
        if (add) model.add(key);
        else model.delete(key);
      }
      const sorted = [...model].sort(byBytes);
      expect([...keys.from(() => false)]).toEqual(sorted);
      expect([...keys.from((other) => other < start)]).toEqual(sorted.filter((other) => other >= start));
    }),
  );
});

test('it stays in order when it grows beyond a chunk from either end', () => {
  const keys = createSortedKeys(['5000']);
  const names = Array.from({ length: 9000 }, (_, i) => String(1000 + ((i * 4057) % 9000)));
  for (const name of names) keys.add(name);
  expect([...keys.from(() => false)]).toEqual([...new Set(names)].sort());
  for (const name of names) keys.delete(name);
  expect([...keys.from(() => false)]).toEqual([]);
});
