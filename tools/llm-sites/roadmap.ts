import * as z from 'zod';
import { walk } from '../../infra/local/sfn/asl.ts';
import type { Machines } from './machines.ts';

/** How something is decided today. */
const TODAY = ['deterministic', 'model-produced evidence only'] as const;

/** One decision of the system, and where it goes from here. */
export const RoadmapRow = z.strictObject({
  decision: z.string().regex(/^[a-z_]+(\/[A-Za-z0-9]+)?$/, 'a decision is a word, or "<machine>/<Choice state>"'),
  what: z.string().min(10),
  today: z.enum(TODAY),
  next: z.string().min(3),
});
export type RoadmapRow = z.infer<typeof RoadmapRow>;

const HEAD = ['decision', 'what is decided', 'today', 'next'].join(' | ');

const cellsOf = (line: string): string[] =>
  line
    .slice(1, -1)
    .split('|')
    .map((cell) => cell.trim());

/** The table of docs/llm/determinization.md. @throws Error naming the row that is not one */
export const readRoadmap = (page: string): RoadmapRow[] => {
  const lines = page.split('\n');
  const head = lines.findIndex((line) => line === `| ${HEAD} |`);
  if (head < 0) throw new Error(`the roadmap has no table with the columns ${HEAD}`);
  const end = lines.findIndex((line, at) => at > head && !line.startsWith('|'));
  return lines.slice(head + 2, end < 0 ? undefined : end).map((line) => {
    const [decision = '', what, today, next, ...more] = cellsOf(line);
    const row = RoadmapRow.safeParse({ decision: decision.replaceAll('`', ''), what, today, next });
    if (row.success && more.length === 0) return row.data;
    const issue = row.error?.issues[0];
    throw new Error(`the roadmap's row ${line}: ${issue ? `${issue.path.join('/')}: ${issue.message}` : 'has too many cells'}`);
  });
};

/** Choices that no row is about, and rows about none. */
export const roadmapProblems = (rows: readonly RoadmapRow[], machines: Machines): string[] => {
  const choices = [...machines].flatMap(([machine, asl]) =>
    [...walk(asl)].filter(({ state }) => state.Type === 'Choice').map(({ name }) => `${machine}/${name}`),
  );
  const listed = rows.map(({ decision }) => decision);
  return [
    ...choices.filter((name) => !listed.includes(name)).map((name) => `docs/llm/determinization.md has no row for the Choice ${name}`),
    ...listed
      .filter((name) => name.includes('/') && !choices.includes(name))
      .map((name) => `docs/llm/determinization.md has ${name}, which is no Choice of a state machine`),
    ...listed.filter((name, at) => listed.indexOf(name) !== at).map((name) => `docs/llm/determinization.md has ${name} twice`),
  ];
};
