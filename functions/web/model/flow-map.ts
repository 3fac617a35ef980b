import * as z from 'zod';

const State = z.object({
  Type: z.string(),
  Next: z.string().optional(),
  Default: z.string().optional(),
  Choices: z.array(z.object({ Next: z.string() })).optional(),
  Catch: z.array(z.object({ ErrorEquals: z.array(z.string()), Next: z.string() })).optional(),
  Parameters: z.object({ Payload: z.object({ step: z.string().optional() }).optional() }).optional(),
  /** What a Map runs for each of its items. */
  ItemProcessor: z.object({ States: z.record(z.string(), z.object({ Type: z.string() })) }).optional(),
});
type State = z.infer<typeof State>;
const Machine = z.object({ StartAt: z.string(), States: z.record(z.string(), State) });
type Machine = z.infer<typeof Machine>;

/**
 * One state that works: a Task, or a Map with the Tasks `inner` to it. `side` states lie off the main line, below the state they branch from; `judges` names the state
 * whose work a side hold shows, where that state went through.
 */
export type FlowNode = { name: string; step: string | null; side: boolean; ending: boolean; judges: string | null; inner: string[] };
/** A way between rows that are not neighbours: `back` where a person sends work back. Lane 0 is nearest to the line. */
export type FlowJump = { from: number; to: number; back: boolean; lane: number };
export type FlowMap = {
  nodes: FlowNode[];
  jumps: FlowJump[];
  lanes: number;
  next: Record<string, string | null>;
  /** First and last state of the main line. */
  start: string;
  finish: string;
  /** For each state, those that no job reaches it without. */
  behind: Record<string, string[]>;
};

const stateOf = (machine: Machine, name: string): State => {
  const state = machine.States[name];
  if (!state) throw new Error(`the state machine has no state "${name}"; its definition names it`);
  return state;
};

const works = ({ Type }: State): boolean => Type === 'Task' || Type === 'Map';

/** The states that work which a name leads to, through Choice and Pass states; none where it ends. */
const tasksFrom = (machine: Machine, name: string | undefined, seen: string[] = []): string[] => {
  if (name === undefined || seen.includes(name)) return [];
  const state = stateOf(machine, name);
  if (works(state)) return [name];
  const ways = [...(state.Choices ?? []).map((c) => c.Next), state.Default, state.Next];
  return ways.flatMap((way) => tasksFrom(machine, way, [...seen, name]));
};

/** The state that works next when nothing special happens. */
const usual = (machine: Machine, name: string | undefined, seen: string[] = []): string | null => {
  if (name === undefined || seen.includes(name)) return null;
  const state = stateOf(machine, name);
  return works(state) ? name : usual(machine, state.Default ?? state.Next, [...seen, name]);
};

/** The states that work from `name` to the machine's good end, by defaults, and by choices where a default only leads round. */
const lineFrom = (machine: Machine, name: string | undefined, seen: readonly string[] = []): string[] | null => {
  if (name === undefined) return [];
  const state = stateOf(machine, name);
  if (seen.includes(name) || state.Type === 'Fail') return null;
  for (const way of [state.Default ?? state.Next, ...(state.Choices ?? []).map((c) => c.Next)]) {
    const rest = lineFrom(machine, way, [...seen, name]);
    if (rest) return works(state) ? [name, ...rest] : rest;
  }
  return null;
};

const mainLine = (machine: Machine): string[] => {
  const line = lineFrom(machine, machine.StartAt);
  if (!line) throw new Error(`no way leads from "${machine.StartAt}" to an end of the state machine that is no Fail`);
  return line;
};

/** What can be reached from `name` on any way, failures included, that does not lead through `without`. */
const reached = (machine: Machine, name: string, without: string, seen: Set<string> = new Set()): Set<string> => {
  if (name === without || seen.has(name)) return seen;
  seen.add(name);
  const { Choices = [], Catch = [], Default, Next } = stateOf(machine, name);
  const ways = [...Choices.map((c) => c.Next), ...Catch.map((c) => c.Next), Default, Next];
  for (const way of ways) if (way !== undefined) reached(machine, way, without, seen);
  return seen;
};

/** For each state, the states that no job reaches it without. */
const required = (machine: Machine, names: readonly string[]): Record<string, string[]> => {
  const without = new Map(names.map((name) => [name, reached(machine, machine.StartAt, name)]));
  return Object.fromEntries(names.map((name) => [name, names.filter((other) => other !== name && !without.get(other)?.has(name))]));
};

/** Every way out of a state that is part of the plan: not the failure any state can have, nor waiting again. */
const waysOut = (machine: Machine, name: string): { to: string; back: boolean }[] => {
  const state = stateOf(machine, name);
  const planned = (state.Catch ?? []).filter((c) => !c.ErrorEquals.includes('States.ALL') && c.Next !== name);
  return [
    ...tasksFrom(machine, state.Next).map((to) => ({ to, back: false })),
    ...planned.flatMap((c) => tasksFrom(machine, c.Next).map((to) => ({ to, back: true }))),
  ];
};

const orderNodes = (machine: Machine, line: string[]): FlowNode[] => {
  const sides = Object.keys(machine.States).filter((name) => works(stateOf(machine, name)) && !line.includes(name));
  const judged = (side: string) => line.find((name) => waysOut(machine, name).some((way) => way.to === side && !way.back)) ?? null;
  const node = (name: string, side: boolean, ending: boolean): FlowNode => ({
    name,
    side,
    ending,
    judges: side && !ending ? judged(name) : null,
    step: stateOf(machine, name).Parameters?.Payload?.step ?? null,
    inner: Object.entries(stateOf(machine, name).ItemProcessor?.States ?? {}).flatMap(([inner, { Type }]) =>
      Type === 'Task' ? [inner] : [],
    ),
  });
  const ends = (name: string) => waysOut(machine, name).length === 0;
  const sourceOf = (side: string) => line.find((name) => waysOut(machine, name).some((way) => way.to === side));
  return [
    ...line.flatMap((name) => [
      node(name, false, ends(name)),
      ...sides.filter((side) => !ends(side) && sourceOf(side) === name).map((side) => node(side, true, false)),
    ]),
    ...sides.filter((side) => ends(side) || sourceOf(side) === undefined).map((side) => node(side, true, ends(side))),
  ];
};

const low = (jump: FlowJump) => Math.min(jump.from, jump.to);
const high = (jump: FlowJump) => Math.max(jump.from, jump.to);

/** Gives each jump the nearest lane where it overlaps no other. */
const assignLanes = (jumps: FlowJump[]): FlowJump[] => {
  const placed: FlowJump[] = [];
  for (const jump of jumps.toSorted((a, b) => high(a) - low(a) - (high(b) - low(b)) || low(a) - low(b))) {
    let lane = 0;
    while (placed.some((p) => p.lane === lane && low(p) < high(jump) && low(jump) < high(p))) lane++;
    placed.push({ ...jump, lane });
  }
  return placed;
};

/** Ways from side holds further back than to the state they hang on: one for each place they lead to, from the last of them. */
const loops = (machine: Machine, line: string[], nodes: FlowNode[]): FlowJump[] => {
  const found = new Map<number, number>();
  for (const [from, { name, side, ending }] of nodes.entries()) {
    const to = side && !ending ? usual(machine, stateOf(machine, name).Next) : null;
    const source = nodes.slice(0, from).findLast((node) => !node.side)?.name;
    if (to !== null && to !== source && line.includes(to))
      found.set(
        nodes.findIndex((node) => node.name === to),
        from,
      );
  }
  return [...found].map(([to, from]) => ({ from, to, back: false, lane: 0 }));
};

/** Reads a machine's definition (ASL) into rows and ways: the map of a job. Throws on one that is not whole. */
export const flowMap = (definition: unknown): FlowMap => {
  const machine = Machine.parse(definition);
  const line = mainLine(machine);
  const nodes = orderNodes(machine, line);
  const row = (name: string) => nodes.findIndex((node) => node.name === name);
  const jumps = line.flatMap((name, i) =>
    waysOut(machine, name)
      .filter((way) => line.includes(way.to) && way.to !== line[i + 1])
      .map((way) => ({ from: row(name), to: row(way.to), back: way.back, lane: 0 })),
  );
  const laned = assignLanes([...jumps, ...loops(machine, line, nodes)]);
  const after = (name: string) =>
    line.includes(name) ? (line[line.indexOf(name) + 1] ?? null) : usual(machine, stateOf(machine, name).Next);
  const next = Object.fromEntries(nodes.map(({ name }) => [name, after(name)]));
  const [start = machine.StartAt] = line;
  return {
    nodes,
    jumps: laned,
    lanes: Math.max(0, ...laned.map((jump) => jump.lane + 1)),
    next,
    start,
    finish: line.at(-1) ?? start,
    behind: required(
      machine,
      nodes.map(({ name }) => name),
    ),
  };
};
