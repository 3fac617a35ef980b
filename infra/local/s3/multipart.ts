import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { AwsResponse } from '../wire.ts';
import { type Bucket, type Draft, exclusively, NO_LOCK, write } from './bucket.ts';
import { ChecksumName, type Checksums, checksum, checksumElement, checksumHeaders, md5 } from './checksums.ts';
import { checkWrite } from './conditions.ts';
import { invalidArgument, S3Error } from './errors.ts';
import { lockFromHeaders } from './locks.ts';
import { bodyCrc, encodeMeta, type Header, type Meta, readBody, readHeader, replace, syncFolder } from './object-file.ts';
import { encryptionHeaders, keptHeaders } from './objects.ts';
import { numberParameter, type Operation, respond, type S3Request, xmlAnswer } from './request.ts';
import { liveMeta, versionHeader } from './target.ts';
import { leaf, node, xmlDocument } from './xml.ts';
import { childText, parseXml } from './xml-parse.ts';

const SMALLEST_PART = 5 * 1024 * 1024;
const LAST_PART = 10_000;
const ALGORITHM = 'x-amz-checksum-algorithm';
const TYPE = 'x-amz-checksum-type';

// An upload is a folder: `upload` is an object file without body that keeps what was asked at its creation, the others are the parts.
const OPENING = 'upload';

const fileMeta = (key: string, bucket: Bucket, more: Partial<Meta>, body: Buffer): Meta => ({
  schema_version: 's3_object_v1',
  key,
  version_id: null,
  delete_marker: false,
  size: body.length,
  etag: md5(body),
  modified: bucket.now().toISOString(),
  crc32: bodyCrc([body]),
  headers: {},
  checksums: {},
  checksum_type: 'FULL_OBJECT',
  lock: NO_LOCK,
  ...more,
});

const store = (bucket: Bucket, folder: string, file: string, meta: Meta, body: Buffer): Promise<void> =>
  replace(join(bucket.temp, `part~${randomBytes(8).toString('hex')}`), join(folder, file), [encodeMeta(meta), body]);

function openUpload(bucket: Bucket, request: S3Request): { folder: string; opening: Header } {
  const id = request.query.get('uploadId') ?? '';
  const folder = join(bucket.uploads, id);
  if (/^[0-9a-f]{32}$/.test(id) && existsSync(join(folder, OPENING))) {
    const opening = readHeader(folder, OPENING);
    if (opening.meta.key === request.key) return { folder, opening };
  }
  throw new S3Error(404, 'NoSuchUpload', 'The specified upload does not exist: it may have been aborted or completed', {
    detail: { UploadId: id },
  });
}

/** The checksum algorithm of an upload, if its creator named one. */
function uploadAlgorithm(headers: Record<string, string>): { name: ChecksumName; type: Meta['checksum_type'] } | null {
  const asked = headers[ALGORITHM];
  if (asked === undefined) return null;
  const name = ChecksumName.safeParse(asked.toLowerCase());
  if (!name.success) throw invalidArgument(ALGORITHM, asked, ChecksumName.options.join(', '));
  const full = headers[TYPE] === 'FULL_OBJECT' || name.data === 'crc64nvme';
  return { name: name.data, type: full ? 'FULL_OBJECT' : 'COMPOSITE' };
}

export const createUpload: Operation = async (request, bucket) => {
  const id = randomBytes(16).toString('hex');
  const draft = join(bucket.temp, id);
  const algorithm = uploadAlgorithm(request.headers);
  const own: Record<string, string> = algorithm ? { [ALGORITHM]: algorithm.name, [TYPE]: algorithm.type } : {};
  const headers = { ...keptHeaders(request.headers), ...own };
  const meta = fileMeta(request.key, bucket, { headers, lock: lockFromHeaders(request, bucket) }, Buffer.alloc(0));
  mkdirSync(draft);
  await store(bucket, draft, OPENING, meta, Buffer.alloc(0));
  renameSync(draft, join(bucket.uploads, id));
  await syncFolder(bucket.uploads);
  const stated: Record<string, string> = algorithm ? { [ALGORITHM]: algorithm.name.toUpperCase(), [TYPE]: algorithm.type } : {};
  return xmlAnswer(
    xmlDocument('InitiateMultipartUploadResult', [leaf('Bucket', bucket.name), leaf('Key', request.key), leaf('UploadId', id)]),
    stated,
  );
};

export const uploadPart: Operation = async (request, bucket) => {
  const { folder } = openUpload(bucket, request);
  const part = numberParameter(request.query, 'partNumber', 0);
  if (part < 1 || part > LAST_PART) throw invalidArgument('partNumber', String(part), `from 1 to ${LAST_PART}`);
  const meta = fileMeta(request.key, bucket, { checksums: request.checksums }, request.body);
  await store(bucket, folder, String(part), meta, request.body);
  return respond(200, { etag: `"${meta.etag}"`, ...partChecksums(request.checksums) });
};

const partChecksums = (checksums: Checksums): Record<string, string> => {
  const { [TYPE]: _type, ...headers } = checksumHeaders(checksums, '');
  return headers;
};

const partNumbers = (folder: string): number[] =>
  readdirSync(folder)
    .filter((file) => file !== OPENING)
    .map(Number)
    .sort((a, b) => a - b);

export const listParts: Operation = (request, bucket) => {
  const { folder } = openUpload(bucket, request);
  const after = numberParameter(request.query, 'part-number-marker', 0);
  const max = Math.min(numberParameter(request.query, 'max-parts', 1000), 1000);
  const waiting = partNumbers(folder).filter((part) => part > after);
  const page = waiting.slice(0, max);
  const rows = page.map((part) => {
    const { meta } = readHeader(folder, String(part));
    const sums = ChecksumName.options.map((name) => leaf(checksumElement(name), meta.checksums[name]));
    return node('Part', [
      leaf('PartNumber', part),
      leaf('LastModified', meta.modified),
      leaf('ETag', `"${meta.etag}"`),
      leaf('Size', meta.size),
      ...sums,
    ]);
  });
  return xmlAnswer(
    xmlDocument('ListPartsResult', [
      leaf('Bucket', bucket.name),
      leaf('Key', request.key),
      leaf('UploadId', request.query.get('uploadId') ?? ''),
      leaf('PartNumberMarker', after),
      leaf('NextPartNumberMarker', page.at(-1) ?? 0),
      leaf('MaxParts', max),
      leaf('IsTruncated', waiting.length > page.length),
      leaf('StorageClass', 'STANDARD'),
      ...rows,
    ]),
  );
};

export const abortUpload: Operation = (request, bucket) => {
  discard(bucket, openUpload(bucket, request).folder);
  return respond(204);
};

// Renamed first, so that a crash never leaves an upload that looks open and lacks parts.
function discard(bucket: Bucket, folder: string): void {
  const gone = join(bucket.temp, randomBytes(8).toString('hex'));
  renameSync(folder, gone);
  rmSync(gone, { recursive: true });
}

type Listed = { part: number; etag: string; checksums: Checksums };

function readListed(request: S3Request): Listed[] {
  const listed = parseXml(request.body.toString('utf8'))
    .children.filter(({ name }) => name === 'Part')
    .map((row) => ({
      part: Number(childText(row, 'PartNumber')),
      etag: (childText(row, 'ETag') ?? '').replaceAll('"', ''),
      checksums: Object.fromEntries(
        ChecksumName.options.flatMap((name) => {
          const value = childText(row, checksumElement(name));
          return value === undefined ? [] : [[name, value]];
        }),
      ),
    }));
  if (listed.length === 0) throw new S3Error(400, 'MalformedXML', 'The list of parts is empty');
  if (listed.some(({ part }, index) => part <= (listed[index - 1]?.part ?? 0))) {
    throw new S3Error(400, 'InvalidPartOrder', 'The list of parts was not in ascending order');
  }
  return listed;
}

function readPart(folder: string, { part, etag, checksums }: Listed, last: boolean): Buffer {
  const file = String(part);
  const invalid = (why: string) =>
    new S3Error(400, 'InvalidPart', `Part ${part} could not be used: ${why}`, { detail: { PartNumber: file, ETag: etag } });
  if (!Number.isInteger(part) || !existsSync(join(folder, file))) throw invalid('it was not uploaded');
  const { meta, offset } = readHeader(folder, file);
  if (meta.etag !== etag) throw invalid('its ETag differs');
  const body = readBody(folder, file, offset, meta.size);
  for (const name of ChecksumName.options) {
    const stated = checksums[name];
    if (stated !== undefined && stated !== checksum(name, body)) throw invalid(`its ${name.toUpperCase()} differs`);
  }
  if (!last && meta.size < SMALLEST_PART) {
    throw new S3Error(400, 'EntityTooSmall', `Part ${part} has ${meta.size} bytes; all but the last need ${SMALLEST_PART}`);
  }
  return body;
}

function objectChecksum(opening: Meta, parts: Buffer[]): Pick<Draft, 'checksums' | 'checksumType'> {
  const algorithm = uploadAlgorithm(opening.headers);
  if (!algorithm) return { checksums: {}, checksumType: 'FULL_OBJECT' };
  const { name, type } = algorithm;
  const sums = parts.map((part) => Buffer.from(checksum(name, part), 'base64'));
  const value = type === 'FULL_OBJECT' ? checksum(name, Buffer.concat(parts)) : `${checksum(name, Buffer.concat(sums))}-${parts.length}`;
  return { checksums: { [name]: value }, checksumType: type };
}

// A lone surrogate is in no key: the name cannot meet that of an object.
export const completeUpload: Operation = (request, bucket) =>
  exclusively(bucket, `\ud800${request.query.get('uploadId')}`, () => complete(request, bucket));

async function complete(request: S3Request, bucket: Bucket): Promise<AwsResponse> {
  const { folder, opening } = openUpload(bucket, request);
  const listed = readListed(request);
  const parts = listed.map((row, index) => readPart(folder, row, index === listed.length - 1));
  const digests = Buffer.concat(listed.map(({ etag }) => Buffer.from(etag, 'hex')));
  const { [ALGORITHM]: _algorithm, [TYPE]: _type, ...headers } = opening.meta.headers;
  const draft: Draft = {
    deleteMarker: false,
    etag: `${createHash('md5').update(digests).digest('hex')}-${parts.length}`,
    headers,
    lock: opening.meta.lock,
    ...objectChecksum(opening.meta, parts),
  };
  for (const [name, value] of Object.entries(request.checksums)) {
    const own = draft.checksums[ChecksumName.parse(name)];
    if (own !== undefined && own.split('-')[0] !== value.split('-')[0]) {
      throw new S3Error(400, 'BadDigest', `The ${name.toUpperCase()} you specified did not match the calculated checksum`);
    }
  }
  const meta = await write(bucket, request.key, draft, parts, (newest) => checkWrite(request.headers, request.key, liveMeta(newest)));
  discard(bucket, folder);
  return completed(bucket, meta);
}

const completed = (bucket: Bucket, meta: Meta) =>
  xmlAnswer(
    xmlDocument('CompleteMultipartUploadResult', [
      leaf('Location', `/${bucket.name}/${encodeURIComponent(meta.key)}`),
      leaf('Bucket', bucket.name),
      leaf('Key', meta.key),
      leaf('ETag', `"${meta.etag}"`),
      ...ChecksumName.options.map((name) => leaf(checksumElement(name), meta.checksums[name])),
      leaf('ChecksumType', Object.keys(meta.checksums).length > 0 ? meta.checksum_type : undefined),
    ]),
    { ...versionHeader(bucket, meta), ...encryptionHeaders(meta) },
  );
