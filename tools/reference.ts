import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { bundlesPage } from './reference/bundles.ts';
import { cliPage } from './reference/cli.ts';
import { approvalsPage, codesPage } from './reference/codes.ts';
import { configurationPage } from './reference/configuration.ts';
import { documentsPage, policyPage } from './reference/documents.ts';
import { eventsPage } from './reference/events.ts';
import { httpPage } from './reference/http.ts';
import { statesPage } from './reference/states.ts';

// Writes docs/reference/ from the code. With --check it writes nothing and fails where a page would change.

const FOLDER = new URL('../docs/reference/', import.meta.url);

const PAGES: Record<string, () => string | Promise<string>> = {
  'approvals.md': approvalsPage,
  'bundles.md': bundlesPage,
  'cli.md': cliPage,
  'codes.md': codesPage,
  'configuration.md': configurationPage,
  'documents.md': documentsPage,
  'events.md': eventsPage,
  'http.md': httpPage,
  'policy-bundles.md': policyPage,
  'states.md': statesPage,
};

const existing = (): string[] => {
  try {
    return readdirSync(FOLDER);
  } catch {
    return [];
  }
};

const readIfThere = (name: string): string | null => {
  try {
    return readFileSync(new URL(name, FOLDER), 'utf8');
  } catch {
    return null;
  }
};

const pages = await Promise.all(Object.entries(PAGES).map(async ([name, write]) => [name, await write()] as const));
const stale = existing().filter((name) => !Object.hasOwn(PAGES, name));
const changed = pages.filter(([name, text]) => readIfThere(name) !== text);

if (process.argv.includes('--check')) {
  for (const name of [...changed.map(([page]) => page), ...stale]) {
    process.stderr.write(`docs/reference/${name} is out of date; run "node tools/reference.ts"\n`);
  }
  process.exitCode = changed.length + stale.length === 0 ? 0 : 1;
} else {
  mkdirSync(FOLDER, { recursive: true });
  for (const [name, text] of changed) writeFileSync(new URL(name, FOLDER), text);
  for (const name of stale) rmSync(new URL(name, FOLDER));
}
