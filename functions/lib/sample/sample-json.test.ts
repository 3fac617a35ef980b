import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { Blueprint } from '../../../contracts/blueprint.ts';
import { Report } from '../../../contracts/report.ts';
import { factsIn, objectsIn } from './facts.ts';
import { samplePattern } from './pattern.ts';
import { dice } from './random.ts';
import { sampleJson } from './sample-json.ts';

const FACTS = factsIn([
  'Draft it.\n{"symbols": ["SPX", "NDX"], "note": "a } in a \\"string\\"", "research_window": {"start": "2001-01-02", "end": "2012-12-31"}}',
]);

const schemas: Record<string, z.ZodType> = {
  blueprint: Blueprint,
  report: Report,
  numbers: z.strictObject({
    a: z.number().gt(0).lt(0.001),
    b: z.int().min(-5).max(-5),
    c: z.number().multipleOf(7).min(1).max(30),
    d: z.int().max(-10),
  }),
  texts: z.strictObject({
    a: z.string().max(3),
    b: z.string().min(300),
    c: z.email(),
    d: z.iso.datetime(),
    e: z.uuid(),
    f: z.url(),
    g: z.iso.date(),
  }),
  patterns: z.strictObject({
    a: z.string().regex(/^(?:[a-f0-9]{4}-){2}x?$/),
    b: z.string().regex(/^\d+(\.\d+)?\s[^a-y]$/),
    c: z.string().regex(/^foo|bar\?$/),
  }),
  unions: z.array(z.union([z.literal('one'), z.null(), z.boolean(), z.tuple([z.literal(1), z.enum(['x', 'y'])])])).min(3),
  optional: z.object({ a: z.string().optional(), b: z.string().nullable(), c: z.record(z.string(), z.number()) }),
};

describe.each(Object.keys(schemas))('a sample of %s', (name) => {
  const schema = schemas[name] ?? z.never();
  const json = z.toJSONSchema(schema);

  test('is valid for any seed', () => {
    fc.assert(fc.property(fc.string(), (seed) => void schema.parse(sampleJson(json, seed, FACTS))));
  });

  test('is the same for the same seed', () => {
    expect(sampleJson(json, 'seed', FACTS)).toEqual(sampleJson(json, 'seed', FACTS));
  });
});

test('different seeds give different samples', () => {
  const seen = new Set(Array.from({ length: 20 }, (_, n) => JSON.stringify(sampleJson(z.toJSONSchema(Blueprint), `seed ${n}`))));
  expect(seen.size).toBeGreaterThan(10);
});

test('names and days come from the question where they fit', () => {
  const blueprint = Blueprint.parse(sampleJson(z.toJSONSchema(Blueprint), 'seed', FACTS));
  expect(blueprint.symbols).toEqual(['SPX', 'NDX']);
  expect(blueprint.train.start).toBe('2001-01-02');
  expect(blueprint.evaluation.end).toBe('2012-12-31');
  const unfit = factsIn(['{"symbols": ["not a symbol!"]}']);
  expect(Blueprint.parse(sampleJson(z.toJSONSchema(Blueprint), 'seed', unfit)).symbols).not.toContain('not a symbol!');
});

test('of several whole answers the first is given: a model that can draft does not ask', () => {
  const schema = z.toJSONSchema(z.union([z.strictObject({ a: z.literal(1) }), z.strictObject({ question: z.string() })]));
  for (const seed of 'abcdefgh') expect(sampleJson(schema, seed)).toEqual({ a: 1 });
});

test('references of a schema are followed', () => {
  const schema = { type: 'object', properties: { a: { $ref: '#/$defs/a~1b' } }, required: ['a'], $defs: { 'a/b': { const: 4 } } };
  expect(sampleJson(schema, 'seed')).toEqual({ a: 4 });
});

test.each([
  [{ type: 'object', properties: { a: { $ref: '#' } }, required: ['a'] }, 'deeper than'],
  [{ $ref: '#/nowhere' }, 'refers to #/nowhere'],
  [{ type: 'array', minItems: 1, items: false, prefixItems: [false] }, 'nothing is valid'],
  [{ type: 'string', pattern: '^(?=a)b' }, 'not supported'],
  [{ type: 'string', pattern: '^a{9}$', maxLength: 3 }, 'no sample of 0 to 3'],
])('%j cannot be sampled, and the error says why', (schema, message) => {
  expect(() => sampleJson(schema, 'seed')).toThrow(message);
});

test('a pattern is matched by its samples', () => {
  const patterns = ['^[A-Z0-9._^-]{1,16}$', '^(a|bc)+d*e?$', '\\w{3}\\.\\d', '^[^0-9]$', '^\\u0041\\x42[\\]\\-z]$', '^v(?<n>\\d){2,}$'];
  fc.assert(
    fc.property(fc.constantFrom(...patterns), fc.string(), (pattern, seed) => {
      expect(samplePattern(pattern, dice(seed), { min: 0, max: 100 })).toMatch(new RegExp(pattern, 'u'));
    }),
  );
});

test('objects are found in any text, and none makes it throw', () => {
  expect(objectsIn('a {"b": {"c": "}"}} d {broken} {"e": 1}')).toEqual([{ b: { c: '}' } }, { e: 1 }]);
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('{', '}', '[', ']', '"', '\\', ':', ',', 'a', '1') }), (text) => void factsIn([text])),
  );
});
