import { EventEmitter, once } from 'node:events';
import { JobEvent } from '../../contracts/events.ts';
import type { Arrivals } from '../../functions/web/deps.ts';
import type { AwsRequest, AwsResponse } from './wire.ts';

/** Path of an event in the events bucket. */
const EVENT = /-events\/jobs\/([0-9a-f]{12})\/events\/(\d+)\.json$/;

/** The event that a request wrote; null where the body is not the text alone. */
const eventOf = (body: Buffer): JobEvent | null => {
  try {
    return JobEvent.parse(JSON.parse(body.toString()));
  } catch {
    return null;
  }
};

/**
 * Says when something was written to a job's log, so that streams need not look again and again. On AWS nothing tells the pages of
 * it: there they ask anew.
 */
export const createArrivals = (): Arrivals & {
  note(request: Pick<AwsRequest, 'method' | 'path' | 'body'>, answer: Pick<AwsResponse, 'status'>): void;
} => {
  const written = new EventEmitter().setMaxListeners(0);
  const newest = new Map<string, number>();
  const newestOf = (jobId: string): number => newest.get(jobId) ?? 0;
  return {
    note: ({ method, path, body }, { status }) => {
      const [, jobId, seq] = method === 'PUT' && status < 300 ? (EVENT.exec(path) ?? []) : [];
      if (jobId === undefined) return;
      newest.set(jobId, Math.max(newestOf(jobId), Number(seq)));
      written.emit(jobId, Number(seq), body);
    },
    wait: async (jobId, after, signal) => {
      if (newestOf(jobId) > after) return { newest: newestOf(jobId), next: null };
      const [seq, body] = await once(written, jobId, { signal }).catch(() => []);
      const newest = newestOf(jobId);
      return { newest, next: seq === after + 1 && seq === newest ? eventOf(body) : null };
    },
  };
};
