import type { TamperProblem } from '../../../contracts/digest.ts';
import { GENESIS_HASH } from '../../../contracts/events.ts';
import { parseText } from './json.ts';
import { inLog } from './problems.ts';
import { isIntact, parseSealed } from './verify-events.ts';

/** Where a log stands. */
export type Standing = { seq: number; hash: string };
export const NOT_SIGNED: Standing = { seq: 0, hash: GENESIS_HASH };

/**
 * Where a log stands after the events that follow what was signed, or why they do not follow. `texts` are the objects as stored, in
 * order; null stands for one that is missing although the index knows it.
 */
export const grow = (
  jobId: string,
  signed: Standing,
  texts: readonly { seq: number; text: string | null }[],
): { head: Standing } | { problem: TamperProblem } => {
  let head = signed;
  for (const { seq, text } of texts) {
    if (text === null) return { problem: inLog('truncated', seq, `event ${seq} is gone, which the index knows`) };
    const read = parseSealed(parseText(text));
    if ('why' in read) return { problem: inLog('unreadable', seq, `event ${seq} ${read.why}`) };
    const { event } = read;
    if (event.job_id !== jobId) return { problem: inLog('foreign', seq, `event ${seq} belongs to job ${event.job_id}`) };
    if (!isIntact(event)) return { problem: inLog('edited', seq, `event ${seq} was edited: its hash does not match its content`) };
    if (event.seq !== seq) return { problem: inLog('reordered', seq, `object ${seq} holds event ${event.seq}`) };
    if (event.prev_hash !== head.hash)
      return {
        problem: inLog(
          'edited',
          seq,
          `event ${seq} does not follow from event ${head.seq}, which ${head === signed ? 'a digest signed' : 'precedes it'}`,
        ),
      };
    head = { seq, hash: event.hash };
  }
  return { head };
};
