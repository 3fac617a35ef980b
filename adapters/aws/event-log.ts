import { ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { eventKey } from '../../contracts/events.ts';
import { JobId } from '../../contracts/ids.ts';
import type { EventLog } from '../../contracts/ports.ts';
import { createEvent, getEvent, readEvents } from './append-only.ts';

/** The event log on S3: one object per event, created conditionally on the next sequence number of its job. */
export const createEventLog = (s3: S3Client, bucket: string): EventLog => ({
  append: async (event) => createEvent(s3, bucket, eventKey(JobId.parse(event.job_id), event.seq), event),

  read: async (jobId, after = 0, newest) => {
    JobId.parse(jobId);
    return readEvents((seq) => getEvent(s3, bucket, eventKey(jobId, seq)), after, { newest });
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
});
