import * as vitest from 'vitest';

// Tests of templates, remembered as they are declared, so that they can be run once more over a template that somebody broke.

type Declared = { title: string; run: () => unknown };
type Body = (...row: unknown[]) => Promise<void> | void;
type Row = { group: boolean; title: string; row: unknown; run: Body };

const roots: Row[] = [];
let depth = 0;
let collected: Declared[] | undefined;

const inside = (run: Body): Body =>
  function body(...row) {
    depth += 1;
    try {
      return run(...row);
    } finally {
      depth -= 1;
    }
  };

const call = ({ run, row }: Row): unknown => (Array.isArray(row) ? run(...row) : run(row));

/** Takes what is declared; true where it is not vitest's to run. */
const declare = (group: boolean, rows: readonly unknown[], title: string, run: Body): boolean => {
  if (collected && !group) collected.push(...rows.map((row) => ({ title, run: () => call({ group, title, row, run }) })));
  else if (depth === 0) roots.push(...rows.map((row) => ({ group, title, row, run })));
  return collected !== undefined;
};

const watched = <F extends typeof vitest.describe | typeof vitest.test>(original: F, group: boolean): F =>
  new Proxy(original, {
    apply: (target, self, [title, run]) =>
      declare(group, [[]], title, run) || Reflect.apply(target, self, [title, group ? inside(run) : run]),
    get: (target, key) =>
      key === 'each'
        ? (rows: unknown[]) => (title: string, run: Body) =>
            declare(group, rows, title, run) || target.each(rows)(title, group ? inside(run) : run)
        : Reflect.get(target, key),
  });

export const describe = watched(vitest.describe, true);
export const test = watched(vitest.test, false);

/** Whether a group or test with this row looks at the environment. Rows that name none look at whichever they like. */
const looksAt = (row: unknown, env: string): boolean => {
  const name = typeof row === 'object' && row !== null && 'name' in row ? row.name : undefined;
  return name === undefined || name === env;
};

const declared = (env: string | undefined): Declared[] => {
  collected = [];
  try {
    for (const root of roots.filter(({ row }) => env === undefined || looksAt(row, env))) {
      if (root.group) call(root);
      else collected.push({ title: root.title, run: () => call(root) });
    }
    return collected;
  } finally {
    collected = undefined;
  }
};

/** Titles of all tests, as they are written. */
export const titles = (): string[] => [...new Set(declared(undefined).map(({ title }) => title))];

/** Titles of the tests that fail now, of those that look at the environment. */
export const failing = async (env: string): Promise<string[]> => {
  const failed = new Set<string>();
  for (const { title, run } of declared(env)) {
    try {
      await run();
    } catch {
      failed.add(title);
    }
  }
  return [...failed].sort();
};
