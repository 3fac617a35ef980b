import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from './canonical-json.ts';
import { sha256Hex } from './hash.ts';

describe('canonical JSON', () => {
  it('sorts keys and writes numbers as RFC 8785 does', () => {
    expect(canonicalJson({ b: 1e21, a: [0.1, -0, 'é', null], A: true })).toBe('{"A":true,"a":[0.1,0,"é",null],"b":1e+21}');
  });

  it('is the same text whatever the order of keys, and reads back as the same value', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.oneof(fc.integer(), fc.string(), fc.boolean())), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse());
        expect(canonicalJson(reversed)).toBe(canonicalJson(value));
        expect(JSON.parse(canonicalJson(value))).toEqual(value);
      }),
    );
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, '\ud800'])('refuses what JSON cannot say, at any depth: %s', (value) => {
    expect(() => canonicalJson(value)).toThrow();
    expect(() => canonicalJson({ a: [value] })).toThrow();
  });

  it('refuses to have no text at all', () => {
    expect(() => canonicalJson(undefined)).toThrow(/type undefined/);
    expect(() => canonicalJson(() => 1)).toThrow(/type function/);
    expect(canonicalJson({ a: undefined })).toBe('{}');
  });
});

describe('sha256Hex', () => {
  it('hashes text as its UTF-8 bytes', () => {
    expect(sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(sha256Hex('é')).toBe(sha256Hex(new TextEncoder().encode('é')));
  });
});
