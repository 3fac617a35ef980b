import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import process from 'node:process';
import * as z from 'zod';
import { cli } from '../cli/testing/world.ts';

// Holds the documentation to the tree: links and their anchors resolve, every page is reachable, and every
// command, verb, option and file that a page shows exists.

const ROOT = new URL('../', import.meta.url).pathname;
const INDEX = 'docs/README.md';

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const pages = ['README.md', 'AGENTS.md', ...globSync('docs/**/*.md', { cwd: ROOT })];
const problems: string[] = [];

const FENCES = /```[\s\S]*?```/g;

type Link = { file: string; anchor: string | null };

/** Links of a page to files of the tree, fences left out. */
const linksOf = (page: string): Link[] => {
  const targets = [
    ...read(page)
      .replaceAll(FENCES, '')
      .matchAll(/\]\(([^)\s]+)\)/g),
  ].map((match) => match[1] ?? '');
  return targets
    .filter((target) => !/^(https?:|mailto:)/.test(target))
    .map((target) => {
      const [path = '', anchor = null] = target.split('#');
      return { file: path === '' ? page : normalize(join(dirname(page), path)), anchor };
    });
};

/** Anchors that headings get: lower case, punctuation gone, blanks to hyphens. */
const anchorsOf = (page: string): string[] =>
  [
    ...read(page)
      .replaceAll(FENCES, '')
      .matchAll(/^#+ (.+)$/gm),
  ].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  );

const checkLinks = (): Map<string, string[]> => {
  const graph = new Map<string, string[]>();
  for (const page of pages) {
    const links = linksOf(page);
    for (const { file, anchor } of links) {
      if (!existsSync(join(ROOT, file))) problems.push(`${page}: link to ${file}, which does not exist`);
      else if (anchor !== null && !anchorsOf(file).includes(anchor))
        problems.push(`${page}: link to ${file}#${anchor}, which has no such heading`);
    }
    graph.set(
      page,
      links.map(({ file }) => file),
    );
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

/** npm scripts and files given to node. */
const checkScripts = (): void => {
  const { scripts } = Scripts.parse(JSON.parse(read('package.json')));
  for (const page of pages) {
    const text = read(page);
    for (const [, script = ''] of text.matchAll(/npm run ([a-z][\w:-]*)/g)) {
      if (!Object.hasOwn(scripts, script)) problems.push(`${page}: shows "npm run ${script}", which package.json does not have`);
    }
    for (const [, file = ''] of text.matchAll(/\bnode ([\w./-]+\.(?:ts|mjs))/g)) {
      if (!existsSync(join(ROOT, file))) problems.push(`${page}: runs ${file}, which does not exist`);
    }
  }
};

type Shown = { page: string; verb: string; rest: string };

/** Command lines of the CLI that pages show, to their end. */
const shownCommands = (): Shown[] =>
  pages.flatMap((page) =>
    [...read(page).matchAll(/(?:npm run holdpoint -- |`holdpoint |^holdpoint )([a-z][a-z-]*)([^`\n]*)/gm)].map(
      ([, verb = '', rest = '']) => ({
        page,
        verb,
        rest,
      }),
    ),
  );

/** Words that may be verbs inside a verb, such as `snapshot put`. */
const helpOf = async (verb: string, rest: string): Promise<string> => {
  const inner = /^ ([a-z]+)/.exec(rest)?.[1];
  const [own, below] = await Promise.all([cli([verb, '--help']), inner ? cli([verb, inner, '--help']) : { stdout: '' }]);
  return own.stdout + below.stdout;
};

const checkCommands = async (): Promise<void> => {
  const verbs = new Set(globSync('cli/verbs/*.ts', { cwd: ROOT }).map((file) => relative('cli/verbs', file).replace(/\.ts$/, '')));
  for (const { page, verb, rest } of shownCommands()) {
    if (!verbs.has(verb)) {
      problems.push(`${page}: shows "holdpoint ${verb}", which the CLI does not have`);
      continue;
    }
    const help = await helpOf(verb, rest);
    for (const [option] of rest.replaceAll(/"[^"]*"/g, '').matchAll(/--[a-z-]+/g)) {
      if (!help.includes(`${option} `)) problems.push(`${page}: shows "holdpoint ${verb} ${option}", which the verb does not take`);
    }
  }
};

const graph = checkLinks();
checkReachable(graph);
checkScripts();
await checkCommands();
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
