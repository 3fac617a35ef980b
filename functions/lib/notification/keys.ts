import type { Notification } from '../../../contracts/notification.ts';
import { canonicalJson } from '../canonical-json.ts';
import { sha256Hex } from '../hash.ts';

/** Where the outbox lies in the artifacts bucket. */
export const OUTBOX_PREFIX = 'notifications/';

/** All notifications of one job. */
export const jobPrefix = (jobId: string): string => `${OUTBOX_PREFIX}${jobId}/`;

/** One notification, whoever builds it and however often: the same place, the same name. */
export const nameOf = ({
  job_id,
  state,
  visit,
  kind,
  n,
  to,
}: Pick<Notification, 'job_id' | 'state' | 'visit' | 'kind' | 'n' | 'to'>): string =>
  `${job_id}/${state}-${visit}-${kind}-${n}-${sha256Hex(canonicalJson(to)).slice(0, 16)}`;

/** `shown` is the record of what is for the outbox alone: it is where it belongs, and nobody sends it. */
export type OutboxFile = 'record' | 'shown' | 'sent' | 'dead' | { claim: number };

/** Key of a file of the notification called `name`. */
export const outboxKey = (name: string, file: OutboxFile): string => {
  if (typeof file === 'object') return `${OUTBOX_PREFIX}${name}.claim-${file.claim}.json`;
  return `${OUTBOX_PREFIX}${name}${file === 'record' ? '' : `.${file}`}.json`;
};

/** `<job_id>/<state>-<visit>-<kind>-<n>-<recipient>`: also what a path may name. */
export const OUTBOX_NAME = /^[0-9a-f]{12}\/[A-Za-z][A-Za-z0-9]{0,63}-\d{1,6}-[a-z]{1,16}-\d{1,4}-[0-9a-f]{16}$/;

const FILE = /^(?<name>[^.]+)(?:\.(?:(?<marker>shown|sent|dead)|claim-(?<claim>\d{1,2})))?\.json$/;

export type OutboxListing = { name: string; claims: number; settled: 'shown' | 'sent' | 'dead' | null };

/** What a listing of keys says of each notification, in key order; keys of anything else are passed over. */
export const readListing = (keys: readonly string[]): OutboxListing[] => {
  const found = new Map<string, OutboxListing & { recorded: boolean }>();
  for (const key of keys) {
    const parts = key.startsWith(OUTBOX_PREFIX) ? FILE.exec(key.slice(OUTBOX_PREFIX.length))?.groups : undefined;
    const name = parts?.['name'];
    if (!parts || name === undefined || !OUTBOX_NAME.test(name)) continue;
    const entry = found.get(name) ?? { name, claims: 0, settled: null, recorded: false };
    const marker = parts['marker'];
    // Sent wins: what was sent is not dead, whatever a slower sender thought of it.
    if (marker === 'shown') entry.recorded = true;
    if (marker === 'shown') entry.settled ??= marker;
    else if (marker === 'sent' || (marker === 'dead' && entry.settled === null)) entry.settled = marker;
    else if (parts['claim']) entry.claims = Math.max(entry.claims, Number(parts['claim']));
    else if (!marker) entry.recorded = true;
    found.set(name, entry);
  }
  return [...found.values()].filter(({ recorded }) => recorded).map(({ name, claims, settled }) => ({ name, claims, settled }));
};
