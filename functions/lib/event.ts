import { type EventDraft, GENESIS_HASH, type JobEvent } from '../../contracts/events.ts';
import { canonicalJson } from './canonical-json.ts';
import { sha256Hex } from './hash.ts';

/**
 * sha256 of canonical [job, state, visit, kind, ordinal]. Execution and retry are no part of it, so a
 * retried function, a redrive and a re-run from the log all find what was recorded.
 */
export const eventId = (jobId: string, draft: Pick<EventDraft, 'state' | 'visit' | 'kind' | 'event_type' | 'ordinal'>): string =>
  sha256Hex(canonicalJson([jobId, draft.state, draft.visit, draft.kind ?? draft.event_type, draft.ordinal ?? 0]));

/** Where the next event goes: after `last_seq`, chained to `last_hash`. */
export type Head = { last_seq: number; last_hash: string };

export const EMPTY_LOG: Head = { last_seq: 0, last_hash: GENESIS_HASH };

/** sha256 of the canonical event without its `hash`. */
export const eventHash = (event: Omit<JobEvent, 'hash'> & { hash?: string }): string => {
  const { hash: _, ...content } = event;
  return sha256Hex(canonicalJson(content));
};

/** Gives a draft its place in the chain. */
export const sealEvent = (draft: EventDraft, place: Head & { job_id: string; run_id: string; at: string }): JobEvent => {
  const content: Omit<JobEvent, 'hash'> = {
    schema_version: 'job_event_v1',
    job_id: place.job_id,
    run_id: place.run_id,
    seq: place.last_seq + 1,
    event_id: eventId(place.job_id, draft),
    event_type: draft.event_type,
    step: draft.step ?? null,
    actor: draft.actor,
    at: place.at,
    message: draft.message ?? null,
    outputs: draft.outputs ?? {},
    prev_hash: place.last_hash,
  };
  return { ...content, hash: eventHash(content) };
};

export type ChainReport = { ok: boolean; events: number; head: string | null; problems: { seq: number; problem: string }[] };

/** Checks one job's events as read, in order: hashes, links, sequence, job. Needs nothing but the events. */
export const verifyChain = (events: readonly JobEvent[]): ChainReport => {
  const problems: ChainReport['problems'] = [];
  let head: Head = EMPTY_LOG;
  for (const event of events) {
    const report = (problem: string) => problems.push({ seq: event.seq, problem });
    if (event.seq !== head.last_seq + 1)
      report(`sequence jumps from ${head.last_seq} to ${event.seq}: an event is missing, doubled or moved`);
    if (event.prev_hash !== head.last_hash) report('prev_hash does not match the event before it');
    if (event.hash !== eventHash(event)) report('hash does not match the content: the event was edited');
    if (event.job_id !== events[0]?.job_id) report(`belongs to job ${event.job_id}, not ${events[0]?.job_id}`);
    head = { last_seq: event.seq, last_hash: event.hash };
  }
  return { ok: problems.length === 0, events: events.length, head: events.at(-1)?.hash ?? null, problems };
};
