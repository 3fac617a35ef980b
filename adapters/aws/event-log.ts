import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { PermanentError, UnreadableDocument } from '../../contracts/errors.ts';
import { eventKey, JobEvent } from '../../contracts/events.ts';
import { JobId } from '../../contracts/ids.ts';
import type { EventLog } from '../../contracts/ports.ts';
import { canonicalJson } from '../../functions/lib/canonical-json.ts';
import { hasName, isMissing } from './aws-errors.ts';

/** How many events are asked for at once: sequence numbers have no gaps, so the first missing key ends the log. */
const READ_AHEAD = 16;

const parseEvent = (text: string, key: string): JobEvent => {
  const parsed = JobEvent.safeParse(JSON.parse(text));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new UnreadableDocument(
    `${key} is not a job_event_v1 (/${issue?.path.join('/')}: ${issue?.message}); it was edited or written by another version`,
  );
};

/**
 * The event log on S3. An append is `PutObject` with `If-None-Match: *` on the next sequence number
 * (https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html).
 */
export const createEventLog = (s3: S3Client, bucket: string): EventLog => {
  const get = async (jobId: string, seq: number): Promise<JobEvent | null> => {
    const key = eventKey(jobId, seq);
    try {
      const object = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      return parseEvent((await object.Body?.transformToString()) ?? '', key);
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  };

  const put = async (event: JobEvent): Promise<'appended' | 'conflict' | 'again'> => {
    try {
      const Body = canonicalJson(event);
      await s3.send(
        new PutObjectCommand({
          Bucket: bucket,
          Key: eventKey(event.job_id, event.seq),
          Body,
          IfNoneMatch: '*',
          ContentType: 'application/json',
        }),
      );
      return 'appended';
    } catch (error) {
      if (hasName(error, 'PreconditionFailed')) return 'conflict';
      // A concurrent conditional write or delete of the same key: S3 asks to try again.
      if (hasName(error, 'ConditionalRequestConflict')) return 'again';
      throw error;
    }
  };

  return {
    append: async (event) => {
      JobId.parse(event.job_id);
      for (let attempt = 0; attempt < 5; attempt++) {
        const result = await put(event);
        if (result !== 'again') return result;
      }
      throw new PermanentError(`S3 kept answering 409 for ${eventKey(event.job_id, event.seq)}`);
    },

    read: async (jobId, after = 0) => {
      JobId.parse(jobId);
      const events: JobEvent[] = [];
      for (let next = after + 1, width = after === 0 ? READ_AHEAD : 2; ; next += width, width = READ_AHEAD) {
        const chunk = await Promise.all(Array.from({ length: width }, (_, i) => get(jobId, next + i)));
        const end = chunk.indexOf(null);
        events.push(...chunk.slice(0, end === -1 ? width : end).filter((event) => event !== null));
        if (end !== -1) return events;
      }
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
