import type { GuardRule } from '../../../contracts/guard.ts';
import { FailureKind, type ProviderAttempt } from '../../../contracts/llm-journal.ts';

/** A failure as its explanation needs it: values that are in the log or the evidence already. */
export type Failure = {
  /** The state that failed. */
  state: string;
  /** Name of the error, as the state machine matches it. */
  error: string;
  message: string;
  /** What was tried at providers, where that is known. */
  attempts?: readonly Pick<ProviderAttempt, 'provider' | 'outcome' | 'status'>[];
  /** Guard rules that stopped an output. */
  findings?: readonly GuardRule[];
};

// "no provider answered intent (glm/m: rate_limited (429), slow down; anthropic/c: timeout); no cassette …"
const NO_ANSWER = /^no provider answered \S+ \(/;
const OUTCOME = /(?:^no provider answered \S+ \(|; )\S+: ([a-z_]+)(?=[ ,;)])/g;

const MAX_MESSAGE = 10_000;

/** Why providers gave no answer: from the attempts, or else from the message that sums them up. */
export const failureKinds = ({ attempts, message }: Pick<Failure, 'attempts' | 'message'>): FailureKind[] => {
  const known = (outcomes: readonly (string | undefined)[]): FailureKind[] =>
    outcomes.map((outcome) => FailureKind.safeParse(outcome).data).filter((kind) => kind !== undefined);
  // An answer came in the end: then something else failed.
  if (attempts?.some(({ outcome }) => outcome === 'answered')) return [];
  if (attempts) return known(attempts.map(({ outcome }) => outcome));
  if (!NO_ANSWER.test(message)) return [];
  return known([...message.slice(0, MAX_MESSAGE).matchAll(OUTCOME)].map(([, outcome]) => outcome));
};
