import type { AwsRequest, AwsResponse } from '../wire.ts';
import type { Bucket } from './bucket.ts';
import { type Checksums, statedChecksums, verifyBody } from './checksums.ts';
import { decodeChunked, isChunked } from './chunked.ts';
import { accessDenied, invalidArgument, requestId, S3Error } from './errors.ts';

/** What the caller may do beyond the request itself; whoever asks for nothing else may do everything. */
export type Caller = {
  /** Whether the caller may list the bucket: without that a missing key is 403, not 404. */
  canList: boolean;
  /** Whether the caller may delete a key, or one version of it: a request that names many is refused one by one. */
  mayDelete: (bucket: string, key: string, version: string | undefined) => boolean;
};

/** A request with its parts decoded and its body verified. `key` is empty for a request to a bucket. */
export type S3Request = {
  method: string;
  bucket: string;
  key: string;
  query: URLSearchParams;
  headers: Record<string, string>;
  body: Buffer;
  checksums: Checksums;
} & Caller;

export type World = { buckets: Map<string, Bucket>; now: () => Date };

/** `bucket` is null only where a request names none. */
export type Operation = (request: S3Request, bucket: Bucket, world: World) => AwsResponse | Promise<AwsResponse>;

const MAX_KEY_BYTES = 1024;

/** Throws 400 for a key or body that is not what it claims, 403 for a presigned request that has expired. */
export function parseRequest(request: AwsRequest, caller: Caller, now: Date): S3Request {
  checkExpiry(request.query, now);
  const { bucket, key } = splitPath(request.path);
  const { method, query, headers } = request;
  const { body, trailers } = isChunked(headers) ? decodeChunked(headers, request.body) : { body: request.body, trailers: {} };
  const stated = { ...statedChecksums(headers), ...statedChecksums(trailers) };
  // What completes an upload states the checksum of the object, not of its own body.
  verifyBody(headers, query.has('uploadId') && method === 'POST' ? {} : stated, body);
  return { method, bucket, key, query, headers, body, checksums: stated, ...caller };
}

/** Throws 400 for what is not percent-encoded or too long. */
export function splitPath(path: string): { bucket: string; key: string } {
  const end = path.indexOf('/', 1);
  const bucket = decode(end < 0 ? path.slice(1) : path.slice(1, end));
  const key = end < 0 ? '' : decode(path.slice(end + 1));
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) {
    throw new S3Error(400, 'KeyTooLongError', `Your key is too long: ${Buffer.byteLength(key)} bytes, at most ${MAX_KEY_BYTES}`);
  }
  return { bucket, key };
}

export function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new S3Error(400, 'InvalidURI', 'Could not parse the specified URI: it is not percent-encoded UTF-8');
  }
}

/** Signature version 4 (`X-Amz-Date` and `X-Amz-Expires`, seconds) and 2 (`Expires`, Unix time), as the AWS CLI still presigns. */
function checkExpiry(query: URLSearchParams, now: Date): void {
  const date = query.get('X-Amz-Date');
  const lifetime = query.get('X-Amz-Expires');
  const until = query.has('Signature') ? query.get('Expires') : null;
  if (query.has('X-Amz-Signature') && (date === null || lifetime === null)) {
    throw new S3Error(400, 'AuthorizationQueryParametersError', 'A presigned request needs X-Amz-Date and X-Amz-Expires');
  }
  if (date === null && until === null) return;
  const end = date === null ? Number(until) * 1000 : presignedAt(date) + presignedFor(lifetime ?? '') * 1000;
  if (Number.isNaN(end)) throw invalidArgument('Expires', until ?? '', 'a Unix time in seconds');
  if (now.getTime() > end) throw accessDenied('Request has expired');
}

function presignedAt(date: string): number {
  const at = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (Number.isNaN(at)) throw invalidArgument('X-Amz-Date', date, 'like 20260101T000000Z');
  return at;
}

function presignedFor(lifetime: string): number {
  const seconds = /^\d+$/.test(lifetime) ? Number(lifetime) : Number.NaN;
  if (!(seconds >= 1 && seconds <= 604_800)) throw invalidArgument('X-Amz-Expires', lifetime, 'a number of seconds from 1 to 604800');
  return seconds;
}

/** A number in the query, or its default. */
export function numberParameter(query: URLSearchParams, name: string, standard: number): number {
  const text = query.get(name);
  if (text === null || text === '') return standard;
  if (!/^\d{1,9}$/.test(text)) throw invalidArgument(name, text, 'a whole number, 0 or more');
  return Number(text);
}

export const respond = (status: number, headers: Record<string, string> = {}, body: Buffer | string = ''): AwsResponse => ({
  status,
  headers: { 'x-amz-request-id': requestId(), ...headers },
  body,
});

export const xmlAnswer = (body: string, headers: Record<string, string> = {}): AwsResponse =>
  respond(200, { 'content-type': 'application/xml', ...headers }, body);
