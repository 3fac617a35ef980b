import type { VerifyingKey } from '../../functions/lib/digest/digest.ts';
import { inLog } from '../../functions/lib/digest/problems.ts';
import { readExport } from '../../functions/lib/digest/read-export.ts';
import { verifyExport } from '../../functions/lib/digest/verify-log.ts';
import type { Verdict } from './verdict.ts';

/** Lines of a text; empty ones at its end are none. */
export const linesOf = (text: string): string[] => {
  const lines = text.split('\n').map((line) => line.trimEnd());
  while (lines.at(-1) === '') lines.pop();
  return lines;
};

/** An exported log, given its lines: needs no server. Without a key, hashes and links are checked, but not who signed. */
export const verifyLines = (source: string, lines: readonly string[], key: VerifyingKey | null): Verdict => {
  const { events, digests, problems } = readExport(lines);
  const none = events.length === 0 ? [inLog('truncated', null, 'there are no events')] : [];
  const verdict = verifyExport(events, digests, { key, unsignedTail: 'refused' });
  const job_id = events[0]?.job_id ?? null;
  return {
    ...{ source, job_id, events: events.length, head: events.at(-1)?.hash ?? null },
    signed_through: key ? verdict.signed_through : null,
    problems: [...problems, ...none, ...verdict.problems].map((problem) => ({ ...problem, job_id })),
  };
};
