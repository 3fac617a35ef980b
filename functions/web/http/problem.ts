import { Refusal } from '../../../contracts/commands.ts';
import { PROBLEMS, type Problem, type ProblemCode } from '../../../contracts/http.ts';

const title = (code: ProblemCode): string => {
  const words = code.toLowerCase().replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
};

/** Turns anything thrown into an RFC 9457 problem; what was not foreseen says nothing about the inside. */
export const problemOf = (thrown: unknown): Problem & Record<string, unknown> => {
  const refusal =
    thrown instanceof Refusal
      ? thrown
      : new Refusal('INTERNAL', 'Something failed on our side. Try again; the log has what was done so far.');
  return {
    ...refusal.extra,
    type: `urn:holdpoint:problem:${refusal.code.toLowerCase()}`,
    title: title(refusal.code),
    status: PROBLEMS[refusal.code],
    detail: refusal.message,
    code: refusal.code,
  };
};

export const notFound = (what: string): Refusal => new Refusal('NOT_FOUND', `${what} does not exist; "GET /jobs" lists what does`);
