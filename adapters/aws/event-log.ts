import { ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { eventKey, type JobEvent } from '../../contracts/events.ts';
import { JobId } from '../../contracts/ids.ts';
import type { EventLog } from '../../contracts/ports.ts';
import { createEvent, getEvent, readEvents } from './append-only.ts';

/** Events kept in memory by one function. */
const KEPT = 2_000;

/**
 * Reads through a bounded memory, oldest out first. Events are immutable; what was tampered with afterwards is for
 * `verify` to find, which reads the stored objects themselves.
 */
const remembering = (get: (key: string) => Promise<JobEvent | null>): ((key: string) => Promise<JobEvent | null>) => {
  const known = new Map<string, JobEvent>();
  return async (key) => {
    const event = known.get(key) ?? (await get(key));
    if (event && !known.has(key)) {
      known.set(key, event);
      const [oldest] = known.keys();
      if (known.size > KEPT && oldest !== undefined) known.delete(oldest);
    }
    return event;
  };
};

/** The event log on S3: one object per event, created conditionally on the next sequence number of its job. */
export const createEventLog = (s3: S3Client, bucket: string): EventLog => {
  const get = remembering((key) => getEvent(s3, bucket, key));
  return {
    append: async (event) => createEvent(s3, bucket, eventKey(JobId.parse(event.job_id), event.seq), event),

    read: async (jobId, after = 0, newest, limit) => {
      JobId.parse(jobId);
      return readEvents((seq) => get(eventKey(jobId, seq)), after, { newest, limit });
    },

    jobs: async function* () {
      let token: string | undefined;
      do {
        const page = await s3.send(
          new ListObjectsV2Command({ Bucket: bucket, Prefix: 'jobs/', Delimiter: '/', ...(token ? { ContinuationToken: token } : {}) }),
        );
        for (const { Prefix } of page.CommonPrefixes ?? []) yield (Prefix ?? '').split('/')[1] ?? '';
        token = page.NextContinuationToken;
      } while (token);
    },
  };
};
