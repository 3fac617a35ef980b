import type { SomeUnits, Units } from '../../../contracts/pricing.ts';
import { callerOf } from '../iam/iam.ts';
import type { S3 } from '../s3/server.ts';
import type { AwsRequest, Handle } from '../wire.ts';
import { openBook } from './book.ts';
import { countingDynamo } from './dynamo-units.ts';
import { jobOfS3, s3Units } from './s3-units.ts';
import { createScopes, type Kind } from './scope.ts';

export type Meter = {
  s3(handle: S3['handle']): S3['handle'];
  dynamodb(handle: Handle): Handle;
  /** Counts one invocation of a function, and what it requests. */
  invocation<T>(spec: { name: string; memoryMb: number }, run: () => Promise<T>): Promise<T>;
  /** Counts one request to the API, and what it makes the web function do. */
  api(request: { method: string; path: string }, memoryMb: number, run: () => Promise<Response>): Promise<Response>;
  /** What was used for a job so far; transitions are in the journals of its executions. */
  read(job: string): Record<Kind, Units>;
  close(): Promise<void>;
};

/** Functions that go their rounds, whatever job they meet. */
const ROUNDS = ['reconcile', 'digest'];

/**
 * What Lambda writes for one invocation: START, END and REPORT lines, and the one line of the function itself, with 26 bytes that
 * CloudWatch adds to each. Locally nothing is logged: the size is an estimate.
 */
const INVOCATION_LOG_BYTES = 900;
/** One line of the access log of the API, in the format of infra/aws/http-api.ts: an estimate too. */
const ACCESS_LOG_BYTES = 320;

const kindOfRequest = ({ method, path }: { method: string; path: string }): Kind => {
  if (method === 'GET' || method === 'HEAD') return 'viewing';
  return path === '/reconcile' ? 'upkeep' : 'job';
};

/** A digest is signed once, just before it is written. */
const isDigest = ({ method, path }: AwsRequest): boolean => method === 'PUT' && /\/digests\/\d{8}\.json$/.test(path);

/** Counts what AWS would bill, at the endpoint that every function calls, and towards the job that each request is for. */
export const createMeter = (file: string): Meter => {
  const book = openBook(file);
  const { during, count } = createScopes(book.enter);
  const counted = (request: AwsRequest): boolean => callerOf(request).is === 'function';

  const timed = async <T>(memoryMb: number, more: SomeUnits, run: () => Promise<T>): Promise<T> => {
    const started = performance.now();
    try {
      return await run();
    } finally {
      const gb_seconds = (memoryMb / 1024) * ((performance.now() - started) / 1000);
      count(null, { invocations: 1, gb_seconds, ...more });
    }
  };

  return {
    s3: (handle) => async (request, caller) => {
      const answer = await handle(request, caller);
      if (counted(request)) count(jobOfS3(request), { ...s3Units(request, answer), ...(isDigest(request) ? { signatures: 1 } : {}) });
      return answer;
    },
    dynamodb: (handle) => {
      const counting = countingDynamo(handle, count);
      return (request) => (counted(request) ? counting(request) : handle(request));
    },
    invocation: ({ name, memoryMb }, run) =>
      during(ROUNDS.includes(name) ? 'upkeep' : 'job', () => timed(memoryMb, { log_bytes: INVOCATION_LOG_BYTES }, run)),
    api: (request, memoryMb, run) =>
      during(kindOfRequest(request), () => timed(memoryMb, { api_requests: 1, log_bytes: INVOCATION_LOG_BYTES + ACCESS_LOG_BYTES }, run)),
    read: book.read,
    close: book.close,
  };
};
