import { execFileSync, spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../../infra/aws/bundle.ts';

const WORKFLOWS = globSync(['.github/workflows/*.yml', 'docs/examples/github/*.yml'], { cwd: ROOT });
const ACTIONS = globSync('docs/examples/github/**/action.yml', { cwd: ROOT });
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

/** Uses of actions that are not pinned to a commit with its version beside it; those of the same repository are. */
const unpinned = (text: string): string[] =>
  [...text.matchAll(/^\s*(?:- )?uses: (.+)$/gm)]
    .map(([, used = '']) => used.trim())
    .filter((used) => !used.startsWith('./') && !/^[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(used));

/** Expressions that a shell would read as its own text: whoever writes a title or a branch name would write the script. */
const injected = (text: string): string[] => {
  let script = -1;
  return text.split('\n').flatMap((line) => {
    const [, indent = '', dash = '', rest] = /^( *)(- )?run: (.*)$/.exec(line) ?? [];
    const inside = script >= 0 && (line.trim() === '' || line.search(/\S/) > script);
    script = rest === undefined ? (inside ? script : -1) : indent.length + dash.length;
    return rest !== undefined || inside ? (line.match(/\$\{\{[^}]*\}\}/g) ?? []) : [];
  });
};

const installed = spawnSync('actionlint', ['-version']).status === 0;
const FETCH = '"go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12" brings it';
if (!installed) console.warn(`actionlint is not on this machine: workflows are not linted (${FETCH})`);

/** What actionlint says of workflows; empty where it finds nothing. */
const linted = (files: readonly string[]): string =>
  spawnSync('actionlint', ['-no-color', ...files], { cwd: ROOT, encoding: 'utf8' }).stdout;

test.skipIf(!installed)('actionlint finds nothing in any workflow', () => {
  expect(linted(WORKFLOWS)).toBe('');
});

test.skipIf(!installed)('actionlint would find a step that does nothing, and a context that does not exist', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'holdpoint-workflow-'));
  const file = path.join(folder, 'broken.yml');
  const expression = '$'.concat('{{ secret.TOKEN }}');
  writeFileSync(
    file,
    `on: push\njobs:\n  one:\n    runs-on: ubuntu-24.04\n    steps:\n      - name: nothing\n      - run: echo ${expression}\n`,
  );
  const said = linted([file]);
  rmSync(folder, { recursive: true });
  expect(said).toContain('"secret"');
  expect(said).toContain('step must run script');
});

test('scripts of the composite action are scripts a shell can read', () => {
  for (const script of globSync('docs/examples/github/**/*.sh', { cwd: ROOT })) execFileSync('bash', ['-n', path.join(ROOT, script)]);
});

test('there are workflows for the project and for its users', () => {
  expect(WORKFLOWS.map((file) => path.basename(file)).sort()).toEqual(['ci.yml', 'holdpoint-report.yml', 'holdpoint-start.yml']);
  expect(ACTIONS).toHaveLength(1);
});

describe.each([...WORKFLOWS, ...ACTIONS])('%s', (file) => {
  test('pins every action to a commit', () => {
    expect(unpinned(read(file))).toEqual([]);
  });

  test('puts no expression into a script', () => {
    expect(injected(read(file))).toEqual([]);
  });
});

describe.each(WORKFLOWS)('%s', (file) => {
  const text = read(file);

  test('starts with no permission but reading, and names each one it adds', () => {
    expect(text).toMatch(/^permissions:( \{\}|\n {2}contents: read)\n/m);
    expect([...text.matchAll(/^\s+([a-z-]+): write(.*)$/gm)].filter(([, , comment]) => !/^ # ./.test(comment ?? ''))).toEqual([]);
    expect(text).not.toMatch(/write-all|pull_request_target/);
  });

  test('leaves no credentials behind and ends in time', () => {
    const jobs = [...text.matchAll(/^ {4}runs-on:/gm)].length;
    expect([...text.matchAll(/timeout-minutes:/g)]).toHaveLength(jobs);
    expect([...text.matchAll(/persist-credentials: false/g)]).toHaveLength([...text.matchAll(/actions\/checkout@/g)].length);
  });
});

test('an action by tag, and an expression in a script, are found', () => {
  expect(unpinned('      - uses: actions/checkout@v5\n')).toEqual(['actions/checkout@v5']);
  const title = '$'.concat('{{ github.event.issue.title }}');
  expect(injected(`      - run: echo ${title}\n`)).toEqual([title]);
  expect(injected(`      - run: |\n          echo ${title}\n`)).toEqual([title]);
});
