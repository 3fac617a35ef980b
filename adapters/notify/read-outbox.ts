import { OutboxDead, type OutboxEntry, OutboxRecord, OutboxSent } from '../../contracts/notification.ts';
import type { Artifacts } from '../../contracts/ports.ts';
import { json } from '../../functions/lib/decode.ts';
import { jobPrefix, type OutboxFile, type OutboxListing, outboxKey, readListing } from '../../functions/lib/notification/keys.ts';

type Store = Pick<Artifacts, 'get' | 'list'>;

const decodeRecord = json(OutboxRecord);
const decodeSent = json(OutboxSent);
const decodeDead = json(OutboxDead);

const read = async <T>(store: Store, name: string, file: OutboxFile, decode: (text: string) => T): Promise<T | null> => {
  const found = await store.get(outboxKey(name, file));
  return found && decode(new TextDecoder().decode(found.body));
};

const deliveryOf = async (
  store: Store,
  { name, settled }: OutboxListing,
  { recorded_at }: OutboxRecord,
): Promise<OutboxEntry['delivery']> => {
  if (settled === 'shown') {
    return { status: 'sent', schema_version: 'outbox_sent_v1', at: recorded_at, round: 0, attempts: 1, receipt: null };
  }
  const sent = settled === 'sent' ? await read(store, name, 'sent', decodeSent) : null;
  if (sent) return { status: 'sent', ...sent };
  const dead = settled === 'dead' ? await read(store, name, 'dead', decodeDead) : null;
  return dead ? { status: 'dead', ...dead } : { status: 'recorded' };
};

const entryOf = async (store: Store, listing: OutboxListing): Promise<OutboxEntry[]> => {
  const record = await read(store, listing.name, listing.settled === 'shown' ? 'shown' : 'record', decodeRecord);
  return record ? [{ name: listing.name, record, delivery: await deliveryOf(store, listing, record) }] : [];
};

/** What was sent about one job, and what became of it; in no order. */
export const readOutbox = async (store: Store, jobId: string): Promise<OutboxEntry[]> => {
  const keys = await store.list(jobPrefix(jobId));
  const entries = await Promise.all(readListing(keys.map(({ key }) => key)).map((listing) => entryOf(store, listing)));
  return entries.flat();
};
