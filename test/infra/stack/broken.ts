import { describe, expect, test } from 'vitest';
import { failing, titles } from '../proving.ts';
import { ofType, type Synthesized, withBroken } from '../synth.ts';
import { ALARMS } from './breaks/alarms.ts';
import { EDGES } from './breaks/edges.ts';
import { FUNCTIONS } from './breaks/functions.ts';
import { OPERATIONS } from './breaks/operations.ts';
import { OUTSIDE } from './breaks/outside.ts';
import { STATE } from './breaks/state.ts';
import { ANY, type Break, type Breaks } from './breaks/words.ts';

const BREAKS: Breaks = { ...ALARMS, ...FUNCTIONS, ...EDGES, ...OPERATIONS, ...OUTSIDE, ...STATE };

/** What is no template breaks elsewhere: in infra/environments.ts, infra/grants.ts and statemachines/. */
const NO_TEMPLATE = [
  'every grant has an id that is unique within its function',
  'production is deletion-protected, locked and encrypted with its own key',
  'the %s machine and every Task give up some day, a Task not before its function does',
];

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** The key that a step of a path means here. */
const keyOf = (at: object, step: string): string => {
  if (!Array.isArray(at)) return step.startsWith('*') ? (Object.keys(at).find((key) => key.endsWith(step.slice(1))) ?? step) : step;
  if (step === '+') return String(at.length);
  const [name = '', value] = step.split('=');
  return value === undefined ? step : String(at.findIndex((one) => isObject(one) && [Reflect.get(one, name)].flat()[0] === value));
};

const set = (root: object, path: readonly string[], value: unknown): void => {
  const [step = '', ...rest] = path;
  const key = keyOf(root, step);
  if (rest.length > 0) {
    const next: unknown = Reflect.get(root, key);
    if (!isObject(next)) throw new Error(`there is no ${step} to break`);
    set(next, rest, value);
  } else if (value !== undefined) Reflect.set(root, key, value);
  else if (!Reflect.has(root, key)) throw new Error(`there is no ${step} to take away`);
  else if (Array.isArray(root)) root.splice(Number(key), 1);
  else Reflect.deleteProperty(root, key);
};

const breakIt =
  ([, resource, path, value]: Break) =>
  (synthesized: Synthesized): void => {
    const [, stack, type, named = ''] = /^(state|service)(?: (\S+))?(?: (.+))?$/.exec(resource) ?? [];
    const template = stack === 'state' ? synthesized.state : synthesized.service;
    if (!type) return set(template, path.split('.'), value);
    const [id] =
      ofType(template, `AWS::${type}`).find(
        ([key, { Properties }]) => key.startsWith(named) || JSON.stringify(Properties).includes(`"${named}"`),
      ) ?? [];
    if (id === undefined) throw new Error(`there is no ${resource}`);
    set(template.Resources, [id, ...(path ? path.split('.') : [])], value);
  };

const RULES = titles();
const rule = (start: string): string => RULES.find((title) => title.startsWith(start)) ?? start;

test('every rule about a template has something that breaks it', () => {
  expect([...Object.keys(BREAKS), ...NO_TEMPLATE].sort()).toEqual(RULES.toSorted());
});

describe.each(Object.entries(BREAKS))('%s: is broken by', (title, breaks) => {
  test.each(breaks.map((one) => [JSON.stringify(one.slice(0, 4)), one] as const))('%s', async (_, one) => {
    const [env, , , , others = []] = one;
    const failed = await withBroken(env, breakIt(one), () => failing(env));
    if (others === ANY) expect(failed).toContain(title);
    else expect(failed).toEqual([title, ...others.map(rule)].sort());
  });
});
