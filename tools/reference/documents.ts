import { globSync, readFileSync } from 'node:fs';
import * as z from 'zod';
import { POLICY_BUNDLES } from '../../contracts/policy-bundle.ts';
import { code, page, table } from './markdown.ts';

const ROOT = new URL('../../', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, ROOT), 'utf8');

const Members = z.object({ properties: z.record(z.string(), z.unknown()), required: z.array(z.string()).default([]) });
const Schema = z.union([Members, z.object({ oneOf: z.array(Members) }).transform(({ oneOf }) => merge(oneOf))]);
type Members = z.infer<typeof Members>;

/** Variants of one document as one: a member is required where all of them require it. */
const merge = (variants: readonly Members[]): Members => ({
  properties: Object.assign({}, ...variants.map(({ properties }) => properties)),
  required: Object.keys(variants[0]?.properties ?? {}).filter((name) => variants.every(({ required }) => required.includes(name))),
});

const sources = globSync('contracts/*.ts', { cwd: ROOT, exclude: ['**/*.test.ts'] }).toSorted();

/** The doc comment that introduces a version, and the file that has it. */
const introduced = (version: string): { source: string; meaning: string } => {
  for (const source of sources) {
    for (const [, comment = ''] of read(source).matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\//g)) {
      const text = comment.replaceAll(/\s*\n\s*\*?\s*/g, ' ').trim();
      const name = `\`${version}\``;
      if (text.startsWith(name)) {
        const meaning = text.slice(name.length).replace(/^[:.,]\s*/, '');
        return { source, meaning: meaning.charAt(0).toUpperCase() + meaning.slice(1) };
      }
    }
  }
  throw new Error(`no doc comment in contracts/ starts with \`${version}\`; say there what the document is`);
};

const membersOf = (file: string): string => {
  const { properties, required } = Schema.parse(JSON.parse(read(file)));
  return Object.keys(properties)
    .map((name) => code(required.includes(name) ? name : `${name}?`))
    .join(' ');
};

/** Every versioned document, from the published JSON Schema files. */
export const documentsPage = (): string => {
  const files = globSync('contracts/schemas/*.schema.json', { cwd: ROOT }).toSorted();
  const sections = files.map((file) => {
    const version = file.replace(/^.*\/|\.schema\.json$/g, '');
    const { source, meaning } = introduced(version);
    return `## ${version}\n\n${meaning}\n\n${membersOf(file)}\n\n[JSON Schema](../../${file}) · [source](../../${source})`;
  });
  return page(
    'Documents',
    '`contracts/`',
    'Every stored document names its version in `schema_version`. Unknown members and unknown versions are errors. A member with ? may be left out on input. A published version does not change: `node tools/schemas.ts --check` compares it with its digest.',
    ...sections,
  );
};

const flat = (value: unknown, name = ''): [string, string][] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, inner]) => flat(inner, name === '' ? key : `${name}.${key}`))
    : [[code(name), String(value)]];

/** The policy bundles that ship, with their numbers. */
export const policyPage = (): string =>
  page(
    'Policy bundles',
    '`contracts/policy-bundle.ts`',
    'A policy bundle holds costs, holdout and gates. Neither a model nor a blueprint can set them. A run specification carries the whole bundle and its digest.',
    ...Object.values(POLICY_BUNDLES).flatMap(({ id, costs, initial_capital, holdout, gates }) => [
      `## ${id}`,
      table(['setting', 'value'], flat({ costs, initial_capital, holdout, gates })),
    ]),
  );
