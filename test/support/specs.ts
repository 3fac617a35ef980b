import { readFileSync } from 'node:fs';

/** A sample of docs/examples, with changes. */
export const sample = (name: string, changes: Record<string, unknown> = {}): Record<string, unknown> => ({
  ...JSON.parse(readFileSync(new URL(`../../docs/examples/${name}.json`, import.meta.url), 'utf8')),
  ...changes,
});
