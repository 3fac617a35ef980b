import { type Bucket, bodyOf, type Draft, NO_LOCK, remove, type Version, versionId, write } from './bucket.ts';
import { ChecksumName, checksumElement, checksumHeaders, md5 } from './checksums.ts';
import { checkWrite, isNotModified, parseRange } from './conditions.ts';
import { invalidArgument, notImplemented, preconditionFailed, S3Error } from './errors.ts';
import { lockFromHeaders, lockHeaders, refuseLocked } from './locks.ts';
import type { Lock, Meta } from './object-file.ts';
import { decode, type Operation, respond, type S3Request, type World, xmlAnswer } from './request.ts';
import { liveMeta, requireVersion, versionHeader } from './target.ts';
import { leaf, xmlDocument } from './xml.ts';

const MAX_USER_METADATA = 2048;

const KEPT = new Set([
  'content-type',
  'content-encoding',
  'content-language',
  'content-disposition',
  'cache-control',
  'expires',
  'x-amz-storage-class',
  'x-amz-server-side-encryption',
  'x-amz-server-side-encryption-aws-kms-key-id',
  'x-amz-server-side-encryption-bucket-key-enabled',
]);

const REFUSED = /^x-amz-(tagging|website-redirect-location|grant-.*|write-offset-bytes|server-side-encryption-customer-.*)$/;

/** The headers that stay with an object. What would change its meaning and is not kept here is refused, not dropped. */
export function keptHeaders(headers: Record<string, string>): Record<string, string> {
  const kept: Record<string, string> = {};
  let userBytes = 0;
  for (const [name, value] of Object.entries(headers)) {
    if (REFUSED.test(name) || (name === 'x-amz-acl' && !/^(private|bucket-owner-full-control)$/.test(value))) throw notImplemented(name);
    const user = name.startsWith('x-amz-meta-');
    if (user) userBytes += Buffer.byteLength(name) - 'x-amz-meta-'.length + Buffer.byteLength(value);
    if (user || KEPT.has(name)) kept[name] = value;
  }
  if (userBytes > MAX_USER_METADATA) {
    throw new S3Error(400, 'MetadataTooLarge', `Your metadata headers hold ${userBytes} bytes, at most ${MAX_USER_METADATA} are allowed`);
  }
  const encodings = kept['content-encoding']
    ?.split(',')
    .map((item) => item.trim())
    .filter((item) => item !== 'aws-chunked');
  if (encodings?.length) kept['content-encoding'] = encodings.join(',');
  else delete kept['content-encoding'];
  return kept;
}

const checksumsAnswer = ({ checksums, checksum_type }: Pick<Meta, 'checksums' | 'checksum_type'>) =>
  checksumHeaders(checksums, checksum_type);

export const encryptionHeaders = (meta: Meta): Record<string, string> =>
  Object.fromEntries(Object.entries(meta.headers).filter(([name]) => name.startsWith('x-amz-server-side-encryption')));

/** S3 wants proof that what is locked is what was meant. */
function putLock(request: S3Request, bucket: Bucket): Lock {
  const lock = lockFromHeaders(request, bucket);
  if (lock === NO_LOCK || request.headers['content-md5'] !== undefined || Object.keys(request.checksums).length > 0) return lock;
  throw new S3Error(400, 'InvalidRequest', 'Content-MD5 or an x-amz-checksum- header is required for a put with Object Lock parameters');
}

export const putObject: Operation = async (request, bucket) => {
  const draft: Draft = {
    deleteMarker: false,
    etag: md5(request.body),
    headers: keptHeaders(request.headers),
    checksums: request.checksums,
    checksumType: 'FULL_OBJECT',
    lock: putLock(request, bucket),
  };
  const meta = await write(bucket, request.key, draft, [request.body], (newest) =>
    checkWrite(request.headers, request.key, liveMeta(newest)),
  );
  return respond(200, {
    etag: `"${meta.etag}"`,
    ...versionHeader(bucket, meta),
    ...checksumsAnswer(meta),
    ...encryptionHeaders(meta),
  });
};

function objectHeaders(bucket: Bucket, meta: Meta): Record<string, string> {
  return {
    'content-type': 'binary/octet-stream',
    ...meta.headers,
    'accept-ranges': 'bytes',
    etag: `"${meta.etag}"`,
    'last-modified': new Date(meta.modified).toUTCString(),
    ...versionHeader(bucket, meta),
    ...lockHeaders(meta.lock),
  };
}

/** `response-content-type` and its siblings replace a header of the answer. */
function overrides(query: URLSearchParams): Record<string, string> {
  const names = ['content-type', 'content-language', 'expires', 'cache-control', 'content-disposition', 'content-encoding'];
  return Object.fromEntries(names.flatMap((name) => (query.has(`response-${name}`) ? [[name, query.get(`response-${name}`) ?? '']] : [])));
}

/** GET and HEAD. */
export const getObject: Operation = (request, bucket) => {
  const version = requireVersion(bucket, request, request.query.get('versionId'));
  const { meta } = version;
  const headers = { ...objectHeaders(bucket, meta), ...overrides(request.query) };
  if (isNotModified(request.headers, meta)) return respond(304, headers);
  const range = parseRange(request.headers.range, meta.size);
  const start = range?.start ?? 0;
  const length = range ? range.end - range.start + 1 : meta.size;
  const whole = request.headers['x-amz-checksum-mode']?.toUpperCase() === 'ENABLED' && !range ? checksumsAnswer(meta) : {};
  const part: Record<string, string> = range ? { 'content-range': `bytes ${range.start}-${range.end}/${meta.size}` } : {};
  const all = { ...headers, ...whole, ...part, 'content-length': String(length) };
  return respond(range ? 206 : 200, all, request.method === 'HEAD' ? '' : bodyOf(bucket, version, start, length));
};

export type Deletion = { marker: boolean; version: string | null };

/** One deletion, as DeleteObject and DeleteObjects do it: without an id a versioned bucket only gains a delete marker. */
export async function deleteKey(bucket: Bucket, key: string, id: string | null, headers: Record<string, string>): Promise<Deletion> {
  const check = (newest: Version | null) => {
    const match = headers['if-match'];
    if (match !== undefined) checkWrite({ 'if-match': match }, key, liveMeta(newest));
  };
  if (id === null && bucket.config.versioning) {
    const draft: Draft = { deleteMarker: true, etag: '', headers: {}, checksums: {}, checksumType: 'FULL_OBJECT', lock: NO_LOCK };
    const meta = await write(bucket, key, draft, [], check);
    return { marker: true, version: versionId(meta) };
  }
  const removed = await remove(bucket, key, (versions) => {
    check(versions[0] ?? null);
    const chosen = id === null ? versions : versions.filter(({ meta }) => versionId(meta) === id);
    for (const { meta } of chosen) refuseLocked(meta.lock, headers, bucket.now());
    return chosen;
  });
  return { marker: removed.some(({ meta }) => meta.delete_marker), version: id };
}

export const deleteObject: Operation = async (request, bucket) => {
  const { marker, version } = await deleteKey(bucket, request.key, request.query.get('versionId'), request.headers);
  return respond(204, {
    ...(marker ? { 'x-amz-delete-marker': 'true' } : {}),
    ...(version === null ? {} : { 'x-amz-version-id': version }),
  });
};

function copySource(request: S3Request, world: World): { bucket: Bucket; version: Version } {
  const header = request.headers['x-amz-copy-source'] ?? '';
  const [path = '', query = ''] = header.split('?');
  const [, name, key] = /^\/?([^/]+)\/(.+)$/s.exec(decode(path)) ?? [];
  if (!name || !key) throw invalidArgument('x-amz-copy-source', header, 'a bucket and a key, percent-encoded: bucket/key');
  const bucket = world.buckets.get(name);
  if (!bucket) throw new S3Error(404, 'NoSuchBucket', 'The specified bucket does not exist', { detail: { BucketName: name } });
  return { bucket, version: requireVersion(bucket, { key, canList: request.canList }, new URLSearchParams(query).get('versionId')) };
}

export const copyObject: Operation = async (request, bucket, world) => {
  const source = copySource(request, world);
  const { meta } = source.version;
  if (isNotModified(request.headers, meta, 'x-amz-copy-source-')) throw preconditionFailed('x-amz-copy-source-If-None-Match');
  const replaces = request.headers['x-amz-metadata-directive'] === 'REPLACE';
  const self = source.bucket === bucket && meta.key === request.key && !(request.headers['x-amz-copy-source'] ?? '').includes('?');
  if (self && !replaces)
    throw new S3Error(
      400,
      'InvalidRequest',
      'This copy request is illegal: an object may be copied to itself only with x-amz-metadata-directive REPLACE',
    );
  const own = keptHeaders(request.headers);
  const draft: Draft = {
    deleteMarker: false,
    etag: meta.etag.includes('-') ? md5(bodyOf(source.bucket, source.version)) : meta.etag,
    headers: replaces ? own : meta.headers,
    checksums: meta.checksum_type === 'FULL_OBJECT' ? meta.checksums : {},
    checksumType: 'FULL_OBJECT',
    lock: lockFromHeaders(request, bucket),
  };
  const body = bodyOf(source.bucket, source.version);
  const made = await write(bucket, request.key, draft, [body], (newest) => checkWrite(request.headers, request.key, liveMeta(newest)));
  const sums = ChecksumName.options.map((name) => leaf(checksumElement(name), made.checksums[name]));
  return xmlAnswer(xmlDocument('CopyObjectResult', [leaf('LastModified', made.modified), leaf('ETag', `"${made.etag}"`), ...sums]), {
    ...versionHeader(bucket, made),
    ...(source.bucket.config.versioning ? { 'x-amz-copy-source-version-id': versionId(meta) } : {}),
  });
};
