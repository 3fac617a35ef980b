import type { Phase6Metric } from '../../../contracts/telemetry.ts';
import { doctorTokensEstimate } from '../doctor/request.ts';
import { type Failure, failureKinds } from './failure.ts';
import { FAILURE_PATTERNS, type PatternName, type Sign } from './patterns.ts';

/** A failure of a known pattern: explained without a model. */
export type Hardened = {
  pattern: PatternName;
  explanation: string;
  remedy: string;
  doctor_call_skipped: true;
  /** Tokens the doctor would have taken for this failure: its prompt, and a note of usual length. */
  doctor_tokens_avoided_estimate: number;
};

const MAX_MESSAGE = 10_000;

/** Explains a known failure by its pattern; null for one of no known pattern (E7). Deterministic, and never throws. */
export const harden = (failure: Failure): Hardened | null => {
  const kinds: readonly string[] = failureKinds(failure);
  const message = failure.message.slice(0, MAX_MESSAGE);
  const shows = (sign: Sign): boolean => {
    if ('kind' in sign) return kinds.includes(sign.kind);
    if ('rule' in sign) return failure.findings?.includes(sign.rule) ?? false;
    return sign.error === failure.error && (sign.message?.test(message) ?? true);
  };
  const found = FAILURE_PATTERNS.find(({ signs }) => signs.some(shows));
  if (!found) return null;
  const { name: pattern, explanation, remedy } = found;
  return { pattern, explanation, remedy, doctor_call_skipped: true, doctor_tokens_avoided_estimate: doctorTokensEstimate(failure) };
};

/** The row of `phase6_metrics` for a phase; `hardened` is null where nothing failed or no pattern was known. */
export const phase6Row = (
  { run_id, phase_id }: Pick<Phase6Metric, 'run_id' | 'phase_id'>,
  { hardened, intention_context_injected }: { hardened: Hardened | null; intention_context_injected: boolean },
): Phase6Metric => ({
  ...{ run_id, phase_id },
  failure_hardening_triggered: hardened !== null,
  doctor_call_skipped: hardened?.doctor_call_skipped ?? false,
  doctor_tokens_avoided_estimate: hardened?.doctor_tokens_avoided_estimate ?? 0,
  intention_context_injected,
});
