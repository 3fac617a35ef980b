import { EventEmitter, once } from 'node:events';
import type { Arrivals } from '../../functions/web/deps.ts';
import type { AwsRequest, AwsResponse } from './wire.ts';

/** Path of an event in the events bucket. */
const EVENT = /-events\/jobs\/([0-9a-f]{12})\/events\/(\d+)\.json$/;

/**
 * Says when something was written to a job's log, so that streams need not look again and again. On AWS nothing tells the pages of
 * it: there they ask anew.
 */
export const createArrivals = (): Arrivals & {
  note(request: Pick<AwsRequest, 'method' | 'path'>, answer: Pick<AwsResponse, 'status'>): void;
} => {
  const written = new EventEmitter().setMaxListeners(0);
  const newest = new Map<string, number>();
  const newestOf = (jobId: string): number => newest.get(jobId) ?? 0;
  return {
    note: ({ method, path }, { status }) => {
      const [, jobId, seq] = method === 'PUT' && status < 300 ? (EVENT.exec(path) ?? []) : [];
      if (jobId === undefined) return;
      newest.set(jobId, Math.max(newestOf(jobId), Number(seq)));
      written.emit(jobId);
    },
    wait: async (jobId, after, signal) => {
      if (newestOf(jobId) <= after) await once(written, jobId, { signal }).catch(() => undefined);
      return newestOf(jobId);
    },
  };
};
