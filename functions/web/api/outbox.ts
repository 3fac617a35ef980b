import { readOutbox } from '../../../adapters/notify/read-outbox.ts';
import type { OutboxEntry } from '../../../contracts/notification.ts';
import { OUTBOX_NAME } from '../../lib/notification/keys.ts';
import type { Web } from '../deps.ts';
import { notFound } from '../http/problem.ts';

/** Jobs whose notifications one page shows, and how many of these at most. */
const JOBS = 20;
const ENTRIES = 40;

export type OutboxPage = { entries: OutboxEntry[]; more: number; next_cursor: string | null };

const newestFirst = (a: OutboxEntry, b: OutboxEntry): number =>
  b.record.recorded_at.localeCompare(a.record.recorded_at) || a.name.localeCompare(b.name);

const entriesOf = async (web: Web, jobIds: readonly string[]): Promise<OutboxEntry[]> => {
  const all = await Promise.all(jobIds.map((jobId) => readOutbox(web.artifacts, jobId)));
  return all.flat().toSorted(newestFirst);
};

/**
 * Notifications of the newest jobs, and on the first page also of those that wait: what is asked again and again
 * may be about an old job.
 */
export const loadOutbox = async (web: Web, query: { job?: string; cursor?: string }): Promise<OutboxPage> => {
  if (query.job !== undefined) {
    const entries = await entriesOf(web, [query.job]);
    return { entries: entries.slice(0, ENTRIES), more: Math.max(0, entries.length - ENTRIES), next_cursor: null };
  }
  const [newest, waiting] = await Promise.all([
    web.index.list({ limit: JOBS, ...(query.cursor === undefined ? {} : { cursor: query.cursor }) }),
    query.cursor === undefined ? web.index.waiting({ limit: JOBS }) : { items: [] },
  ]);
  const ids = new Set([...newest.items, ...waiting.items].map(({ job_id }) => job_id));
  const entries = await entriesOf(web, [...ids]);
  return { entries: entries.slice(0, ENTRIES), more: Math.max(0, entries.length - ENTRIES), next_cursor: newest.next_cursor };
};

/** One notification by its name, `<job_id>/<place>-<recipient>`. */
export const loadOutboxEntry = async (web: Web, name: string): Promise<OutboxEntry> => {
  const [jobId = ''] = name.split('/');
  const entries = OUTBOX_NAME.test(name) ? await readOutbox(web.artifacts, jobId) : [];
  const entry = entries.find((one) => one.name === name);
  if (!entry) throw notFound(`notification "${name.slice(0, 120)}"`);
  return entry;
};
