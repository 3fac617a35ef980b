import { canonicalJson } from '../canonical-json.ts';
import { pointerOf } from '../guard/subject.ts';
import { isNested, shown } from './differences.ts';

/** `info`: layout. `warn`: wording. `error`: data. */
export const TIERS = ['info', 'warn', 'error'] as const;
export type Tier = (typeof TIERS)[number];

/** One place where an output is not what was expected. */
export type Drift = { tier: Tier; pointer: string; message: string };

export const worstOf = (drifts: readonly { tier: Tier }[]): Tier | null =>
  TIERS.findLast((tier) => drifts.some((drift) => drift.tier === tier)) ?? null;

type Path = readonly string[];
type Schema = Record<string, unknown>;

const isSchema = (value: unknown): value is Schema => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A schema and its alternatives. */
const alternatives = (schema: Schema): Schema[] => [
  schema,
  ...['anyOf', 'oneOf', 'allOf'].flatMap((word) => {
    const options = schema[word];
    return Array.isArray(options) ? options.filter(isSchema).flatMap(alternatives) : [];
  }),
];

const member = (schema: Schema, key: string): Schema[] => {
  const { properties, items } = schema;
  const found = [
    isSchema(properties) && Object.hasOwn(properties, key) ? properties[key] : undefined,
    /^\d+$/.test(key) ? items : undefined,
  ];
  return found.filter(isSchema);
};

/** Where a schema takes any text a writer likes: no pattern, format or list of values. */
const isProse = (root: Schema, path: Path): boolean => {
  const at = path.reduce<Schema[]>(
    (schemas, key) => schemas.flatMap((schema) => member(schema, key).flatMap(alternatives)),
    alternatives(root),
  );
  return at.some((schema) => schema['type'] === 'string' && !['pattern', 'format', 'enum', 'const'].some((word) => word in schema));
};

const tierAt = (root: Schema, path: Path, value: unknown): 'warn' | 'error' => {
  if (isNested(value))
    return Object.entries(value).every(([key, inner]) => tierAt(root, [...path, key], inner) === 'warn') ? 'warn' : 'error';
  return typeof value === 'string' && isProse(root, path) ? 'warn' : 'error';
};

const squeeze = (text: string): string => text.replace(/\s+/g, ' ').trim();

const drift = (tier: Tier, path: Path, message: string): Drift => ({ tier, pointer: pointerOf(path), message });

const words = (value: unknown): string => {
  const text = shown(value);
  return text === null ? 'nothing' : JSON.stringify(text);
};

const leafDrift = (root: Schema, path: Path, expected: unknown, actual: unknown): Drift[] => {
  if (expected === actual) return [];
  const texts = typeof expected === 'string' && typeof actual === 'string' && isProse(root, path);
  const tier = !texts ? 'error' : squeeze(expected) === squeeze(actual) ? 'info' : 'warn';
  return [drift(tier, path, tier === 'info' ? 'only white space differs' : `${words(expected)} expected, ${words(actual)} found`)];
};

const isPermutation = (expected: unknown[], actual: unknown[]): boolean => {
  const sorted = (list: unknown[]) => canonicalJson(list.map(canonicalJson).sort());
  return canonicalJson(expected) !== canonicalJson(actual) && sorted(expected) === sorted(actual);
};

const arrayDrift = (root: Schema, path: Path, expected: unknown[], actual: unknown[]): Drift[] => {
  if (isPermutation(expected, actual)) return [drift('info', path, 'the same elements in another order')];
  const length = Math.max(expected.length, actual.length);
  return Array.from({ length }, (_, i) => {
    const at = [...path, String(i)];
    if (i < expected.length && i < actual.length) return compare(root, at, expected[i], actual[i]);
    const [value, said] = i < expected.length ? [expected[i], 'is missing'] : [actual[i], 'was not expected'];
    return [drift(tierAt(root, at, value), at, `${words(value)} ${said}`)];
  }).flat();
};

const objectDrift = (root: Schema, path: Path, expected: Schema, actual: Schema): Drift[] => {
  const keys = [...new Set([...Object.keys(expected), ...Object.keys(actual)])];
  const found = keys.flatMap((key) => {
    const at = [...path, key];
    if (!Object.hasOwn(actual, key)) return [drift('error', at, `${words(expected[key])} is missing`)];
    if (!Object.hasOwn(expected, key)) return [drift('error', at, `${words(actual[key])} was not expected`)];
    return compare(root, at, expected[key], actual[key]);
  });
  const reordered = found.length === 0 && Object.keys(expected).join('\n') !== Object.keys(actual).join('\n');
  return reordered ? [drift('info', path, 'the same members in another order')] : found;
};

const compare = (root: Schema, path: Path, expected: unknown, actual: unknown): Drift[] => {
  if (Array.isArray(expected) && Array.isArray(actual)) return arrayDrift(root, path, expected, actual);
  if (isSchema(expected) && isSchema(actual)) return objectDrift(root, path, expected, actual);
  return leafDrift(root, path, expected, actual);
};

/** How an output drifted from what was expected; the JSON Schema of the output says where it is prose. */
export const driftOf = (expected: unknown, actual: unknown, schema: Record<string, unknown>): Drift[] =>
  compare(schema, [], expected, actual);
