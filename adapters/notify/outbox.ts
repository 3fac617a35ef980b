import { asError } from '../../contracts/errors.ts';
import {
  type DeliveryResult,
  type LinkOf,
  type Notifier,
  OutboxClaim,
  type OutboxDead,
  OutboxRecord,
  type OutboxSent,
} from '../../contracts/notification.ts';
import type { Artifacts, Clock } from '../../contracts/ports.ts';
import { canonicalJson } from '../../functions/lib/canonical-json.ts';
import { json } from '../../functions/lib/decode.ts';
import type { Drafted } from '../../functions/lib/notification/build.ts';
import {
  jobPrefix,
  nameOf,
  OUTBOX_PREFIX,
  type OutboxFile,
  type OutboxListing,
  outboxKey,
  readListing,
} from '../../functions/lib/notification/keys.ts';
import { asks } from '../../functions/lib/notification/words.ts';

export type OutboxDeps = {
  artifacts: Pick<Artifacts, 'create' | 'get' | 'list'>;
  notifier: Notifier;
  linkOf: LinkOf;
  clock: Clock;
};

/** `later`: not taken yet; a later pass tries again. `elsewhere`: somebody else has it, or settled it. */
export type SendOutcome = 'sent' | 'dead' | 'later' | 'elsewhere';

export type FlushReport = { sent: number; dead: number; later: number; problems: string[] };

export type Outbox = {
  /** Keeps it for the next pass. False when it was kept before: then nothing changes. */
  record(drafted: Drafted): Promise<boolean>;
  /** Keeps it and sends it, unless it was kept before. Throws only when it could not be kept. */
  notify(drafted: Drafted): Promise<SendOutcome>;
  /** Sends what was kept and not sent, of one job or of all. Passes may overlap: each notification has one sender. */
  flush(jobId?: string): Promise<FlushReport>;
};

/** How long a sender is left alone, in ms: longer than any pass of a channel takes. Doubles with every round. */
const CLAIM_MS = 2 * 60_000;
/** Rounds after the first; the last one begins about four hours after the first. */
const LAST_ROUND = 7;
/** Notifications sent at the same time: one slow receiver does not hold up the others. */
const AT_ONCE = 8;

const JSON_TYPE = 'application/json';
const decodeRecord = json(OutboxRecord);
const decodeClaim = json(OutboxClaim);

type Kept = { name: string; record: OutboxRecord; round: number };

const claimedUntil = (clock: Clock, round: number): string => new Date(clock().getTime() + CLAIM_MS * 2 ** round).toISOString();

const create = (
  { artifacts }: OutboxDeps,
  name: string,
  file: OutboxFile,
  document: OutboxRecord | OutboxClaim | OutboxSent | OutboxDead,
) => artifacts.create(outboxKey(name, file), canonicalJson(document), JSON_TYPE);

const read = async <T>({ artifacts }: OutboxDeps, name: string, file: OutboxFile, decode: (text: string) => T): Promise<T | null> => {
  const found = await artifacts.get(outboxKey(name, file));
  return found && decode(new TextDecoder().decode(found.body));
};

const bury = async (deps: OutboxDeps, { name, round }: Kept, attempts: number, reason: string): Promise<SendOutcome> => {
  await create(deps, name, 'dead', { schema_version: 'outbox_dead_v1', at: deps.clock().toISOString(), round, attempts, reason });
  return 'dead';
};

const trySend = async (deps: OutboxDeps, { notification, link_ref }: OutboxRecord): Promise<DeliveryResult> => {
  try {
    const link = link_ref ? await deps.linkOf(link_ref) : null;
    return await deps.notifier.send({ ...notification, link });
  } catch (thrown) {
    // Its message might quote the link: only its name is kept.
    return {
      status: 'failed',
      final: false,
      attempts: 0,
      reason: `the link could not be made, or the sender failed: ${asError(thrown).name}`,
    };
  }
};

const send = async (deps: OutboxDeps, kept: Kept): Promise<SendOutcome> => {
  const { name, record, round } = kept;
  const { kind, expires_at } = record.notification;
  if (asks(kind) && expires_at !== null && expires_at <= deps.clock().toISOString()) {
    return bury(deps, kept, 0, `its question expired at ${expires_at}, before it could be sent`);
  }
  const result = await trySend(deps, record);
  if (result.status === 'sent') {
    const { attempts, receipt } = result;
    await create(deps, name, 'sent', { schema_version: 'outbox_sent_v1', at: deps.clock().toISOString(), round, attempts, receipt });
    return 'sent';
  }
  if (result.final || round >= LAST_ROUND) return bury(deps, kept, result.attempts, result.reason);
  return 'later';
};

/** The next round of a notification nobody is sending, claimed for this caller; null when it is not ours to send. */
const claim = async (deps: OutboxDeps, { name, claims }: OutboxListing): Promise<Kept | null> => {
  const record = await read(deps, name, 'record', decodeRecord);
  const last = claims === 0 ? record : await read(deps, name, { claim: claims }, decodeClaim);
  if (!record || !last || last.claimed_until > deps.clock().toISOString()) return null;
  const round = claims + 1;
  const mine: OutboxClaim = { schema_version: 'outbox_claim_v1', round, claimed_until: claimedUntil(deps.clock, round) };
  return (await create(deps, name, { claim: round }, mine)) ? { name, record, round } : null;
};

const resend = async (deps: OutboxDeps, listing: OutboxListing): Promise<SendOutcome> => {
  const kept = await claim(deps, listing);
  if (!kept) return 'elsewhere';
  if (kept.round > LAST_ROUND) return bury(deps, kept, 0, 'every sender was lost before it could say what became of it');
  return send(deps, kept);
};

/** For the outbox alone: keeping it is all there is to do, and one object less to write and to look for. */
const isShown = ({ notification }: Drafted): boolean => notification.to.channel === 'outbox';

const keep = async (deps: OutboxDeps, drafted: Drafted, claimed_until: string): Promise<Kept | null> => {
  const name = nameOf(drafted.notification);
  const recorded_at = deps.clock().toISOString();
  const record: OutboxRecord = { schema_version: 'outbox_record_v1', ...drafted, recorded_at, claimed_until };
  const file = isShown(record) ? 'shown' : 'record';
  return (await create(deps, name, file, record)) ? { name, record, round: 0 } : null;
};

const flush = async (deps: OutboxDeps, jobId?: string): Promise<FlushReport> => {
  const keys = await deps.artifacts.list(jobId === undefined ? OUTBOX_PREFIX : jobPrefix(jobId));
  const open = readListing(keys.map(({ key }) => key)).filter(({ settled }) => settled === null);
  const report: FlushReport = { sent: 0, dead: 0, later: 0, problems: [] };
  const one = async (listing: OutboxListing): Promise<void> => {
    try {
      const outcome = await resend(deps, listing);
      if (outcome !== 'elsewhere') report[outcome] += 1;
    } catch (thrown) {
      // One unreadable record must not keep the others from being sent.
      report.problems.push(`notification ${listing.name}: ${asError(thrown).message}`);
    }
  };
  for (let at = 0; at < open.length; at += AT_ONCE) await Promise.all(open.slice(at, at + AT_ONCE).map(one));
  return report;
};

/**
 * Notifications are kept first, then sent. The record's conditional create chooses the sender; should it be lost, the
 * next pass after its claim chooses another. So nothing is lost, and nothing is sent twice but where a sender
 * died between the channel's answer and its own note of it: then the id is the same, and the note says the round.
 */
export const createOutbox = (deps: OutboxDeps): Outbox => ({
  record: async (drafted) => (await keep(deps, drafted, deps.clock().toISOString())) !== null,
  notify: async (drafted) => {
    const kept = await keep(deps, drafted, claimedUntil(deps.clock, 0));
    if (!kept) return 'elsewhere';
    if (isShown(drafted)) return 'sent';
    // It is kept: what fails from here on, the next pass mends.
    return send(deps, kept).catch((): SendOutcome => 'later');
  },
  flush: (jobId) => flush(deps, jobId),
});
