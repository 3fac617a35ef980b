import { type Facts, NO_FACTS } from './facts.ts';
import { samplePattern } from './pattern.ts';
import { type Dice, dice } from './random.ts';

type Schema = Record<string, unknown>;
type Walk = {
  root: Schema;
  dice: Dice;
  facts: Facts;
  /** Where numbers lie in their range: the same fraction for all, so that what is ordered by its range stays ordered. */
  fraction: number;
  /** Dates already given: the next one is later. */
  dates: number;
  depth: number;
};

const MAX_DEPTH = 24;
/** Dates a sample is spread over: more of them would start again. */
const DATE_STEPS = 4;
const UNBOUNDED = 100;
const SENTENCE = 'This is a sample text without figures, made from the schema of the answer.';

const isSchema = (value: unknown): value is Schema => typeof value === 'object' && value !== null && !Array.isArray(value);
const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

const resolve = (walk: Walk, schema: Schema): Schema => {
  const ref = schema['$ref'];
  if (typeof ref !== 'string') return schema;
  const path = ref.replace(/^#\/?/, '').split('/').filter(Boolean);
  const found = path.reduce<unknown>(
    (at, part) => (isSchema(at) ? at[part.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined),
    walk.root,
  );
  if (!isSchema(found)) throw new Error(`the schema refers to ${ref}, which it does not have`);
  return found;
};

const merge = (parts: readonly Schema[]): Schema =>
  parts.reduce<Schema>((all, part) => {
    const properties =
      isSchema(all['properties']) && isSchema(part['properties']) ? { properties: { ...all['properties'], ...part['properties'] } } : {};
    const required = [...new Set([...listOf(all['required']), ...listOf(part['required'])])];
    return { ...all, ...part, ...properties, ...(required.length > 0 ? { required } : {}) };
  }, {});

/** The ends of a number's range, wherever they are not given near the other one. */
const rangeOf = (schema: Schema, gap: number): [number, number] => {
  const floor = numberOf(schema['exclusiveMinimum']);
  const ceiling = numberOf(schema['exclusiveMaximum']);
  const least = Math.max(numberOf(schema['minimum']) ?? -Infinity, floor === undefined ? -Infinity : floor + gap);
  const most = Math.min(numberOf(schema['maximum']) ?? Infinity, ceiling === undefined ? Infinity : ceiling - gap);
  const min = least > Number.MIN_SAFE_INTEGER ? least : Math.min(0, most - UNBOUNDED);
  return [min, most < Number.MAX_SAFE_INTEGER ? most : min + UNBOUNDED];
};

const sampleStep = ({ fraction }: Walk, schema: Schema, step: number): number => {
  const [min, max] = rangeOf(schema, step);
  const up = Math.ceil(min / step) * step;
  return Math.max(up, Math.floor((min + (max - min) * fraction) / step) * step);
};

/** Strictly inside of its range, so that it does not matter whether the ends belong to it. */
const sampleReal = ({ fraction }: Walk, schema: Schema): number => {
  const [min, max] = rangeOf(schema, 0);
  const value = min + (max - min) * (0.05 + 0.9 * fraction);
  const short = Number(value.toFixed(4));
  return short > min && short < max ? short : value;
};

const sampleNumber = (walk: Walk, schema: Schema, whole: boolean): number => {
  const step = numberOf(schema['multipleOf']) ?? (whole ? 1 : undefined);
  return step === undefined ? sampleReal(walk, schema) : sampleStep(walk, schema, step);
};

const DAY_MS = 86_400_000;

const nextDate = (walk: Walk): string => {
  const { start, end } = walk.facts.window;
  const at = Date.parse(start) + ((Date.parse(end) - Date.parse(start)) * (walk.dates++ % DATE_STEPS)) / (DATE_STEPS - 1);
  return new Date(Math.floor(at / DAY_MS) * DAY_MS).toISOString();
};

const FORMATS: Record<string, (walk: Walk) => string> = {
  date: (walk) => nextDate(walk).slice(0, 10),
  'date-time': nextDate,
  time: () => '12:00:00Z',
  email: () => 'sample@example.com',
  uri: () => 'https://example.com/sample',
  uuid: () => '00000000-0000-4000-8000-000000000000',
  ipv4: () => '192.0.2.1',
  ipv6: () => '2001:db8::1',
};

const sampleString = (walk: Walk, schema: Schema): string => {
  const min = numberOf(schema['minLength']) ?? 0;
  const max = numberOf(schema['maxLength']) ?? Math.max(min, 200);
  const format = typeof schema['format'] === 'string' ? FORMATS[schema['format']] : undefined;
  if (format) return format(walk);
  if (typeof schema['pattern'] === 'string') return samplePattern(schema['pattern'], walk.dice, { min, max });
  return SENTENCE.padEnd(min, ' .').slice(0, max);
};

const sampleArray = (walk: Walk, schema: Schema): unknown[] => {
  const tuple = listOf(schema['prefixItems']);
  const min = numberOf(schema['minItems']) ?? 0;
  const max = numberOf(schema['maxItems']) ?? Infinity;
  const items = schema['items'];
  const length = Math.max(tuple.length, items === false ? 0 : Math.min(max, Math.max(min, 1)));
  return Array.from({ length }, (_, i) => sampleAt(walk, i < tuple.length ? tuple[i] : (items ?? {})));
};

const sampleMember = (walk: Walk, name: string, schema: unknown): unknown => {
  const known = isSchema(schema) ? walk.facts.value(name, resolve(walk, schema)) : undefined;
  return known === undefined ? sampleAt(walk, schema) : known;
};

const sampleObject = (walk: Walk, schema: Schema): Record<string, unknown> => {
  const properties = isSchema(schema['properties']) ? schema['properties'] : {};
  // In the order they are required in: a schema in canonical JSON lists its properties by name.
  const names = [...new Set(listOf(schema['required']).filter((name) => typeof name === 'string'))];
  const extra = isSchema(schema['additionalProperties']) ? schema['additionalProperties'] : {};
  return Object.fromEntries(names.map((name) => [name, sampleMember(walk, name, properties[name] ?? extra)]));
};

const typeOf = (schema: Schema): unknown => {
  const type = schema['type'];
  if (Array.isArray(type)) return type[0];
  if (type !== undefined) return type;
  if (schema['properties'] || schema['required']) return 'object';
  return schema['items'] || schema['prefixItems'] ? 'array' : 'string';
};

const sampleTyped = (walk: Walk, schema: Schema): unknown => {
  switch (typeOf(schema)) {
    case 'object':
      return sampleObject(walk, schema);
    case 'array':
      return sampleArray(walk, schema);
    case 'integer':
      return sampleNumber(walk, schema, true);
    case 'number':
      return sampleNumber(walk, schema, false);
    case 'boolean':
      return walk.dice.next() < 0.5;
    case 'null':
      return null;
    default:
      return sampleString(walk, schema);
  }
};

function sampleAt(walk: Walk, definition: unknown): unknown {
  if (definition === true || definition === undefined) return SENTENCE;
  if (!isSchema(definition))
    throw new Error(`no sample can be made for the schema ${JSON.stringify(definition)}: nothing is valid against it`);
  if (walk.depth > MAX_DEPTH) throw new Error(`no sample can be made: the schema goes deeper than ${MAX_DEPTH} levels`);
  const schema = resolve(walk, definition);
  walk.depth++;
  try {
    if ('const' in schema) return schema['const'];
    const [first, ...rest] = listOf(schema['enum']);
    if (first !== undefined) return walk.dice.pick([first, ...rest]);
    const all = listOf(schema['allOf']).filter(isSchema);
    const { allOf: _, anyOf, oneOf, ...own } = schema;
    const base = all.length > 0 ? merge([own, ...all.map((part) => resolve(walk, part))]) : own;
    const [branch, ...branches] = [...listOf(oneOf), ...listOf(anyOf)].filter(isSchema);
    // What is asked for stands first; a question or a refusal instead comes after it.
    const chosen = branch && (walk.depth === 1 ? branch : walk.dice.pick([branch, ...branches]));
    if (chosen) return sampleAt(walk, merge([base, resolve(walk, chosen)]));
    return sampleTyped(walk, base);
  } finally {
    walk.depth--;
  }
}

/**
 * A value that is valid against a JSON Schema, the same for the same seed. Objects have their required members only; of
 * several whole answers it is the first. `facts` are taken where a member of that name allows them. Throws for what no
 * sample can be made of.
 */
export const sampleJson = (schema: Record<string, unknown>, seed: string, facts: Facts = NO_FACTS): unknown => {
  const random = dice(seed);
  return sampleAt({ root: schema, dice: random, facts, fraction: random.next(), dates: 0, depth: 0 }, schema);
};
