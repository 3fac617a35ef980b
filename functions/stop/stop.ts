import * as z from 'zod';
import type { EventDraft } from '../../contracts/events.ts';
import type { JobState, Outcome } from '../../contracts/job-state.ts';
import type { Failure } from '../lib/hardening/failure.ts';

/** What Step Functions leaves at `$.error` when a state failed. */
const StateError = z.object({ Error: z.string(), Cause: z.string().default('') });
const LambdaCause = z.object({ errorType: z.string(), errorMessage: z.string() });

export type Ending = { outcome: Outcome; reason: string | null; message: string | null };

/** Error names that end a job as something other than `error`. */
const OUTCOMES: Readonly<Record<string, Outcome | null>> = {
  // An error may be called "toString": nothing is inherited.
  __proto__: null,
  Rejected: 'rejected',
  STOPPED_LLM_ERROR: 'stopped_llm_error',
  STOPPED_BUDGET: 'stopped_budget',
};

const causeText = (cause: string): string => {
  try {
    const parsed = LambdaCause.safeParse(JSON.parse(cause));
    return parsed.success ? parsed.data.errorMessage : cause;
  } catch {
    // A rejection's cause is plain text.
    return cause;
  }
};

/** Why the job ends, from the error that led here or, without one, from the gates' verdict. */
export const endingOf = (error: unknown, facts: Record<string, unknown>): Ending => {
  const parsed = StateError.safeParse(error);
  if (!parsed.success) {
    const gatesFailed = facts['gates'] === 'failed';
    return {
      outcome: gatesFailed ? 'gates_failed' : 'error',
      reason: null,
      message: gatesFailed ? 'gates failed' : 'stopped without an error',
    };
  }
  const { Error: name, Cause } = parsed.data;
  return {
    outcome: OUTCOMES[name] ?? 'error',
    reason: name,
    message: causeText(Cause).slice(0, 2000) || null,
  };
};

/** True where something went wrong: a refusal and failed gates are answers. */
const isFailure = ({ reason, outcome }: Ending): boolean => reason !== null && outcome !== 'rejected';

/** What there is to explain about an ending; null where nothing went wrong. */
export const failureOf = (ending: Ending, state: string): Failure | null =>
  isFailure(ending) ? { state, error: ending.reason ?? '', message: ending.message ?? '' } : null;

const system = { type: 'system', id: 'stop', identity: 'none' } as const;

/** The last events of a job that did not succeed: ERROR where something failed, then DONE. */
export const endingDrafts = (ending: Ending, job: JobState): EventDraft[] => {
  const place = { state: 'Stop', visit: 1, ordinal: job.redrives, actor: system };
  // A stop reason is the event's message itself, so that a filter on it finds the job.
  const known = ending.outcome === 'stopped_llm_error' || ending.outcome === 'stopped_budget';
  const error: EventDraft = {
    ...place,
    event_type: ending.outcome === 'stopped_budget' ? 'STOPPED_BUDGET' : 'ERROR',
    message: known ? ending.reason : ending.message,
    outputs: { reason: ending.reason, detail: ending.message },
  };
  const done: EventDraft = {
    ...place,
    event_type: 'DONE',
    message: ending.message,
    outputs: { status: ending.outcome, reason: ending.reason },
  };
  return [...(isFailure(ending) ? [error] : []), done];
};
