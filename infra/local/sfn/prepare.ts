import { StateMachine, type StateMachineDefinition } from 'aws-local-stepfunctions';
import * as z from 'zod';
import { Asl, type AslState, holdsPath, INVOKE_AND_WAIT } from './asl.ts';
import { refusals } from './subset.ts';

/** Any JSON value, as the interpreter types it. */
export type Json = Parameters<StateMachine['run']>[0];

/** A machine ready to run: the interpreter's copy and, by state, what our handlers do. */
export type MachinePlan = { machine: StateMachine; states: Record<string, StatePlan> };

export type StatePlan = { type: string; work: Work /** Errors its Retry and Catch list by name. */; names: Set<string> };

export type Work =
  /** `pass`: the interpreter's own business. `pause`: a Wait state. */
  | { kind: 'pass' | 'pause' }
  | { kind: 'invoke'; waits: boolean; timeoutSeconds: number }
  | { kind: 'parallel'; branches: MachinePlan[] }
  | { kind: 'map'; itemsPath: string | undefined; selector: unknown; concurrency: number; processor: MachinePlan };

/** The interpreter hands a task's seconds to one timer, which overflows above this. Deadlines are kept by us. */
const LONGEST_TIMER_SECONDS = 2_147_483;
const PAUSE = ['Seconds', 'SecondsPath', 'Timestamp', 'TimestampPath'];
/** As on AWS, for an inline map without MaxConcurrency. */
const MAP_CONCURRENCY = 40;

const Interpreted = z.custom<StateMachineDefinition>((value) => Asl.safeParse(value).success);
export const interpreter = (definition: unknown): StateMachine =>
  new StateMachine(Interpreted.parse(definition), { validationOptions: { noValidate: true } });

/** Throws with every reason why the definition would not run here as it does on AWS. */
export function readDefinition(name: string, definition: unknown): Asl {
  const machine = Asl.safeParse(definition);
  if (!machine.success) throw new Error(`state machine "${name}" is not ASL: ${z.prettifyError(machine.error)}`);
  const found = refusals(machine.data);
  if (found.length > 0) throw new Error(`state machine "${name}" cannot run here:\n  ${found.join('\n  ')}`);
  return machine.data;
}

/** Throws with the validator's findings. Takes about 100 ms. */
export function validate(name: string, definition: Asl): void {
  try {
    // The validator writes defaults into what it checks.
    void new StateMachine(Interpreted.parse(structuredClone(definition)));
  } catch (cause) {
    throw new Error(`state machine "${name}" is not valid ASL: ${String(cause)}`, { cause });
  }
}

/**
 * The interpreter's copy differs from the file where the interpreter does from AWS: Wait, Parallel and Map become tasks
 * whose handlers are ours (a nested run of its own would not tell which item it is), and `$$.Execution`, which a nested
 * run overwrites, is read from `$$.Run`. Machine and task timeouts are kept by us and never reach it.
 */
export function prepare(definition: Asl): MachinePlan {
  const { TimeoutSeconds: _ours, ...rest } = definition;
  const entries = Object.entries(definition.States);
  return {
    machine: interpreter({ ...rest, States: Object.fromEntries(entries.map(([name, state]) => [name, interpreted(state)])) }),
    states: Object.fromEntries(entries.map(([name, state]) => [name, plan(state)])),
  };
}

function plan(state: AslState): StatePlan {
  const lists = z.array(z.looseObject({ ErrorEquals: z.array(z.string()) }));
  const handled = [...(lists.safeParse(state['Retry']).data ?? []), ...(lists.safeParse(state['Catch']).data ?? [])];
  return { type: state.Type, work: work(state), names: new Set(handled.flatMap((entry) => entry.ErrorEquals)) };
}

function work(state: AslState): Work {
  switch (state.Type) {
    case 'Task':
      return { kind: 'invoke', waits: state['Resource'] === INVOKE_AND_WAIT, timeoutSeconds: z.number().parse(state['TimeoutSeconds']) };
    case 'Wait':
      return { kind: 'pause' };
    case 'Parallel':
      return { kind: 'parallel', branches: z.array(Asl).parse(state['Branches']).map(prepare) };
    case 'Map':
      return {
        kind: 'map',
        itemsPath: z.string().optional().parse(withRunPaths(state['ItemsPath'], 'ItemsPath')),
        selector: withRunPaths(state['ItemSelector']),
        concurrency: z.number().optional().parse(state['MaxConcurrency']) || MAP_CONCURRENCY,
        processor: prepare(Asl.parse(state['ItemProcessor'])),
      };
    default:
      return { kind: 'pass' };
  }
}

/** Read by our handlers, unknown to the interpreter's Task. */
const OURS = new Set(['Branches', 'ItemProcessor', 'ItemSelector', 'ItemsPath', 'MaxConcurrency', ...PAUSE]);

function interpreted(state: AslState): unknown {
  const kept = Object.entries(state).filter(([key]) => !OURS.has(key));
  const rest: Record<string, unknown> = Object.fromEntries(kept.map(([key, value]) => [key, withRunPaths(value, key)]));
  const task = { Resource: 'handled', ...rest, Type: 'Task', TimeoutSeconds: LONGEST_TIMER_SECONDS };
  if (state.Type === 'Task' || state.Type === 'Parallel' || state.Type === 'Map') return task;
  if (state.Type !== 'Wait') return rest;
  const until = PAUSE.filter((key) => key in state).map((key) => [key.replace(/Path$/, '.$'), state[key]]);
  return { ...task, Parameters: withRunPaths(Object.fromEntries(until)), ResultPath: null };
}

function withRunPaths(value: unknown, key = ''): unknown {
  if (typeof value === 'string') return holdsPath(key) ? value.replaceAll(/\$\$\.Execution\b/g, '$$$$.Run') : value;
  if (Array.isArray(value)) return value.map((item) => withRunPaths(item, key));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withRunPaths(item, name)]));
}
