import type { TamperProblem } from '../../../contracts/digest.ts';

type Kind = TamperProblem['kind'];

/** A problem with an event, or with the log as a whole. */
export const inLog = (kind: Kind, seq: number | null, problem: string, digest: number | null = null): TamperProblem => ({
  kind,
  seq,
  digest,
  problem,
});

/** A problem with a digest, or with the digests as a whole. */
export const inDigests = (kind: Kind, digest: number | null, problem: string): TamperProblem => ({ kind, seq: null, digest, problem });

/** Numbers as people write them: `2`, `2-4`. */
export const range = (from: number, to: number): string => (from === to ? String(from) : `${from}-${to}`);

/** Numbers from 1 to `last` that are not there, as ranges. At most `limit`, since a hostile number may be large. */
export const gaps = (present: readonly number[], from = 1, limit = 100): { from: number; to: number }[] => {
  const found: { from: number; to: number }[] = [];
  let next = from;
  for (const seq of [...new Set(present)].toSorted((a, b) => a - b)) {
    if (seq > next && found.length < limit) found.push({ from: next, to: seq - 1 });
    next = Math.max(next, seq + 1);
  }
  return found;
};
