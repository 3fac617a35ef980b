import { attempt } from './attempt.ts';
import { context } from './context.ts';
import { halted, TaskError, toFailure } from './failure.ts';
import { emit, entered, exited } from './history.ts';
import { dataLimit, tooLarge } from './limits.ts';
import type { Json, MachinePlan } from './prepare.ts';
import type { Outcome } from './records.ts';
import type { Frame, World } from './world.ts';

/**
 * Runs a machine in the interpreter. `result` never rejects and comes after the frame's last event; of a frame that was
 * halted it means nothing.
 */
export function runFrame(
  world: World,
  plan: MachinePlan,
  path: string,
  input: Json,
  lastEventId: number,
): { frame: Frame; result: Promise<Outcome> } {
  const frame: Frame = {
    world,
    plan,
    path,
    halted: false,
    lastEventId,
    attempts: 0,
    draft: undefined,
    visits: new Map(),
    at: undefined,
    arrived: undefined,
    open: new Set(),
    children: new Set(),
    spawn: (inner, innerPath, item, begun) => runFrame(world, inner, innerPath, item, begun),
    abort: () => run.abort(),
  };
  const run = plan.machine.run(input, { overrides: overrides(frame), context: context(frame) });
  const observed = observeAll(frame, run.eventLogs);
  const result = run.result.then(
    (output) => observed.then((): Outcome => ({ ok: true, output })),
    (error: unknown) => observed.then(() => toFailure(frame, error)),
  );
  return { frame, result };
}

type Logs = ReturnType<MachinePlan['machine']['run']>['eventLogs'];
type LogEvent = Logs extends AsyncGenerator<infer E> ? E : never;

async function observeAll(frame: Frame, logs: Logs): Promise<void> {
  for await (const event of logs) observe(frame, event);
}

function observe(frame: Frame, event: LogEvent): void {
  if (event.type === 'StateEntered') {
    const { name, type, input } = event.state;
    const visit = (frame.visits.get(name) ?? 0) + 1;
    frame.visits.set(name, visit);
    frame.at = { state: name, visit, retry: 0, attempts: [], left: false };
    const kind = frame.plan.states[name]?.type ?? type;
    emit(frame, `${frame.path}${name}#${visit}:Entered`, `${kind}StateEntered`, entered(name, JSON.stringify(input)));
    arrive(frame);
  } else if (event.type === 'StateRetried' && frame.at) {
    frame.at.retry++;
    arrive(frame);
  } else if (event.type === 'StateExited' && frame.at) {
    leave(frame, event.state.name, JSON.stringify(event.state.output ?? null));
  }
}

/** Handlers are called before the interpreter's event is seen; other states' events have no handler waiting. */
function arrive(frame: Frame): void {
  if (frame.plan.states[frame.at?.state ?? '']?.work.kind === 'pass') return;
  frame.arrived?.();
  frame.arrived = undefined;
}

function leave(frame: Frame, name: string, output: string): void {
  if (tooLarge(output)) return frame.world.fail(dataLimit(name));
  if (!frame.at) return;
  frame.at.left = true;
  const kind = frame.plan.states[name]?.type;
  emit(frame, `${frame.path}${name}#${frame.at.visit}:Exited`, `${kind}StateExited`, exited(name, output));
}

function overrides(frame: Frame) {
  const handlers: Record<string, (input: Json) => Promise<Json>> = {};
  for (const [name, { work }] of Object.entries(frame.plan.states)) {
    if (work.kind !== 'pass') handlers[name] = (input) => handle(frame, name, input);
  }
  // A retry whose next attempt is in the journal has had its pause; one that was cut short begins again.
  const journaled = () => (frame.world.execution.tasks.has(`${frame.path}${frame.attempts}`) ? 0 : undefined);
  return { taskResourceLocalHandlers: handlers, retryIntervalOverrides: new Proxy<Record<string, number>>({}, { get: journaled }) };
}

async function handle(frame: Frame, name: string, input: Json): Promise<Json> {
  if (frame.halted) throw halted();
  const id = `${frame.path}${frame.attempts++}`;
  const token = frame.draft;
  frame.draft = undefined;
  await new Promise<void>((resolve) => {
    frame.arrived = resolve;
  });
  const outcome = await attempt(frame, name, { id, token, input });
  if (outcome.ok) return outcome.output;
  throw new TaskError(outcome, frame.plan.states[name]?.names.has(outcome.error) ?? false);
}
