import type { FailureKind, ProviderAttempt } from '../../../contracts/llm-journal.ts';
import { kindInWords } from './failure-words.ts';

/** Outcomes of a provider that was passed over, not asked. */
const NOT_ASKED: ReadonlySet<string> = new Set(['network_disabled', 'cooling_down', 'no_key', 'out_of_time'] satisfies FailureKind[]);

/** How one provider failed a call: its last word, and how often it was asked. */
export type ProviderFailure = Pick<ProviderAttempt, 'provider' | 'model' | 'outcome' | 'status' | 'message'> & { attempts: number };

/** Failures by provider and model, in fallback order. */
export const providerFailures = (attempts: readonly ProviderAttempt[]): ProviderFailure[] => {
  const failed = attempts.filter(({ outcome }) => outcome !== 'answered');
  const groups = Map.groupBy(failed, ({ provider, model }) => `${provider}/${model}`);
  return [...groups.values()].flatMap((group) => {
    const last = group.at(-1);
    if (!last) return [];
    const { provider, model, outcome, status, message } = last;
    return [{ provider, model, outcome, status, message, attempts: group.filter((one) => !NOT_ASKED.has(one.outcome)).length }];
  });
};

/** `rate limited (429)`. */
export const outcomeInWords = ({ outcome, status }: Pick<ProviderFailure, 'outcome' | 'status'>): string =>
  `${kindInWords(outcome)}${status === null ? '' : ` (${status})`}`;

/** `glm/glm-4.6 rate limited (429), 3 attempts`. */
export const failureInWords = (failure: ProviderFailure): string => {
  const { provider, model, attempts } = failure;
  const asked = attempts === 0 ? 'not asked' : `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`;
  return `${provider}/${model} ${outcomeInWords(failure)}, ${asked}`;
};
