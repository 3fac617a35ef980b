import type { AuditDigest, LogHead, TamperProblem } from '../../../contracts/digest.ts';
import type { VerifyingKey } from './digest.ts';
import { inDigests, inLog, range } from './problems.ts';
import { verifyDigests } from './verify-digests.ts';
import { type Sealed, verifyEvents } from './verify-events.ts';

/** A log's head as one digest has it. */
export type Mention = LogHead & { digest: number };

/** What the digests say of one log, in their order. */
export const mentionsOf = (digests: readonly AuditDigest[], jobId: string): Mention[] =>
  digests.flatMap(({ seq, heads }) => heads.filter((head) => head.job_id === jobId).map((head) => ({ ...head, digest: seq })));

/** Digests listed more than once in a row say where they start; a later start than the last end means that one is gone. */
const coverageProblems = (mentions: readonly Mention[]): { problems: TamperProblem[]; through: number } => {
  const problems: TamperProblem[] = [];
  let through = 0;
  for (const { digest, since, seq } of mentions) {
    if (since > through)
      problems.push(
        inDigests('digest_deleted', null, `the digest that signed event ${range(through + 1, since)} is missing before digest ${digest}`),
      );
    through = Math.max(through, seq);
  }
  return { problems, through };
};

/** Events against what was signed about them. */
const contradictions = (events: readonly Sealed[], mentions: readonly Mention[]): TamperProblem[] => {
  const bySeq = new Map(events.map((event) => [event.seq, event]));
  const last = Math.max(0, ...bySeq.keys());
  return mentions.flatMap(({ digest, seq, hash }): TamperProblem[] => {
    const event = bySeq.get(seq);
    if (seq > last)
      return [
        inLog('truncated', seq, `the log ends at event ${last}, but digest ${digest} signed event ${seq}: its end was cut off`, digest),
      ];
    if (event && event.hash !== hash)
      return [
        inLog('edited', seq, `event ${seq} is not the one that digest ${digest} signed: the log was rewritten at or before it`, digest),
      ];
    return [];
  });
};

export type LogVerdict = {
  problems: TamperProblem[];
  /** The last event a digest vouches for; 0 for none. */
  signed_through: number;
};

/** One log against the heads that digests, verified elsewhere, have of it. */
export const verifyAgainst = (events: readonly Sealed[], mentions: readonly Mention[], jobId: string): LogVerdict => {
  const { problems, through } = coverageProblems(mentions);
  return { problems: [...verifyEvents(events, jobId), ...problems, ...contradictions(events, mentions)], signed_through: through };
};

/**
 * One log with the digests that list it, and nothing else: what an export holds. With a key, every event has to be signed, so
 * that digests that were cut off are missed.
 */
export const verifyExport = (
  events: readonly Sealed[],
  digests: readonly AuditDigest[],
  options: { key: VerifyingKey | null; unsignedTail: 'refused' | 'allowed' },
): LogVerdict => {
  const jobId = events[0]?.job_id ?? digests[0]?.heads[0]?.job_id ?? '';
  const mentions = mentionsOf(digests, jobId);
  const stray = digests.filter(({ heads }) => !heads.some((head) => head.job_id === jobId));
  const verdict = verifyAgainst(events, mentions, jobId);
  const last = Math.max(0, ...events.map(({ seq }) => seq));
  const unsigned = options.key !== null && options.unsignedTail === 'refused' && last > verdict.signed_through;
  return {
    signed_through: verdict.signed_through,
    problems: [
      ...verdict.problems,
      ...verifyDigests(digests, { key: options.key, whole: false }).problems,
      ...stray.map(({ seq }) => inDigests('digest_inserted', seq, `digest ${seq} does not list job ${jobId}: it does not belong here`)),
      ...(unsigned ? [unsignedProblem(verdict.signed_through + 1, last)] : []),
    ],
  };
};

const unsignedProblem = (from: number, to: number): TamperProblem =>
  inLog(
    'unsigned',
    from,
    `no digest signed event ${range(from, to)}: digests were cut off, events were put at the end, or the export is older than the next digest; export the job again`,
  );
