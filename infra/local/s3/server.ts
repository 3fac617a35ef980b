import type { AwsRequest, AwsResponse } from '../wire.ts';
import { type BucketConfig, openBucket } from './bucket.ts';
import { createBucket, deleteObjects, getLocation, getVersioning, headBucket, listBuckets } from './bucket-operations.ts';
import { errorResponse, notImplemented, S3Error } from './errors.ts';
import { listObjectsV1, listObjectsV2, listObjectVersions } from './list-operations.ts';
import { getLegalHold, getLockConfiguration, getRetention, putLegalHold, putRetention } from './locks.ts';
import { abortUpload, completeUpload, createUpload, listParts, uploadPart } from './multipart.ts';
import { copyObject, deleteObject, getObject, putObject } from './objects.ts';
import { type Caller, type Operation, parseRequest, type S3Request, type World } from './request.ts';

/** Method, level, and the query parameters that choose an operation, in alphabetical order. What is not here is 501. */
const OPERATIONS: Record<string, Operation> = {
  'HEAD bucket': headBucket,
  'PUT bucket': createBucket,
  'GET bucket': listObjectsV1,
  'GET bucket list-type': listObjectsV2,
  'GET bucket versions': listObjectVersions,
  'GET bucket location': getLocation,
  'GET bucket versioning': getVersioning,
  'GET bucket object-lock': getLockConfiguration,
  'POST bucket delete': deleteObjects,
  'PUT object': putObject,
  'PUT object copy': copyObject,
  'GET object': getObject,
  'HEAD object': getObject,
  'DELETE object': deleteObject,
  'GET object retention': getRetention,
  'PUT object retention': putRetention,
  'GET object legal-hold': getLegalHold,
  'PUT object legal-hold': putLegalHold,
  'POST object uploads': createUpload,
  'PUT object partNumber uploadId': uploadPart,
  'GET object uploadId': listParts,
  'POST object uploadId': completeUpload,
  'DELETE object uploadId': abortUpload,
};

/** Parameters that refine an operation or sign it, and never choose one. */
const REFINES =
  /^(prefix|delimiter|max-keys|marker|key-marker|version-id-marker|continuation-token|start-after|encoding-type|fetch-owner|versionId|max-parts|part-number-marker|max-buckets|bucket-region|x-id|x-amz-.*|response-.*|AWSAccessKeyId|Signature|Expires)$/i;

/** Which operation a request asks for, as `OPERATIONS` names it. */
export function operationName({
  method,
  bucket,
  key,
  query,
  headers,
}: Pick<S3Request, 'method' | 'bucket' | 'key' | 'query' | 'headers'>): string {
  const level = bucket === '' ? 'service' : key === '' ? 'bucket' : 'object';
  const copy = headers['x-amz-copy-source'] === undefined ? [] : ['copy'];
  return [method, level, ...copy, ...[...query.keys()].filter((name) => !REFINES.test(name)).sort()].join(' ');
}

function perform(request: S3Request, world: World): AwsResponse | Promise<AwsResponse> {
  const name = operationName(request);
  if (name === 'GET service') return listBuckets(world);
  const operation = OPERATIONS[name];
  if (!operation) throw notImplemented(name);
  const bucket = world.buckets.get(request.bucket);
  if (bucket) return operation(request, bucket, world);
  if (name === 'PUT bucket') throw notImplemented(`creating the bucket ${request.bucket}; it must be named where the local cloud starts`);
  throw new S3Error(404, 'NoSuchBucket', 'The specified bucket does not exist', { detail: { BucketName: request.bucket } });
}

export type S3 = {
  /** Never rejects: every failure is an S3 error answer. */
  handle(request: AwsRequest, caller?: Partial<Caller>): Promise<AwsResponse>;
  /** Waits for writes under way; later requests answer 503. */
  close(): Promise<void>;
};

/**
 * S3 over plain files: `<dataDir>/<bucket>/objects` holds one file per version, a line of JSON and the body. Signatures are not
 * verified. One process at a time may use `dataDir`. Throws when a bucket's files do not fit its options.
 */
export function createS3(options: { dataDir: string; buckets: Record<string, BucketConfig>; now?: () => Date }): S3 {
  const now = options.now ?? (() => new Date());
  const buckets = new Map(Object.entries(options.buckets).map(([name, config]) => [name, openBucket(options.dataDir, name, config, now)]));
  const world: World = { buckets, now };
  let closed = false;
  return {
    async handle(request, caller = {}) {
      try {
        if (closed) throw new S3Error(503, 'ServiceUnavailable', 'The local S3 is shutting down');
        return await perform(parseRequest(request, { canList: true, mayDelete: () => true, ...caller }, now()), world);
      } catch (error) {
        return errorResponse(error, request.method, request.path);
      }
    },
    async close() {
      closed = true;
      await Promise.all([...buckets.values()].flatMap((bucket) => [...bucket.busy.values()]));
      for (const { spares } of buckets.values()) spares.close();
    },
  };
}
