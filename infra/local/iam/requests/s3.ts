import { type S3Request, splitPath } from '../../s3/request.ts';
import { operationName } from '../../s3/server.ts';
import type { AwsRequest } from '../../wire.ts';
import type { Context } from '../conditions.ts';
import type { Call } from '../evaluate.ts';

type Parts = Pick<S3Request, 'method' | 'bucket' | 'key' | 'query' | 'headers'>;

/** What every request to this endpoint is: it never leaves the machine, and so counts as TLS 1.3. */
const SECURE: Context = { 'aws:securetransport': ['true'], 's3:tlsversion': ['1.3'] };

const bucketArn = (bucket: string): string => `arn:aws:s3:::${bucket}`;

const onBucket = (action: string, bucket: string, context: Context = {}): Call => ({
  action: `s3:${action}`,
  resource: bucketArn(bucket),
  context: { ...SECURE, ...context },
});

const onObject = (action: string, { bucket, key }: { bucket: string; key: string }, context: Context = {}): Call => ({
  action: `s3:${action}`,
  resource: `${bucketArn(bucket)}/${key}`,
  context: { ...SECURE, ...context },
});

const given = (key: string, value: string | null | undefined): Context => (value === null || value === undefined ? {} : { [key]: [value] });

const listing = (action: string) => (request: Parts) => [onBucket(action, request.bucket, given('s3:prefix', request.query.get('prefix')))];
const plain = (action: string) => (request: Parts) => [onBucket(action, request.bucket)];

/** `name`, or `nameVersion` where the request names one. */
const versioned =
  (name: string) =>
  (request: Parts): Call[] => [onObject(request.query.has('versionId') ? `${name}Version` : name, request)];

/** `creates`: whether this very request makes the object, which parts and starts of uploads do not. */
const writes =
  (creates: boolean) =>
  (request: Parts): Call[] => {
    const { headers } = request;
    const has = (name: string) => headers[`x-amz-${name}`] !== undefined;
    return [
      onObject('PutObject', request, {
        's3:objectcreationoperation': [String(creates)],
        ...given('s3:if-none-match', headers['if-none-match']),
      }),
      ...(has('object-lock-mode') || has('object-lock-retain-until-date') ? [onObject('PutObjectRetention', request)] : []),
      ...(has('object-lock-legal-hold') ? [onObject('PutObjectLegalHold', request)] : []),
      ...(has('acl') ? [onObject('PutObjectAcl', request)] : []),
    ];
  };

const bypasses = ({ headers }: Parts): boolean => headers['x-amz-bypass-governance-retention']?.toLowerCase() === 'true';

const withBypass =
  (calls: (request: Parts) => Call[]) =>
  (request: Parts): Call[] => [...calls(request), ...(bypasses(request) ? [onObject('BypassGovernanceRetention', request)] : [])];

/** What a copy reads, or null where its header does not say: the service refuses that itself. */
const copySource = ({ headers }: Parts): (Parts & { key: string }) | null => {
  const [path = '', query = ''] = (headers['x-amz-copy-source'] ?? '').split('?');
  const { bucket, key } = splitPath(`/${path.replace(/^\//, '')}`);
  return key === '' ? null : { method: 'GET', bucket, key, query: new URLSearchParams(query), headers: {} };
};

const copies = (request: Parts): Call[] => {
  const source = copySource(request);
  return [...(source ? versioned('GetObject')(source) : []), ...writes(true)(request)];
};

/** Permissions by operation, as the service authorization reference of S3 lists them. */
const PERMISSIONS: Readonly<Record<string, (request: Parts) => Call[]>> = {
  'GET service': () => [{ action: 's3:ListAllMyBuckets', resource: '*', context: SECURE }],
  'HEAD bucket': plain('ListBucket'),
  'PUT bucket': plain('CreateBucket'),
  'GET bucket': listing('ListBucket'),
  'GET bucket list-type': listing('ListBucket'),
  'GET bucket versions': listing('ListBucketVersions'),
  'GET bucket location': plain('GetBucketLocation'),
  'GET bucket versioning': plain('GetBucketVersioning'),
  'GET bucket object-lock': plain('GetBucketObjectLockConfiguration'),
  // Each key is asked about on its own, while the request is carried out.
  'POST bucket delete': () => [],
  'PUT object': writes(true),
  'PUT object copy': copies,
  'GET object': versioned('GetObject'),
  'HEAD object': versioned('GetObject'),
  'DELETE object': withBypass(versioned('DeleteObject')),
  'GET object retention': (request) => [onObject('GetObjectRetention', request)],
  'PUT object retention': withBypass((request) => [onObject('PutObjectRetention', request)]),
  'GET object legal-hold': (request) => [onObject('GetObjectLegalHold', request)],
  'PUT object legal-hold': (request) => [onObject('PutObjectLegalHold', request)],
  'POST object uploads': writes(false),
  'PUT object partNumber uploadId': writes(false),
  'GET object uploadId': (request) => [onObject('ListMultipartUploadParts', request)],
  'POST object uploadId': writes(true),
  'DELETE object uploadId': (request) => [onObject('AbortMultipartUpload', request)],
};

export type S3Ask = {
  /** Null: nobody knows what this asks for. */
  calls: Call[] | null;
  /** What S3 asks for a key that is missing, before it admits that: no prefix is part of that question. */
  admitsMissing: Call | null;
  mayDelete: (bucket: string, key: string, version: string | undefined) => Call[];
};

/** @throws S3Error for a path that is none */
export const askOfS3 = ({ method, path, query, headers }: AwsRequest): S3Ask => {
  const request = { method, query, headers, ...splitPath(path) };
  const name = operationName(request);
  const read = name === 'PUT object copy' ? copySource(request) : /^(GET|HEAD) object$/.test(name) ? request : null;
  return {
    calls: Object.hasOwn(PERMISSIONS, name) ? (PERMISSIONS[name]?.(request) ?? null) : null,
    admitsMissing: read && onBucket('ListBucket', read.bucket),
    mayDelete: (bucket, key, version) => [
      onObject(version === undefined ? 'DeleteObject' : 'DeleteObjectVersion', { bucket, key }),
      ...(bypasses(request) ? [onObject('BypassGovernanceRetention', { bucket, key })] : []),
    ],
  };
};
