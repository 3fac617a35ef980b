import type { TamperProblem } from '../../contracts/digest.ts';
import { EXIT } from '../exit.ts';
import type { Context, Result } from '../runner.ts';
import { clean } from '../text.ts';

export type Problem = TamperProblem & { job_id: string | null };

export type Verdict = {
  /** What was verified, in words. */
  source: string;
  job_id: string | null;
  events: number;
  head: string | null;
  /** The last event that a digest signed; null where that was not asked. */
  signed_through: number | null;
  problems: Problem[];
};

const SHOWN = 20;

/** `1 digest`, `2 digests`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

const signature = ({ signed_through, events }: Verdict): string => {
  if (signed_through === null) return 'signatures were not checked: give --key to check who signed it';
  if (signed_through === events) return 'all of them signed';
  return `signed through event ${signed_through}; the rest is newer than the last digest, and checked by its chain alone`;
};

/** Says what came out, and ends with 1 where anything is not as it was written. */
export const sayVerdict = ({ say, paint }: Context, verdict: Verdict, more: Record<string, unknown> = {}): Result => {
  const { source, problems, events, head } = verdict;
  const doc = { ok: problems.length === 0, ...verdict, ...more };
  if (problems.length === 0) {
    say(`${paint.green('verified')} ${clean(source)}: ${counted(events, 'event')}, each hash and link is right, ${signature(verdict)}`);
    if (head !== null) say(`${paint.dim('head')} ${head}`);
    return { doc };
  }
  for (const { kind, job_id, problem } of problems.slice(0, SHOWN)) {
    const where = job_id === null || job_id === verdict.job_id ? '' : `job ${job_id}: `;
    say(`${paint.red('tampered')} ${kind}: ${clean(where + problem)}`);
  }
  if (problems.length > SHOWN) say(`and ${problems.length - SHOWN} more`);
  return {
    doc,
    exit: EXIT.bad,
    reason: `${source} does not verify: ${counted(problems.length, 'problem')}, first: ${problems[0]?.problem}`,
  };
};
