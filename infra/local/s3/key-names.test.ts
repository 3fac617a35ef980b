import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeKey, encodeKey, parseVersionFile, versionFile } from './key-names.ts';

const keys = fc.string({ unit: 'binary', minLength: 1, maxLength: 300 });

test('any key has a short file name that cannot leave its folder and tells the key again', () => {
  fc.assert(
    fc.property(keys, fc.integer({ min: 1, max: 1e9 }), (key, n) => {
      const file = versionFile(key, n);
      expect(file).toMatch(/^[a-z0-9_.+%-]+~\d+$/);
      expect(file.length).toBeLessThan(220);
      const parsed = parseVersionFile(file);
      expect(parsed).toEqual({ name: encodeKey(key), n });
      expect([key, null]).toContain(decodeKey(parsed?.name ?? ''));
    }),
  );
});

test('keys that differ in case, in a slash or in an escape have different files', () => {
  const names = ['a/b', 'A/b', 'a+b', 'a%2fb', 'a~b', 'a/b~1', 'x'.repeat(900), `${'x'.repeat(899)}y`].map(encodeKey);
  expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(names.length);
});

test('a file of another origin is no version', () => {
  for (const file of ['.DS_Store', 'a', 'a~', 'a~0', 'a~01', '~1', '%zz~1', '%ff~1', '%h12~1', '../a~1', 'a~1~2']) {
    expect(parseVersionFile(file)).toBeNull();
  }
});
