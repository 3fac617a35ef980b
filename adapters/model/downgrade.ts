import { CassetteMiss, StoppedLlmError } from '../../contracts/errors.ts';
import type { AnsweredCall, ProviderAttempt } from '../../contracts/llm-journal.ts';
import type { ModelPort } from '../../contracts/ports.ts';
import type { Call, Round } from './call.ts';

type DowngradeDeps = { replay: (secrets: readonly string[]) => ModelPort };

const said = ({ provider, model, outcome, status, message }: ProviderAttempt): string =>
  `${provider}/${model}: ${outcome}${status === null ? '' : ` (${status})`}${message === null ? '' : `, ${message}`}`;

/** The last word of every provider. */
const summary = (attempts: readonly ProviderAttempt[]): string =>
  [...new Map(attempts.map((one) => [one.position, one])).values()].map(said).join('; ');

const stopped = (call: Call, own: Round, attempts: ProviderAttempt[], why: string, cause: unknown): StoppedLlmError =>
  new StoppedLlmError(`no provider answered ${call.request.agent} (${summary(attempts) || 'the chain is empty'}); ${why}`, {
    ...{ attempts, possibleDoubleCharge: own.possible_double_charge, cause },
  });

/**
 * The recording with the exact same key, labelled as what it is. Throws `StoppedLlmError` where there is none, or where
 * the question must be answered live.
 */
export const downgrade = async (deps: DowngradeDeps, call: Call, own: Round, attempts: ProviderAttempt[]): Promise<AnsweredCall> => {
  const { request, scope } = call;
  const stop = (why: string, cause?: unknown) => stopped(call, own, attempts, why, cause);
  if (scope.require_live) throw stop('it must be answered live and is never downgraded to a recording');
  try {
    const answer = await deps.replay(call.secrets).ask(request, { ...scope, mode: 'replay' });
    return {
      ...answer,
      replay_reason: 'provider_error',
      degraded: true,
      cost_usd: 0,
      attempts,
      possible_double_charge: own.possible_double_charge,
    };
  } catch (error) {
    if (error instanceof CassetteMiss) throw stop(error.message, error);
    throw error;
  }
};
