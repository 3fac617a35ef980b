import type { ProviderAttempt } from './llm-journal.ts';
import type { Artifact } from './stage.ts';

/**
 * Two families. Step Functions matches on `name`, so every subclass has a literal one, and the state
 * machine retries only what is not permanent.
 */
export class PermanentError extends Error {
  override name = 'PermanentError';
  readonly permanent = true;
}

export class RetryableError extends Error {
  override name = 'RetryableError';
  readonly permanent = false;
}

/** The execution input is not a job spec; nothing was created. */
export class InvalidInput extends PermanentError {
  override name = 'InvalidInput';
}

/** A live or finished job already owns this spec. */
export class DuplicateJob extends PermanentError {
  override name = 'DuplicateJob';
}

/** Another execution owns the job now; this one stops without a trace in the log. */
export class Superseded extends PermanentError {
  override name = 'Superseded';
}

/** The context between two states was altered, or belongs to another job, execution or state. */
export class ContextSignatureInvalid extends PermanentError {
  override name = 'CONTEXT_SIGNATURE_INVALID';
}

/** A payload between two states does not have the promised shape. */
export class MalformedPayload extends PermanentError {
  override name = 'MALFORMED_PAYLOAD';
}

/** The job was ended (cancelled, timed out) while this stage worked. */
export class JobEnded extends PermanentError {
  override name = 'JobEnded';
}

/** A stored document has a version or shape this build does not read. */
export class UnreadableDocument extends PermanentError {
  override name = 'UnreadableDocument';
}

/** A stored object is absent although the log promised it, or its bytes changed. */
export class EvidenceMismatch extends PermanentError {
  override name = 'EvidenceMismatch';
}

/** The blueprint cannot be compiled as asked: unknown symbol, window outside the snapshot, look-ahead. */
export class CompileRefused extends PermanentError {
  override name = 'CompileRefused';
}

/** A CSV file is not daily bars: the message has the row and the value. Nothing was stored. */
export class SnapshotRefused extends PermanentError {
  override name = 'SnapshotRefused';
}

/** Part of a cassette key that differs from the nearest recording; `null` where that side has no such part. */
export type KeyDifference = { pointer: string; asked: string | null; recorded: string | null };

/** No recorded answer has this exact key. */
export class CassetteMiss extends PermanentError {
  override name = 'CassetteMiss';
  /** `<agent>/<key>` that was looked up. */
  readonly wanted: string;
  readonly differs: KeyDifference[];
  constructor(message: string, wanted: string, differs: KeyDifference[]) {
    super(message);
    this.wanted = wanted;
    this.differs = differs;
  }
}

/** Every provider failed and no recorded answer could stand in: the job stops with evidence. */
export class StoppedLlmError extends PermanentError {
  override name = 'STOPPED_LLM_ERROR';
  /** Evidence to keep although the stage failed; the harness writes it before the error goes on. */
  readonly artifacts: Artifact[];
  /** Providers that were asked, in order. */
  readonly attempts: readonly ProviderAttempt[];
  readonly possibleDoubleCharge: boolean;
  constructor(
    message: string,
    options: { artifacts?: Artifact[]; attempts?: readonly ProviderAttempt[]; possibleDoubleCharge?: boolean; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.artifacts = options.artifacts ?? [];
    this.attempts = options.attempts ?? [];
    this.possibleDoubleCharge = options.possibleDoubleCharge ?? false;
  }
}

/** The job's budget is spent and was not raised. */
export class StoppedBudget extends PermanentError {
  override name = 'STOPPED_BUDGET';
}

/** Live calls were not confirmed as they are configured now: the state machine asks, then comes back. */
export class LiveConfirmRequired extends PermanentError {
  override name = 'LiveConfirmRequired';
}

/** The next call could cost more than is left, and a person may raise the budget. */
export class BudgetEscalation extends PermanentError {
  override name = 'BudgetEscalation';
}

/** New jobs are refused: the kill switch is set. Nothing was created. */
export class JobsHalted extends PermanentError {
  override name = 'KILL_SWITCH';
}

/** A model call or an external write may not happen now. The state is tried again until the kill switch is released. */
export class KillSwitchActive extends RetryableError {
  override name = 'KillSwitchActive';
}

/** A build works on a check. The state is tried again until its result is there. */
export class RunnerPending extends RetryableError {
  override name = 'RunnerPending';
}

/** An attempt at a check gave no verdict, and another one is left. */
export class RunnerDeferred extends RetryableError {
  override name = 'RunnerDeferred';
}

/** Other writers kept winning the next sequence number; trying later may succeed. */
export class AppendContention extends RetryableError {
  override name = 'AppendContention';
}

/** Reads an unknown throwable as an Error without losing what it was. */
export const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown }));
