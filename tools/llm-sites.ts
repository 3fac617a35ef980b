import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { readMachines } from './llm-sites/machines.ts';
import { mapCallSites } from './llm-sites/map.ts';
import { callSitesPage } from './llm-sites/page.ts';
import { readRoadmap, roadmapProblems } from './llm-sites/roadmap.ts';
import { parseSources, readSources } from './llm-sites/source.ts';

// Writes the map of every model call to docs/llm/, and the roadmap's table as data. With --check it writes nothing and fails where a
// file would change. A call that is not declared fails either way.

const ROOT = new URL('../', import.meta.url).pathname;
const FOLDER = new URL('../docs/llm/', import.meta.url);

const readIfThere = (name: string): string => {
  try {
    return readFileSync(new URL(name, FOLDER), 'utf8');
  } catch {
    return '';
  }
};

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

const machines = readMachines(ROOT);
const { map, problems } = mapCallSites(parseSources(readSources(ROOT)), machines);
const decisions = readRoadmap(readIfThere('determinization.md'));
const files = Object.entries({
  'call-sites.json': json(map),
  'call-sites.md': callSitesPage(map),
  'determinization.json': json({ schema_version: 'llm_determinization_v1', decisions }),
});
const changed = files.filter(([name, text]) => readIfThere(name) !== text);
const wrong = [...problems, ...roadmapProblems(decisions, machines)];

if (process.argv.includes('--check')) {
  wrong.push(...changed.map(([name]) => `docs/llm/${name} is out of date; run "node tools/llm-sites.ts"`));
} else if (wrong.length === 0) {
  mkdirSync(FOLDER, { recursive: true });
  for (const [name, text] of changed) writeFileSync(new URL(name, FOLDER), text);
}
for (const problem of wrong) process.stderr.write(`${problem}\n`);
process.exitCode = wrong.length === 0 ? 0 : 1;
