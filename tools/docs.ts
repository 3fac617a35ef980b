import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import process from 'node:process';
import * as z from 'zod';

const ROOT = new URL('../', import.meta.url).pathname;
const INDEX = 'docs/README.md';

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const pages = ['README.md', 'AGENTS.md', ...globSync('docs/**/*.md', { cwd: ROOT })];
const problems: string[] = [];

/** Relative link targets of a page, fences left out, without their fragments. */
const linksOf = (page: string): string[] => {
  const text = read(page).replaceAll(/```[\s\S]*?```/g, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '').filter((target) => !/^(https?:|mailto:|#)/.test(target));
};

const resolveLink = (page: string, target: string): string => normalize(join(dirname(page), target.split('#')[0] ?? ''));

const checkLinks = (): Map<string, string[]> => {
  const graph = new Map<string, string[]>();
  for (const page of pages) {
    const targets = linksOf(page).map((target) => resolveLink(page, target));
    for (const target of targets) if (!existsSync(join(ROOT, target))) problems.push(`${page}: link to ${target}, which does not exist`);
    graph.set(page, targets);
  }
  return graph;
};

/** Every page must be reachable from the index of the docs. */
const checkReachable = (graph: Map<string, string[]>): void => {
  const seen = new Set<string>();
  const queue = [INDEX];
  for (let page = queue.shift(); page !== undefined; page = queue.shift()) {
    if (seen.has(page)) continue;
    seen.add(page);
    queue.push(...(graph.get(page) ?? []));
  }
  for (const page of pages) if (page.startsWith('docs/') && !seen.has(page)) problems.push(`${page}: not reachable from ${INDEX}`);
};

const Scripts = z.object({ scripts: z.record(z.string(), z.string()) });

/** Commands that guides show must exist: npm scripts, CLI verbs, files given to node. */
const checkCommands = (): void => {
  const { scripts } = Scripts.parse(JSON.parse(read('package.json')));
  const verbs = new Set(globSync('cli/verbs/*.ts', { cwd: ROOT }).map((file) => relative('cli/verbs', file).replace(/\.ts$/, '')));
  for (const page of pages) {
    const text = read(page);
    for (const [, script = ''] of text.matchAll(/npm run ([a-z][\w:-]*)/g)) if (!(script in scripts)) problems.push(`${page}: shows "npm run ${script}", which package.json does not have`);
    for (const [, verb = ''] of text.matchAll(/(?:npm run holdpoint -- |`holdpoint |^holdpoint )([a-z][a-z-]*)/gm)) {
      if (!verbs.has(verb)) problems.push(`${page}: shows "holdpoint ${verb}", which the CLI does not have`);
    }
    for (const [, file = ''] of text.matchAll(/\bnode ([\w./-]+\.(?:ts|mjs))/g)) if (!existsSync(join(ROOT, file))) problems.push(`${page}: runs ${file}, which does not exist`);
  }
};

const graph = checkLinks();
checkReachable(graph);
checkCommands();
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
