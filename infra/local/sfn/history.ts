import { MAX_EVENTS } from './limits.ts';
import type { Failure, Outcome } from './records.ts';
import type { Frame, World } from './world.ts';

type Details = Record<string, unknown>;

/** Writes an event once: a run repeated from its journal passes by those it wrote before. */
export function emit(frame: Frame, key: string, type: string, details: Details = {}): void {
  if (frame.halted) return;
  frame.lastEventId = write(frame.world, key, type, frame.lastEventId, details);
  if (frame.lastEventId < MAX_EVENTS - 1) return;
  const cause = `The execution reached the maximum number of history events (${MAX_EVENTS}).`;
  frame.world.fail({ ok: false, error: 'States.Runtime', cause, fatal: true });
}

/** Returns the event's id, also when it was there already. */
export function write(world: World, key: string, type: string, previousEventId: number, details: Details = {}): number {
  const { execution } = world;
  const known = execution.events.get(key);
  if (known !== undefined) return known;
  const id = ++execution.lastEventId;
  execution.journal.append({ t: 'event', key, event: { timestamp: world.now(), type, id, previousEventId, ...details } });
  return id;
}

const dataDetails = { truncated: false };

export const entered = (name: string, input: string) => ({
  stateEnteredEventDetails: { name, input, inputDetails: dataDetails },
});
export const exited = (name: string, output: string) => ({
  stateExitedEventDetails: { name, output, outputDetails: dataDetails },
});
export const output = (text: string) => ({ output: text, outputDetails: dataDetails });
export const input = (text: string) => ({ input: text, inputDetails: dataDetails });

/** AWS leaves out an error or a cause that is empty. */
export const errorDetails = ({ error, cause }: { error?: string | undefined; cause?: string | undefined }): Details => ({
  ...(error ? { error } : {}),
  ...(cause ? { cause } : {}),
});

/** Name and details of the event that ends an attempt at a task. */
export function taskEnded(outcome: Outcome, resource: string): [string, Details] {
  const common = { resourceType: 'lambda', resource };
  if (outcome.ok) return ['TaskSucceeded', { taskSucceededEventDetails: { ...common, ...output(JSON.stringify(outcome.output)) } }];
  const details = { ...common, ...errorDetails(outcome) };
  return timedOut(outcome) ? ['TaskTimedOut', { taskTimedOutEventDetails: details }] : ['TaskFailed', { taskFailedEventDetails: details }];
}

export const TIMEOUT: Failure = { ok: false, error: 'States.Timeout', cause: '' };
const timedOut = (failure: Failure): boolean => failure.error === TIMEOUT.error && failure.cause === TIMEOUT.cause;
