import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import * as z from 'zod';

const CONTRACTS = new URL('../contracts/', import.meta.url);
const SCHEMAS = new URL('schemas/', CONTRACTS);
/** Digest of every published schema. A version that stands here is never edited: it gets a successor. */
const PUBLISHED = new URL('published.json', SCHEMAS);

const Published = z.record(z.string(), z.string());

/** The literal `schema_version` of a document schema, or null for any other export. */
const versionOf = (value: unknown): string | null => {
  if (!(value instanceof z.ZodType)) return null;
  const options = value instanceof z.ZodDiscriminatedUnion ? value.options : [value];
  const [first] = options;
  const field = first instanceof z.ZodObject ? first.shape['schema_version'] : undefined;
  const [literal] = field instanceof z.ZodLiteral ? [...field.values] : [];
  return typeof literal === 'string' ? literal : null;
};

/** Every versioned document of the contracts, as JSON Schema text by name. */
const generate = async (): Promise<Map<string, string>> => {
  const schemas = new Map<string, string>();
  const files = readdirSync(CONTRACTS).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));
  for (const file of files.toSorted()) {
    const module: unknown = await import(new URL(file, CONTRACTS).href);
    if (typeof module !== 'object' || module === null) continue;
    for (const value of Object.values(module)) {
      const version = versionOf(value);
      if (version === null || !(value instanceof z.ZodType)) continue;
      // What is accepted on input: defaults make a member optional there.
      const schema = { $id: `urn:holdpoint:${version}`, ...z.toJSONSchema(value, { io: 'input', unrepresentable: 'any' }) };
      schemas.set(version, `${JSON.stringify(schema, null, 2)}\n`);
    }
  }
  return schemas;
};

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
const readOr = (url: URL, fallback: string): string => {
  try {
    return readFileSync(url, 'utf8');
  } catch {
    return fallback;
  }
};

const schemas = await generate();
const published = Published.parse(JSON.parse(readOr(PUBLISHED, '{}')));
const problems: string[] = [];

for (const [version, text] of schemas) {
  const known = published[version];
  if (known && known !== digest(text)) {
    const next = version.replace(/(\d+)$/, (n) => String(Number(n) + 1));
    problems.push(`${version} was published and has changed; publish ${next} instead and write a decision record`);
  }
}
for (const version of Object.keys(published)) {
  if (!schemas.has(version)) problems.push(`${version} was published and is gone; stored documents of that version could not be read`);
}

if (process.argv.includes('--check')) {
  for (const [version, text] of schemas) {
    if (readOr(new URL(`${version}.schema.json`, SCHEMAS), '') !== text)
      problems.push(`contracts/schemas/${version}.schema.json is out of date; run "node tools/schemas.ts"`);
    if (!published[version]) problems.push(`${version} is not published yet; run "node tools/schemas.ts"`);
  }
} else if (problems.length === 0) {
  mkdirSync(SCHEMAS, { recursive: true });
  for (const [version, text] of schemas) writeFileSync(new URL(`${version}.schema.json`, SCHEMAS), text);
  const digests = Object.fromEntries(
    [...schemas].toSorted(([a], [b]) => a.localeCompare(b)).map(([version, text]) => [version, digest(text)]),
  );
  writeFileSync(PUBLISHED, `${JSON.stringify(digests, null, 2)}\n`);
}

for (const problem of problems) process.stderr.write(`${problem}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
