import type { S3Client } from '@aws-sdk/client-s3';
import { auditKey, type JobEvent } from '../../contracts/events.ts';
import type { AuditLog } from '../../contracts/ports.ts';
import { createEvent, getEvent, readEvents } from './append-only.ts';

/** The audit log on S3, beside the logs of the jobs and written like them. */
export const createAuditLog = (s3: S3Client, bucket: string): AuditLog => {
  const get = (seq: number): Promise<JobEvent | null> => getEvent(s3, bucket, auditKey(seq));
  let known: JobEvent | null = null;

  /** Sequence numbers have no gaps: doubles its steps from the newest known event, then halves them. */
  const last = async (): Promise<JobEvent | null> => {
    let newest: JobEvent | null = known;
    let step = 1;
    for (let next = await get((newest?.seq ?? 0) + step); next; next = await get(next.seq + step)) {
      newest = next;
      step *= 2;
    }
    for (let half = Math.floor(step / 2); half >= 1; half = Math.floor(half / 2)) newest = (await get((newest?.seq ?? 0) + half)) ?? newest;
    known = newest;
    return newest;
  };

  return {
    append: async (event) => createEvent(s3, bucket, auditKey(event.seq), event),
    read: async (after = 0, limit) => readEvents(get, after, { limit }),
    last,
  };
};
