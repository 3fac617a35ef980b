import type { SomeUnits } from '../../../contracts/pricing.ts';
import type { AwsRequest, AwsResponse } from '../wire.ts';

/** What a key says of the job it belongs to. */
const JOB = /\/jobs\/([0-9a-f]{12})\//;

export const jobOfS3 = ({ path, query }: AwsRequest): string | null =>
  (JOB.exec(path) ?? JOB.exec(`/${query.get('prefix') ?? ''}/`))?.[1] ?? null;

/** Bucket without key: a list, which is billed as a write. */
const isList = ({ path }: AwsRequest): boolean => path.split('/').filter(Boolean).length < 2;

/** Bytes of the object, not of the chunks it travelled in. */
const bytesIn = ({ headers, body }: AwsRequest): number => Number(headers['x-amz-decoded-content-length'] ?? body.byteLength);

/** What one request is billed as (https://aws.amazon.com/s3/pricing/). Refusals are billed too, failures of S3 and deletes are not. */
export const s3Units = (request: AwsRequest, answer: AwsResponse): SomeUnits => {
  const { method } = request;
  if (answer.status >= 500 || method === 'DELETE') return {};
  if (method === 'PUT' || method === 'POST') return { s3_puts: 1, s3_bytes_in: bytesIn(request) };
  if (method !== 'GET' && method !== 'HEAD') return {};
  const s3_bytes_out = method === 'HEAD' ? 0 : Buffer.byteLength(answer.body);
  return isList(request) ? { s3_puts: 1, s3_bytes_out } : { s3_gets: 1, s3_bytes_out };
};
