import * as z from 'zod';
import type { FailureNote } from '../../../contracts/doctor.ts';
import { asError } from '../../../contracts/errors.ts';
import { ModelAnswer } from '../../../contracts/llm.ts';
import type { StageEffects } from '../../../contracts/stage.ts';
import type { Failure } from '../hardening/failure.ts';
import { type Hardened, harden } from '../hardening/harden.ts';
import { redact } from '../redaction.ts';
import { readDoctorNote } from './note.ts';
import { doctorRequest } from './request.ts';

export type Explained = {
  note: FailureNote;
  hardened: Hardened | null;
  /** The doctor's answer, redacted, whether or not a note could be read from it: it was used and may have been billed. */
  answer: ModelAnswer | null;
};

type Explain = {
  failure: Failure;
  ask: StageEffects['ask'];
  /** The flag `doctor_enabled`. */
  enabled: boolean;
  /** Ends the wait for the doctor. */
  signal: AbortSignal;
};

const noteOf = ({ state, error }: Failure, more: Partial<FailureNote>): FailureNote => ({
  ...{ schema_version: 'failure_note_v1', state, error, source: 'none', pattern: null },
  ...{ explanation: 'No known pattern fits this failure.', likely_cause: null, suggestions: [], labels: null },
  ...{ doctor_call_skipped: false, doctor_tokens_avoided_estimate: 0 },
  ...more,
});

const byPattern = (failure: Failure, { pattern, explanation, remedy, ...skipped }: Hardened): FailureNote =>
  noteOf(failure, { source: 'hardening', pattern, explanation, suggestions: [remedy], ...skipped });

const unexplained = (failure: Failure, why: string): FailureNote =>
  noteOf(failure, { explanation: `No known pattern fits this failure, and ${why.slice(0, 400).toWellFormed()}.` });

/** The answer, or a rejection when the signal is first. */
const within = <T>(work: Promise<T>, signal: AbortSignal): Promise<T> =>
  Promise.race([
    work,
    new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(new Error('it took too long')), { once: true })),
  ]);

const labelsOf = ({ response_source, replay_reason, degraded, recorded_at, provider, model }: ModelAnswer): FailureNote['labels'] => ({
  ...{ response_source, replay_reason, degraded, recorded_at, provider, model },
});

/** A live answer also says what it took to get it: that stays behind. */
const Given = z.object(ModelAnswer.shape);

const byDoctor = async (failure: Failure, ask: Explain['ask'], signal: AbortSignal): Promise<Omit<Explained, 'hardened'>> => {
  const answered: unknown = await within(ask(doctorRequest(failure)), signal);
  const given = Given.safeParse(answered).data;
  if (!given) return { note: unexplained(failure, 'what the doctor gave is no answer'), answer: null };
  const answer = { ...given, text: redact(given.text.toWellFormed()).text };
  const { note, problem } = readDoctorNote(answer.text);
  if (!note) return { note: unexplained(failure, `the doctor could not be understood: ${problem}`), answer };
  const { explanation, likely_cause, suggestions } = note;
  return { note: noteOf(failure, { source: 'doctor', explanation, likely_cause, suggestions, labels: labelsOf(answer) }), answer };
};

/**
 * Explains a failure: by a known pattern, or else by the doctor if it is enabled. Gives words only. It has no outcome to
 * give, does not touch the failure, and never throws, whatever the doctor does.
 */
export const explainFailure = async ({ failure, ask, enabled, signal }: Explain): Promise<Explained> => {
  const hardened = harden(failure);
  if (hardened) return { note: byPattern(failure, hardened), hardened, answer: null };
  if (!enabled) return { note: unexplained(failure, 'the doctor is not enabled (flag doctor_enabled)'), hardened, answer: null };
  if (signal.aborted) return { note: unexplained(failure, 'no time was left to ask the doctor'), hardened, answer: null };
  try {
    return { ...(await byDoctor(failure, ask, signal)), hardened };
  } catch (thrown) {
    return { note: unexplained(failure, `the doctor gave no answer: ${wordsOf(thrown)}`), hardened, answer: null };
  }
};

const wordsOf = (thrown: unknown): string => {
  try {
    const { name, message } = asError(thrown);
    return redact(`${name}: ${message}`.toWellFormed()).text;
  } catch {
    // Something was thrown that cannot even be turned into words.
    return 'unknown error';
  }
};
