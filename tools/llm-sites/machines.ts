import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { CallSite } from '../../functions/lib/llm-sites/map.ts';
import { FUNCTIONS } from '../../infra/functions.ts';
import { Asl, type AslState, walk } from '../../infra/local/sfn/asl.ts';

/** State machines by name. */
export type Machines = ReadonlyMap<string, Asl>;

const SUFFIX = '.asl.json';

export const readMachines = (root: string): Machines => {
  const folder = join(root, 'statemachines');
  const files = readdirSync(folder).filter((file) => file.endsWith(SUFFIX));
  return new Map(
    files.toSorted().map((file) => [file.slice(0, -SUFFIX.length), Asl.parse(JSON.parse(readFileSync(join(folder, file), 'utf8')))]),
  );
};

const Invocation = z.looseObject({ FunctionName: z.string() });

/** The function a Task invokes, by its placeholder; null for other states. */
export const functionOf = (state: AslState): string | null => {
  const name = Invocation.safeParse(state['Parameters']).data?.FunctionName;
  return FUNCTIONS.find(({ placeholder }) => placeholder !== undefined && name === `\${${placeholder}}`)?.name ?? null;
};

/** The states of all machines that invoke a function. */
export const statesOf = (machines: Machines, fn: string): CallSite['states'] =>
  [...machines].flatMap(([machine, asl]) =>
    [...walk(asl)].filter(({ state }) => functionOf(state) === fn).map(({ name }) => ({ machine, state: name })),
  );

const Compared = z.looseObject({ Variable: z.string() });

/** Comparisons of a rule, those inside And, Or and Not too. */
const comparisons = (rule: unknown): { field: string; value: string }[] => {
  if (Array.isArray(rule)) return rule.flatMap(comparisons);
  const own = Compared.safeParse(rule).data;
  if (own) {
    return Object.entries(own)
      .filter(([key]) => key !== 'Variable' && key !== 'Next')
      .map(([key, value]) => ({ field: own.Variable, value: typeof value === 'string' ? value : `${key} ${JSON.stringify(value)}` }));
  }
  return typeof rule === 'object' && rule !== null ? ['And', 'Or', 'Not'].flatMap((key) => comparisons(Reflect.get(rule, key))) : [];
};

/** What the Choice right behind a state reads. */
export const readsBehind = (machines: Machines, { machine, state }: CallSite['states'][number]): CallSite['read_by_control'] => {
  const asl = machines.get(machine);
  if (!asl) return [];
  const states = new Map([...walk(asl)].map(({ name, state: found }) => [name, found]));
  const next = z.string().safeParse(states.get(state)?.['Next']).data ?? '';
  const choice = states.get(next);
  if (choice?.Type !== 'Choice') return [];
  const fields = Map.groupBy(comparisons(choice['Choices']), ({ field }) => field);
  return [...fields].map(([field, found]) => ({ machine, state: next, field, values: found.map(({ value }) => value) }));
};
