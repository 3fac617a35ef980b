import { ExecutionError } from 'aws-local-stepfunctions';
import type { Failure } from './records.ts';
import type { Frame } from './world.ts';

/** What a handler throws: the interpreter matches Retry and Catch on `name` and hands on `message` as the cause. */
export class TaskError extends Error {
  readonly isRetryable: boolean;
  readonly isCatchable: boolean;
  readonly fatal: boolean;

  /** `named`: whether the state lists this very error, which reaches even those that States.ALL does not. */
  constructor({ error, cause, fatal = false }: Failure, named: boolean) {
    super(cause);
    this.name = error;
    this.fatal = fatal;
    this.isRetryable = !fatal || named;
    this.isCatchable = !fatal || named;
  }
}

/** Stops the interpreter where it stands, past every Retry and Catch. */
export const halted = (): TaskError => new TaskError({ ok: false, error: 'Halted', cause: 'the execution is over', fatal: true }, false);

// The interpreter's words for a Fail state without error or cause.
const UNNAMED = 'FailStateError';
const UNEXPLAINED = 'Execution failed because of a Fail state';

/** Why a run of the interpreter ended, in the words of AWS. */
export function toFailure(frame: Frame, thrown: unknown): Failure {
  const cause = thrown instanceof ExecutionError ? thrown.cause : thrown;
  if (cause instanceof TaskError) return { ok: false, error: cause.name, cause: cause.message, ...(cause.fatal ? { fatal: true } : {}) };
  const error = cause instanceof Error ? cause : new Error(String(cause));
  const fatal = !('isCatchable' in error) || error.isCatchable === false;
  const state = frame.at?.state ?? '';
  if (frame.plan.states[state]?.type === 'Fail' && !fatal) {
    return { ok: false, error: error.name === UNNAMED ? '' : error.name, cause: error.message === UNEXPLAINED ? '' : error.message };
  }
  const message = `An error occurred while executing the state '${state}' (entered at the event id #${frame.lastEventId}). ${error.message}`;
  const own = error.name.startsWith('States.') ? error.name : error.name === 'SyntaxError' ? 'States.IntrinsicFailure' : 'States.Runtime';
  return { ok: false, error: own, cause: message, ...(fatal ? { fatal: true } : {}) };
}
