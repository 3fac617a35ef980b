import type { Deadlines } from './deadlines.ts';
import type { Execution, Task } from './execution.ts';
import type { Json, MachinePlan } from './prepare.ts';
import type { Failure, Outcome } from './records.ts';

export type Invoke = (call: {
  functionArn: string;
  payload: unknown;
}) => Promise<{ ok: true; payload: unknown } | { ok: false; errorType: string; errorMessage: string }>;

/** What all executions of one service share. */
export type Service = {
  now(): number;
  invoke: Invoke;
  deadlines: Deadlines;
  /** Open waits by token. */
  tokens: Map<string, { execution: Execution; task: Task }>;
};

/** One run of one execution, from its start or from its journal. */
export type World = Service & {
  execution: Execution;
  /** Ends the execution whatever its states would catch. */
  fail(failure: Failure): void;
};

/** One run of the interpreter: the machine itself, a Parallel branch or a Map item. */
export type Frame = {
  world: World;
  plan: MachinePlan;
  /** Prefix of its attempts' ids: empty for the machine itself. */
  path: string;
  halted: boolean;
  lastEventId: number;
  /** Attempts made so far, which numbers them. */
  attempts: number;
  /** Token handed out while parameters were read, before the attempt itself began. */
  draft: string | undefined;
  visits: Map<string, number>;
  at: { state: string; visit: number; retry: number; attempts: string[]; left: boolean } | undefined;
  /** Called when the interpreter has told which state a handler was called for. */
  arrived: (() => void) | undefined;
  open: Set<Task>;
  children: Set<Frame>;
  /** Runs a branch or an item inside this frame, after the event `begun`. */
  spawn(plan: MachinePlan, path: string, input: Json, begun: number): { frame: Frame; result: Promise<Outcome> };
  abort(): void;
};

/** Nothing of the frame, or inside it, is written, invoked or answered any more. */
export function halt(frame: Frame): void {
  if (frame.halted) return;
  frame.halted = true;
  for (const task of frame.open) close(frame.world, task);
  for (const child of frame.children) halt(child);
  frame.abort();
}

/** The first outcome of a task is kept; returns whether this was it. Durable once the journal is flushed. */
export function settle(service: Service, execution: Execution, task: Task, outcome: Outcome): boolean {
  if (task.outcome) return false;
  task.outcome = outcome;
  close(service, task);
  execution.journal.append({ t: 'done', id: task.id, outcome });
  task.deliver?.(outcome);
  return true;
}

/** Its token is worth nothing from now on, and its deadline is called off. */
export function close(service: Service, task: Task): void {
  if (task.token !== undefined) service.tokens.delete(task.token);
  task.callOff?.();
}
