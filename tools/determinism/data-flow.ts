import { type Asl, type AslState, innerMachines } from '../../infra/local/sfn/asl.ts';
import { functionOf } from '../llm-sites/machines.ts';
import { type Part, pathOf, pathsIn } from './paths.ts';

/**
 * What may stand at a place of a state's input: where it comes from, and what is known of its members. An origin names who made a value, with
 * the member: `result(intent).guard`, `error(run).Error`, `answer(checkpoint)`, `input.kind`, `context.Execution.Name`, `constant`.
 */
export type Value = { origins: ReadonlySet<string>; fields: ReadonlyMap<string, Value> };

const DEEPEST = 12;

export const from = (...origins: string[]): Value => ({ origins: new Set(origins), fields: new Map() });
const NOTHING = from();

export const join = (...values: Value[]): Value => {
  const names = new Set(values.flatMap(({ fields }) => [...fields.keys()]));
  return {
    origins: new Set(values.flatMap(({ origins }) => [...origins])),
    fields: new Map([...names].map((name) => [name, join(...values.map((value) => member(value, name)))])),
  };
};

/** A member; one that is not known is a part of whatever the whole is. */
const member = (value: Value, name: string): Value => {
  const known = value.fields.get(name);
  if (known) return known;
  const parts = [...value.origins].filter((origin) => origin !== 'constant');
  if (parts.some((origin) => origin.split('.').length > DEEPEST))
    throw new Error(`a state nests its input without end: ${parts.join(', ')}`);
  return from(...parts.map((origin) => `${origin}.${name}`));
};

export const read = (value: Value, part: Part): Value =>
  part.root === 'context' ? from(['context', ...part.names].join('.')) : part.names.reduce(member, value);

const put = (value: Value, [name, ...rest]: readonly string[], inner: Value): Value =>
  name === undefined ? inner : { ...value, fields: new Map(value.fields).set(name, put(member(value, name), rest, inner)) };

/** Every origin in a value, its members' too. */
export const originsOf = ({ origins, fields }: Value): string[] => [...new Set([...origins, ...[...fields.values()].flatMap(originsOf)])];

/** A payload template: members named `x.$` are read from the input. */
const filled = (template: unknown, input: Value): Value => {
  if (Array.isArray(template)) return join(...template.map((item) => filled(item, input)));
  if (typeof template !== 'object' || template === null) return from('constant');
  return {
    origins: new Set(['constant']),
    fields: new Map(
      Object.entries(template).map(([key, value]: [string, unknown]): [string, Value] =>
        key.endsWith('.$') && typeof value === 'string'
          ? [key.slice(0, -2), join(...pathsIn(value).map((part) => read(input, part)))]
          : [key, filled(value, input)],
      ),
    ),
  };
};

const selected = (value: Value, path: unknown): Value => {
  if (path === null) return from('constant');
  return typeof path === 'string' ? read(value, pathOf(path)) : value;
};

const placed = (input: Value, path: unknown, result: Value): Value => {
  if (path === null) return input;
  return typeof path === 'string' ? put(input, pathOf(path).names, result) : result;
};

const makerOf = (state: AslState): string => functionOf(state) ?? (typeof state['Resource'] === 'string' ? state['Resource'] : state.Type);

const waits = (state: AslState): boolean => String(state['Resource']).endsWith('.waitForTaskToken');

/** What a state's own work gives, before selectors and paths. */
const resultOf = (state: AslState, given: Value, inner: (machine: Asl, input: Value) => Value): Value => {
  const maker = makerOf(state);
  switch (state.Type) {
    case 'Task': {
      if (waits(state)) return from(`answer(${maker})`);
      if (functionOf(state) === null) return from(`result(${maker})`);
      return { origins: new Set(['service']), fields: new Map([['Payload', from(`result(${maker})`)]]) };
    }
    case 'Pass':
      return 'Result' in state ? from('constant') : given;
    case 'Map': {
      const items = state['ItemSelector'] === undefined ? given : join(given, filled(state['ItemSelector'], given));
      return join(...innerMachines(state).map((machine) => inner(machine, items)));
    }
    case 'Parallel':
      return join(...innerMachines(state).map((machine) => inner(machine, given)));
    default:
      return given;
  }
};

const failureOf = (state: AslState): Value => {
  const maker = makerOf(state);
  const fields = new Map(['Error', 'Cause'].map((name) => [name, from(`error(${maker}).${name}`)]));
  return { origins: new Set(), fields };
};

type Sent = { to: string; value: Value };

const list = (value: unknown): Record<string, unknown>[] => (Array.isArray(value) ? value : []);

/** What a state passes on, and to which states. */
const passedOn = (state: AslState, input: Value, inner: (machine: Asl, input: Value) => Value): { sent: Sent[]; output: Value } => {
  const chosen = selected(input, state['InputPath']);
  const given = state['Parameters'] === undefined ? chosen : filled(state['Parameters'], chosen);
  const raw = resultOf(state, given, inner);
  const result = state['ResultSelector'] === undefined ? raw : filled(state['ResultSelector'], raw);
  const output = selected(placed(input, state['ResultPath'], result), state['OutputPath']);
  const nexts = [state['Next'], state['Default'], ...list(state['Choices']).map((rule) => rule['Next'])];
  const failures = list(state['Catch']).map((rule) => ({
    to: String(rule['Next']),
    value: placed(input, rule['ResultPath'], failureOf(state)),
  }));
  return { output, sent: [...nexts.filter((to) => typeof to === 'string').map((to) => ({ to, value: output })), ...failures] };
};

const same = (a: Value, b: Value): boolean => JSON.stringify(plain(a)) === JSON.stringify(plain(b));
const plain = ({ origins, fields }: Value): unknown => [
  [...origins].toSorted(),
  [...fields].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => [name, plain(value)]),
];

export type Inputs = { path: string; state: AslState; input: Value }[];

/** What every state may be given, states of branches and item processors too; `prefix` is where the machine stands. */
export const inputsOf = (machine: Asl, input: Value = from('input'), prefix = ''): { inputs: Inputs; output: Value } => {
  const inputs = new Map<string, Value>([[machine.StartAt, input]]);
  const nested = new Map<string, Inputs>();
  let output = NOTHING;
  const visit = (name: string): Sent[] => {
    const state = machine.States[name];
    if (!state) throw new Error(`${prefix}${name} is no state of the machine`);
    const within = (asl: Asl, value: Value): Value => {
      const found = inputsOf(asl, value, `${prefix}${name}.`);
      nested.set(`${name}/${asl.StartAt}`, found.inputs);
      return found.output;
    };
    const passed = passedOn(state, inputs.get(name) ?? NOTHING, within);
    if (state['End'] === true || state.Type === 'Succeed') output = join(output, passed.output);
    return passed.sent;
  };
  const queue = [machine.StartAt];
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    for (const { to, value } of visit(name)) {
      const before = inputs.get(to);
      const after = before ? join(before, value) : value;
      if (before && same(before, after)) continue;
      inputs.set(to, after);
      queue.push(to);
    }
  }
  const own = Object.entries(machine.States).map(([name, state]) => ({
    ...{ path: `${prefix}${name}`, state, input: inputs.get(name) ?? NOTHING },
  }));
  return { inputs: [...own, ...[...nested.values()].flat()], output };
};
