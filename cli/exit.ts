import type { ProblemCode } from '../contracts/http.ts';

/** What scripts rely on; the table is in the interface document. */
export const EXIT = {
  good: 0,
  /** Ended badly, or a check failed. */
  bad: 1,
  usage: 2,
  /** Still waiting or running when the time was up. */
  waiting: 3,
  notFound: 4,
  conflict: 5,
  forbidden: 6,
  unavailable: 69,
  /** Try again later. */
  deferred: 75,
  /** 128 + SIGINT. */
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export type CliProblem = ProblemCode | 'USAGE' | 'UNREACHABLE' | 'UNEXPECTED_ANSWER' | 'EXISTS' | 'INTERRUPTED' | 'BUG';

/** An error the user can act on: `message` says what and which value, `next` what to do about it. */
export class CliError extends Error {
  override name = 'CliError';
  readonly code: CliProblem;
  readonly exit: ExitCode;
  readonly next: string | null;
  /** Further members of a problem document, for `--json`. */
  readonly details: Record<string, unknown>;
  constructor(
    code: CliProblem,
    exit: ExitCode,
    message: string,
    more: { next?: string; details?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? {} : { cause: more.cause });
    this.code = code;
    this.exit = exit;
    this.next = more.next ?? null;
    this.details = more.details ?? {};
  }
}

/** Wrong on the command line or in a local file: nothing was sent. */
export const usage = (message: string, next = 'see --help'): CliError => new CliError('USAGE', EXIT.usage, message, { next });

export const interrupted = (next?: string): CliError =>
  new CliError('INTERRUPTED', EXIT.interrupted, 'interrupted', next === undefined ? {} : { next });

/** Exit code of an HTTP error answer. */
export const exitOfStatus = (status: number): ExitCode => {
  if (status >= 500) return EXIT.unavailable;
  if (status === 429) return EXIT.deferred;
  if (status === 404) return EXIT.notFound;
  if (status === 409 || status === 410) return EXIT.conflict;
  if (status === 401 || status === 403) return EXIT.forbidden;
  return EXIT.usage;
};
