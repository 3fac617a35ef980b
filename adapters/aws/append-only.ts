import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { UnreadableDocument } from '../../contracts/errors.ts';
import { JobEvent } from '../../contracts/events.ts';
import { canonicalJson } from '../../functions/lib/canonical-json.ts';
import { isMissing } from './aws-errors.ts';
import { createOnce } from './create-once.ts';

/** How many events are asked for at once: sequence numbers have no gaps, so the first missing key ends the log. */
const READ_AHEAD = 16;
/** Requests of one reader under way at the most. */
const MOST_AT_ONCE = 64;

const parseEvent = (text: string, key: string): JobEvent => {
  const parsed = JobEvent.safeParse(JSON.parse(text));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new UnreadableDocument(
    `${key} is not a job_event_v1 (/${issue?.path.join('/')}: ${issue?.message}); it was edited or written by another version`,
  );
};

/** Null where there is no such event. */
export const getEvent = async (s3: S3Client, bucket: string, key: string): Promise<JobEvent | null> => {
  try {
    const object = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    return parseEvent((await object.Body?.transformToString()) ?? '', key);
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
};

/** Creates the object of an event, once. */
export const createEvent = async (s3: S3Client, Bucket: string, Key: string, event: JobEvent): Promise<'appended' | 'conflict'> => {
  // What cannot be read back must not be written: nothing could ever take it out again.
  const Body = canonicalJson(JobEvent.parse(event));
  return (await createOnce(s3, { Bucket, Key, Body, ContentType: 'application/json' })) ? 'appended' : 'conflict';
};

/**
 * At most `limit` events after `after`, in order. `newest` is the last sequence the caller knows of: knowing it saves
 * asking for keys that do not exist yet.
 */
export const readEvents = async (
  get: (seq: number) => Promise<JobEvent | null>,
  after: number,
  { limit = Number.POSITIVE_INFINITY, newest }: { limit?: number | undefined; newest?: number | undefined } = {},
): Promise<JobEvent[]> => {
  const events: JobEvent[] = [];
  const first = newest === undefined ? (after === 0 ? READ_AHEAD : 2) : Math.max(1, newest - after + 1);
  for (let next = after + 1, width = Math.min(first, limit, MOST_AT_ONCE); events.length < limit; next += width, width = READ_AHEAD) {
    const chunk = await Promise.all(Array.from({ length: width }, (_, i) => get(next + i)));
    const end = chunk.indexOf(null);
    events.push(...chunk.slice(0, end === -1 ? width : end).filter((event) => event !== null));
    if (end !== -1) break;
  }
  return events.slice(0, limit);
};
