import type { Ending, Execution, Run } from './execution.ts';
import { runFrame } from './frame.ts';
import { errorDetails, input, output, TIMEOUT, write } from './history.ts';
import type { MachinePlan } from './prepare.ts';
import type { End, Failure, Outcome } from './records.ts';
import { type Frame, halt, type Service, type World } from './world.ts';

const EVENTS: Record<Ending['status'], [string, string]> = {
  SUCCEEDED: ['ExecutionSucceeded', 'executionSucceededEventDetails'],
  FAILED: ['ExecutionFailed', 'executionFailedEventDetails'],
  ABORTED: ['ExecutionAborted', 'executionAbortedEventDetails'],
  TIMED_OUT: ['ExecutionTimedOut', 'executionTimedOutEventDetails'],
};

export type Job = { execution: Execution; plan: MachinePlan; timeoutSeconds: number | undefined; startDetails: Record<string, unknown> };

/**
 * Runs an execution from its start, or on from its journal. `ended` is called once its end is on the disk; never after a
 * halt. The way it was ended first counts: by itself, by a stop or by its deadline.
 */
export function drive(service: Service, job: Job, ended: (end: End) => void): Run {
  const { execution } = job;
  let conclusion: Promise<End> | undefined;
  const conclude = (ending: Ending): Promise<End> => {
    conclusion ??= end(frame, ending, callOff).then((record) => {
      ended(record);
      return record;
    });
    return conclusion;
  };
  const world: World = { ...service, execution, fail: (failure) => void conclude(failed(failure)).catch(() => {}) };
  announce(world, job.startDetails);
  const { frame, result } = runFrame(world, job.plan, '', JSON.parse(execution.input), 0);
  const callOff = armTimeout(world, job.timeoutSeconds, () => void conclude({ status: 'TIMED_OUT', ...TIMEOUT }).catch(() => {}));
  void result.then((outcome) => (frame.halted ? null : conclude(asEnding(outcome)))).catch(() => {});
  const stop = () => {
    callOff();
    halt(frame);
  };
  return { halt: stop, end: conclude };
}

function announce(world: World, startDetails: Record<string, unknown>): void {
  const { execution } = world;
  const details = { executionStartedEventDetails: { ...input(execution.input), ...startDetails } };
  write(world, 'start', 'ExecutionStarted', 0, details);
  const { redriveCount } = execution.summary;
  if (redriveCount === 0) return;
  const redriven = { executionRedrivenEventDetails: { redriveCount } };
  write(world, `redrive@${redriveCount}`, 'ExecutionRedriven', execution.lastEventId, redriven);
}

/** A redrive has the whole time again, as on AWS. */
function armTimeout(world: World, seconds: number | undefined, fire: () => void): () => void {
  const { redrivenAt, startedAt } = world.execution.summary;
  return seconds === undefined ? () => {} : world.deadlines.at((redrivenAt ?? startedAt) + seconds * 1000, fire);
}

const asEnding = (outcome: Outcome): Ending =>
  outcome.ok ? { status: 'SUCCEEDED', output: JSON.stringify(outcome.output) } : failed(outcome);

const failed = ({ error, cause }: Failure): Ending => ({ status: 'FAILED', error, cause });

async function end(frame: Frame, ending: Ending, callOff: () => void): Promise<End> {
  const { world } = frame;
  const { execution } = world;
  const [type, field] = EVENTS[ending.status];
  const unfinished = frame.at && !frame.at.left ? frame.at.attempts : [];
  callOff();
  halt(frame);
  const details = ending.output === undefined ? errorDetails(ending) : output(ending.output);
  write(world, `end@${execution.summary.redriveCount}`, type, frame.lastEventId, { [field]: details });
  const record: End = {
    t: 'end',
    status: ending.status,
    at: world.now(),
    ...(ending.output === undefined ? {} : { output: ending.output }),
    ...errorDetails(ending),
    unfinished,
  };
  execution.journal.append(record);
  await execution.journal.flush();
  return record;
}
