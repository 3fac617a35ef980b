import * as z from 'zod';
import { runContainer } from './container.ts';
import { newToken, type Task } from './execution.ts';
import { halted } from './failure.ts';
import { emit, output, TIMEOUT, taskEnded } from './history.ts';
import { dataLimit, dataProblem, tooLarge } from './limits.ts';
import type { Json, Work } from './prepare.ts';
import type { Failure, Outcome } from './records.ts';
import { type Frame, settle } from './world.ts';

type Call = { id: string; token: string | undefined; input: Json };

/** One attempt at one task-like state: answered from the journal where that has the outcome, made otherwise. */
export async function attempt(frame: Frame, state: string, call: Call): Promise<Outcome> {
  const work = frame.plan.states[state]?.work ?? { kind: 'pass' };
  const task = journaled(frame, state, work, call);
  if (task.state !== state) return diverged(task, state);
  frame.at?.attempts.push(task.id);
  switch (work.kind) {
    case 'invoke':
      return invokeTask(frame, task, work, call.input);
    case 'pause':
      return waitFor(frame, task, () => {});
    case 'parallel':
    case 'map':
      return runContainer(frame, task, work, call.input);
    case 'pass':
      throw new Error(`state "${state}" has no handler`);
  }
}

// A run from the journal takes the same way unless an intrinsic function drew another random value.
const diverged = (task: Task, state: string): Failure => ({
  ok: false,
  error: 'States.Runtime',
  cause: `The journal holds an attempt at '${task.state}' where the run came to '${state}'; redrive cannot help, start a new execution.`,
  fatal: true,
});

function journaled(frame: Frame, state: string, work: Work, { id, token, input }: Call): Task {
  const { execution } = frame.world;
  const known = execution.tasks.get(id);
  if (known) return known;
  const { visit, retry } = frame.at ?? { visit: 1, retry: 0 };
  const now = frame.world.now();
  const due = work.kind === 'invoke' ? now + work.timeoutSeconds * 1000 : work.kind === 'pause' ? until(input, now) : undefined;
  const record = {
    id,
    state,
    visit,
    retry,
    ...(work.kind === 'invoke' && work.waits ? { token: token ?? newToken(execution.summary) } : {}),
    ...(due === undefined ? {} : { deadline: due }),
  };
  const task: Task = { ...record, generation: execution.summary.redriveCount, submitted: false };
  execution.tasks.set(id, task);
  execution.journal.append({ t: 'task', ...record });
  return task;
}

const Pause = z.object({ Seconds: z.number().optional(), Timestamp: z.iso.datetime({ offset: true }).optional() });

function until(input: Json, now: number): number {
  const { Seconds, Timestamp } = Pause.parse(input);
  return Timestamp === undefined ? now + (Seconds ?? 0) * 1000 : Date.parse(Timestamp);
}

async function invokeTask(frame: Frame, task: Task, work: Extract<Work, { kind: 'invoke' }>, input: Json): Promise<Outcome> {
  const resource = work.waits ? 'invoke.waitForTaskToken' : 'invoke';
  const event = (type: string, details: Record<string, unknown>) => emit(frame, `${task.id}@${task.generation}:${type}`, type, details);
  const parameters = JSON.stringify(input);
  const common = { resourceType: 'lambda', resource };
  event('TaskScheduled', {
    taskScheduledEventDetails: { ...common, region: 'us-east-1', parameters, timeoutInSeconds: work.timeoutSeconds },
  });
  event('TaskStarted', { taskStartedEventDetails: common });
  const submitted = () => event('TaskSubmitted', { taskSubmittedEventDetails: { ...common, ...output('{"StatusCode":200}') } });
  if (task.submitted) submitted();
  if (tooLarge(parameters)) settle(frame.world, frame.world.execution, task, dataLimit(task.state));
  const outcome = await waitFor(frame, task, () => task.submitted || void callFunction(frame, task, work.waits, input, submitted));
  event(...taskEnded(outcome, resource));
  return outcome;
}

/** Opens the task, begins it and waits for its outcome, whoever brings it: the function, an answer or the deadline. */
async function waitFor(frame: Frame, task: Task, begin: () => void): Promise<Outcome> {
  const { world } = frame;
  if (!task.outcome) {
    const settled = new Promise<Outcome>((resolve) => {
      task.deliver = resolve;
    });
    frame.open.add(task);
    if (task.token !== undefined) world.tokens.set(task.token, { execution: world.execution, task });
    const due: Outcome = frame.plan.states[task.state]?.work.kind === 'pause' ? { ok: true, output: null } : TIMEOUT;
    if (task.deadline !== undefined) task.callOff = world.deadlines.at(task.deadline, () => settle(world, world.execution, task, due));
    begin();
    await settled;
    frame.open.delete(task);
  }
  world.execution.tasks.delete(task.id);
  if (frame.halted || !task.outcome) throw halted();
  return task.outcome;
}

const Parameters = z.object({ FunctionName: z.string(), Payload: z.unknown() });

async function callFunction(frame: Frame, task: Task, waits: boolean, input: Json, submitted: () => void): Promise<void> {
  const { execution } = frame.world;
  const outcome = await outcomeOf(frame, task, input).catch((error: unknown) =>
    failed({ errorType: 'Lambda.Unknown', errorMessage: String(error) }),
  );
  if (frame.halted || task.outcome) return;
  if (!waits || !outcome.ok) {
    settle(frame.world, execution, task, outcome);
    return;
  }
  task.submitted = true;
  execution.journal.append({ t: 'submitted', id: task.id });
  submitted();
}

async function outcomeOf(frame: Frame, task: Task, input: Json): Promise<Outcome> {
  // No token goes outside before it is on the disk: after a crash the wait would have another. What has none is called again, as Lambda
  // may do at any time, and its cause is on its way to the disk meanwhile.
  if (task.token !== undefined) await frame.world.execution.journal.flush();
  if (frame.halted || task.outcome) return NOTHING;
  const { FunctionName, Payload = {} } = Parameters.parse(input);
  // A copy, as a real invocation gets: what a function does to its payload stays there.
  const reply = await frame.world.invoke({ functionArn: FunctionName, payload: JSON.parse(JSON.stringify(Payload)) });
  return reply.ok ? payloadOutcome(task.state, reply.payload) : failed(reply);
}

/** Read by nobody: the task is over. */
const NOTHING: Outcome = { ok: true, output: null };

const failed = ({ errorType, errorMessage }: { errorType: string; errorMessage: string }): Failure => ({
  ok: false,
  error: errorType,
  cause: JSON.stringify({ errorType, errorMessage }),
});

function payloadOutcome(state: string, payload: unknown): Outcome {
  const text = JSON.stringify(payload ?? null);
  const result = `{"ExecutedVersion":"$LATEST","Payload":${text},"StatusCode":200}`;
  if (tooLarge(result)) return dataLimit(state);
  const problem = dataProblem(result);
  if (problem)
    return {
      ok: false,
      error: 'States.Runtime',
      cause: `The function of state '${state}' answered what cannot be passed on: ${problem}`,
      fatal: true,
    };
  return { ok: true, output: JSON.parse(result) };
}
