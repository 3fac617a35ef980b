import { asError } from '../../../contracts/errors.ts';
import type { ShadowRow } from '../../../contracts/shadow.ts';
import { redact } from '../redaction.ts';
import { type Decision, type Shadow, shadowRow } from './agreement.ts';

type Beside = {
  /** Already made: it holds, whatever the shadow says. */
  decision: Decision;
  /** What a model would decide, as one of the words the decision could be. */
  shadow: () => Promise<string>;
  /** The flag `shadow_enabled`. */
  enabled: boolean;
  /** Ends the wait for the shadow. */
  signal: AbortSignal;
};

const MAX_WORD = 100;

const failed = (thrown: unknown): Pick<Shadow, 'shadow' | 'problem'> => {
  try {
    return { shadow: null, problem: redact(asError(thrown).message.toWellFormed()).text.slice(0, 400).toWellFormed() };
  } catch {
    // Something was thrown that cannot even be turned into words.
    return { shadow: null, problem: 'unknown error' };
  }
};

const word = (value: unknown): Pick<Shadow, 'shadow' | 'problem'> =>
  typeof value === 'string' && value.length <= MAX_WORD
    ? { shadow: redact(value.toWellFormed()).text, problem: null }
    : { shadow: null, problem: `the shadow is no word of at most ${MAX_WORD} characters` };

/** Asks the shadow beside a decision that is made already; null when shadow mode is off. Never throws. */
export const decideBeside = async ({ decision, shadow, enabled, signal }: Beside): Promise<ShadowRow | null> => {
  if (!enabled) return null;
  if (signal.aborted) return shadowRow(decision, { shadow: null, problem: 'no time was left' });
  const late = new Promise<never>((_, reject) =>
    signal.addEventListener('abort', () => reject(new Error('it took too long')), { once: true }),
  );
  try {
    return shadowRow(decision, word(await Promise.race([shadow(), late])));
  } catch (thrown) {
    return shadowRow(decision, failed(thrown));
  }
};
