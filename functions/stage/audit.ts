import type { World } from '../../adapters/world.ts';
import { Refusal } from '../../contracts/commands.ts';
import { AUDIT, type EventDraft, type JobEvent } from '../../contracts/events.ts';
import { EMPTY_LOG, type Head, sealEvent } from '../lib/event.ts';

/** Lost races before giving up. */
const ATTEMPTS = 50;

export type AuditPort = Pick<World, 'audit' | 'clock'>;

const headAfter = (last: JobEvent | null): Head => (last ? { last_seq: last.seq, last_hash: last.hash } : EMPTY_LOG);

/** Places a draft behind `last`. Its place is part of its id: what happens twice is two events. */
const sealAudit = ({ clock }: AuditPort, draft: EventDraft, last: JobEvent | null): JobEvent =>
  sealEvent({ ...draft, ordinal: last?.seq ?? 0 }, { ...AUDIT, ...headAfter(last), at: clock().toISOString() });

/**
 * Appends to the audit log what `decideOn` makes of its newest event, however often somebody else is faster; null where it
 * makes nothing.
 */
export const appendAudit = async (
  port: AuditPort,
  decideOn: (last: JobEvent | null) => EventDraft | null | Promise<EventDraft | null>,
): Promise<JobEvent | null> => {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const last = await port.audit.last();
    const draft = await decideOn(last);
    if (draft === null) return null;
    const event = sealAudit(port, draft, last);
    if ((await port.audit.append(event)) === 'appended') return event;
    // An answer of S3 may have been lost: then the event that stands there is this one.
    const [there] = await port.audit.read(event.seq - 1, 1);
    if (there?.hash === event.hash) return event;
  }
  throw new Refusal('TOO_MANY_REQUESTS', 'the audit log is changing too fast; try again');
};

/** Appends one event of what belongs to no job. */
export const recordAudit = async (port: AuditPort, draft: Omit<EventDraft, 'state' | 'visit' | 'ordinal'>): Promise<JobEvent> => {
  const event = await appendAudit(port, () => ({ ...draft, state: 'Control', visit: 1 }));
  if (!event) throw new Error(`${draft.event_type} was not appended`);
  return event;
};
