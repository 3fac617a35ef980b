import { context } from './context.ts';
import type { Task } from './execution.ts';
import { toFailure } from './failure.ts';
import { emit } from './history.ts';
import { interpreter, type Json, type MachinePlan, type Work } from './prepare.ts';
import type { Failure, Outcome } from './records.ts';
import { type Frame, halt, settle } from './world.ts';

type Container = Extract<Work, { kind: 'parallel' | 'map' }>;
type Branch = { plan: MachinePlan; input: Json };

/**
 * Runs the branches of a Parallel or the items of a Map, each in a frame of its own. The first failure halts the others
 * and is the state's. The outcome is journaled: a branch that was cut off then is not begun again later.
 */
export async function runContainer(frame: Frame, task: Task, work: Container, input: Json): Promise<Outcome> {
  const kind = work.kind === 'map' ? 'Map' : 'Parallel';
  const event = (type: string, details = {}) => emit(frame, `${task.id}@${task.generation}:${type}`, type, details);
  const branches = task.outcome ? [] : await branchesOf(frame, work, input).catch((error: unknown) => toFailure(frame, error));
  if (!Array.isArray(branches)) return branches;
  event(`${kind}StateStarted`, work.kind === 'map' ? { mapStateStartedEventDetails: { length: branches.length } } : {});
  const outcome = task.outcome ?? (await runBranches(frame, task, work, branches));
  if (!task.outcome) settle(frame.world, frame.world.execution, task, outcome);
  frame.world.execution.tasks.delete(task.id);
  event(`${kind}State${outcome.ok ? 'Succeeded' : 'Failed'}`);
  return outcome;
}

async function branchesOf(frame: Frame, work: Container, input: Json): Promise<Branch[] | Failure> {
  if (work.kind === 'parallel') return work.branches.map((plan) => ({ plan, input }));
  const items = work.itemsPath === undefined ? input : await evaluate({ InputPath: work.itemsPath }, input, {});
  if (!Array.isArray(items)) {
    const cause = `The items of a Map state must be an array; got ${JSON.stringify(items)?.slice(0, 100)}`;
    return { ok: false, error: 'States.Runtime', cause, fatal: true };
  }
  const { selector, processor: plan } = work;
  if (selector === undefined) return items.map((item) => ({ plan, input: item }));
  const run = context(frame);
  const selected = items.map((Value, Index) => evaluate({ Parameters: selector }, input, { ...run, Map: { Item: { Index, Value } } }));
  return (await Promise.all(selected)).map((item) => ({ plan, input: item }));
}

/** Reads a path or a template as the interpreter does. Rejects with its error. */
const evaluate = (fields: object, input: Json, context: Record<string, unknown>): Promise<Json> =>
  interpreter({ StartAt: 'Read', States: { Read: { Type: 'Pass', ...fields, End: true } } }).run(input, { context }).result;

async function runBranches(frame: Frame, task: Task, work: Container, branches: Branch[]): Promise<Outcome> {
  const outputs: Json[] = branches.map(() => null);
  const begun = frame.lastEventId;
  let failure: Failure | undefined;
  let next = 0;
  const worker = async () => {
    while (next < branches.length && !failure && !frame.halted) {
      const index = next++;
      const outcome = await runBranch(frame, task, index, branches[index], { begun, named: work.kind === 'map' });
      if (outcome.ok) outputs[index] = outcome.output;
      else failure ??= outcome;
      if (failure) for (const other of frame.children) halt(other);
    }
  };
  const concurrency = work.kind === 'map' ? work.concurrency : branches.length;
  await Promise.all(Array.from({ length: Math.min(concurrency, branches.length) }, worker));
  return failure ?? { ok: true, output: outputs };
}

/** `begun`: the event all branches follow. Only a Map's items have events of their own. */
async function runBranch(
  parent: Frame,
  task: Task,
  index: number,
  branch: Branch | undefined,
  { begun, named }: { begun: number; named: boolean },
): Promise<Outcome> {
  if (!branch) throw new Error(`state "${task.state}" has no branch ${index}`);
  const { frame, result } = parent.spawn(branch.plan, `${task.id}.${index}/`, branch.input, begun);
  const event = (what: string) => {
    const details = { [`mapIteration${what}EventDetails`]: { name: task.state, index } };
    if (named) emit(frame, `${task.id}@${task.generation}.${index}:${what}`, `MapIteration${what}`, details);
  };
  parent.children.add(frame);
  event('Started');
  const outcome = await result;
  event(frame.halted ? 'Aborted' : outcome.ok ? 'Succeeded' : 'Failed');
  parent.children.delete(frame);
  parent.lastEventId = Math.max(parent.lastEventId, frame.lastEventId);
  return outcome;
}
