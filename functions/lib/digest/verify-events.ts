import * as z from 'zod';
import type { TamperProblem } from '../../../contracts/digest.ts';
import { GENESIS_HASH } from '../../../contracts/events.ts';
import { JobId, Sha256 } from '../../../contracts/ids.ts';
import { canonicalJson } from '../canonical-json.ts';
import { sha256Hex } from '../hash.ts';
import { gaps, inLog, range } from './problems.ts';

/** What the chain stands on. Everything else is covered by the hash, also what a later version added. */
const Sealed = z.looseObject({
  schema_version: z.literal('job_event_v1'),
  job_id: JobId,
  seq: z.int().min(1),
  prev_hash: Sha256,
  hash: Sha256,
});
export type Sealed = z.infer<typeof Sealed>;

/** The event a value is, or why it is none. */
export const parseSealed = (value: unknown): { event: Sealed } | { why: string } => {
  const parsed = Sealed.safeParse(value);
  if (parsed.success) return { event: parsed.data };
  const [issue] = parsed.error.issues;
  return { why: `is no job_event_v1: ${issue?.path.join('.') || 'it'}: ${issue?.message}` };
};

const contentHash = (event: Sealed): string => {
  const { hash: _, ...content } = event;
  try {
    return sha256Hex(canonicalJson(content));
  } catch {
    // A lone surrogate, say: nothing this system sealed.
    return '';
  }
};

/** Whether an event's hash is that of its content. */
export const isIntact = (event: Sealed): boolean => event.hash === contentHash(event);

const orderProblems = (events: readonly Sealed[]): TamperProblem[] => {
  const problems: TamperProblem[] = [];
  const seen = new Set<number>();
  let highest = 0;
  for (const { seq } of events) {
    if (seen.has(seq)) problems.push(inLog('inserted', seq, `event ${seq} is there twice`));
    else if (seq < highest) problems.push(inLog('reordered', seq, `event ${seq} comes after event ${highest}`));
    seen.add(seq);
    highest = Math.max(highest, seq);
  }
  for (const { from, to } of gaps([...seen])) problems.push(inLog('deleted', from, `event ${range(from, to)} is missing`));
  return problems;
};

const linkProblems = (events: readonly Sealed[], jobId: string | null): TamperProblem[] => {
  const bySeq = new Map(events.map((event) => [event.seq, event]));
  return events.flatMap((event) => {
    const { seq, job_id } = event;
    const before = seq === 1 ? GENESIS_HASH : bySeq.get(seq - 1)?.hash;
    const found: TamperProblem[] = [];
    if (job_id !== jobId) found.push(inLog('foreign', seq, `event ${seq} belongs to job ${job_id}, not ${jobId}`));
    if (!isIntact(event)) found.push(inLog('edited', seq, `event ${seq} was edited: its hash does not match its content`));
    if (before !== undefined && event.prev_hash !== before)
      found.push(inLog('edited', seq, `event ${seq} does not follow from the one before it: one of them was edited or put there`));
    return found;
  });
};

/** Everything wrong with one log by itself, given its events as they were found: order, gaps, hashes, links, job. */
export const verifyEvents = (events: readonly Sealed[], jobId: string | null = events[0]?.job_id ?? null): TamperProblem[] => [
  ...orderProblems(events),
  ...linkProblems(events, jobId),
];
