import { type Version, versionId } from './bucket.ts';
import { ChecksumName, checksumElement } from './checksums.ts';
import { invalidArgument } from './errors.ts';
import { commonPrefix, decodeToken, encodeToken, type Listing, listCurrent, listVersions, type Position, type Query } from './listing.ts';
import { numberParameter, type Operation, type S3Request, xmlAnswer } from './request.ts';
import { leaf, node, xmlDocument } from './xml.ts';

const MAX_KEYS = 1000;
const OWNER = node('Owner', [leaf('ID', '000000000000'), leaf('DisplayName', 'local')]);

/** What every listing has in common. `encode` is the identity unless the client asked for `encoding-type=url`. */
type Common = Pick<Query, 'prefix' | 'delimiter' | 'max'> & { encoding: string | undefined; encode: (text: string) => string };

function common({ query }: S3Request): Common {
  const encoding = query.get('encoding-type') ?? undefined;
  if (encoding !== undefined && encoding !== 'url') throw invalidArgument('encoding-type', encoding, 'url');
  return {
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') ?? '',
    max: Math.min(numberParameter(query, 'max-keys', MAX_KEYS), MAX_KEYS),
    encoding,
    encode: encoding ? (text) => encodeURIComponent(text).replaceAll('%2F', '/') : (text) => text,
  };
}

/** A marker that is itself a common prefix was the last item of a page: all it covers has been listed. */
function afterMarker(marker: string, query: Common): Position | null {
  if (marker === '') return null;
  return commonPrefix(marker, query) === marker ? { afterPrefix: marker } : { after: marker };
}

const shared = (bucket: string, { prefix, delimiter, max, encoding, encode }: Common): string[] => [
  leaf('Name', bucket),
  leaf('Prefix', encode(prefix)),
  leaf('Delimiter', delimiter === '' ? undefined : encode(delimiter)),
  leaf('MaxKeys', max),
  leaf('EncodingType', encoding),
];

const described = ({ meta }: Version): string[] => [
  leaf('LastModified', `${meta.modified.slice(0, 19)}.000Z`),
  leaf('ETag', `"${meta.etag}"`),
  ...ChecksumName.options.filter((name) => meta.checksums[name]).map((name) => leaf('ChecksumAlgorithm', checksumElement(name).slice(8))),
  leaf('Size', meta.size),
  leaf('StorageClass', meta.headers['x-amz-storage-class'] ?? 'STANDARD'),
];

const contents = (listing: Listing, { encode }: Common, owner: boolean): string[] => [
  ...listing.items.map((item) => node('Contents', [leaf('Key', encode(item.meta.key)), ...described(item), owner ? OWNER : ''])),
  ...listing.prefixes.map((prefix) => node('CommonPrefixes', [leaf('Prefix', encode(prefix))])),
];

export const listObjectsV2: Operation = (request, bucket) => {
  const query = common(request);
  if (request.query.get('list-type') !== '2') throw invalidArgument('list-type', request.query.get('list-type') ?? '', '2');
  const token = request.query.get('continuation-token') ?? undefined;
  const startAfter = request.query.get('start-after') ?? '';
  const position = token === undefined ? afterMarker(startAfter, query) : decodeToken(token);
  const listing = listCurrent(bucket, { ...query, position });
  const count = listing.items.length + listing.prefixes.length;
  return xmlAnswer(
    xmlDocument('ListBucketResult', [
      ...shared(bucket.name, query),
      leaf('KeyCount', count),
      leaf('IsTruncated', listing.next !== null),
      leaf('ContinuationToken', token),
      leaf('NextContinuationToken', listing.next ? encodeToken(listing.next) : undefined),
      leaf('StartAfter', startAfter === '' ? undefined : query.encode(startAfter)),
      ...contents(listing, query, request.query.get('fetch-owner') === 'true'),
    ]),
  );
};

export const listObjectsV1: Operation = (request, bucket) => {
  const query = common(request);
  const marker = request.query.get('marker') ?? '';
  const listing = listCurrent(bucket, { ...query, position: afterMarker(marker, query) });
  const next = query.delimiter === '' ? undefined : nextMarker(listing.next);
  return xmlAnswer(
    xmlDocument('ListBucketResult', [
      ...shared(bucket.name, query),
      leaf('Marker', query.encode(marker)),
      leaf('NextMarker', next === undefined ? undefined : query.encode(next)),
      leaf('IsTruncated', listing.next !== null),
      ...contents(listing, query, true),
    ]),
  );
};

function nextMarker(next: Position | null): string | undefined {
  if (!next) return undefined;
  return 'key' in next ? next.key : 'after' in next ? next.after : next.afterPrefix;
}

export const listObjectVersions: Operation = (request, bucket) => {
  const query = common(request);
  const keyMarker = request.query.get('key-marker') ?? '';
  const versionMarker = request.query.get('version-id-marker') ?? '';
  if (versionMarker !== '' && keyMarker === '') throw invalidArgument('version-id-marker', versionMarker, 'given together with key-marker');
  const position = versionMarker === '' ? afterMarker(keyMarker, query) : { key: keyMarker, afterVersion: versionMarker };
  const listing = listVersions(bucket, { ...query, position });
  const next = nextMarker(listing.next);
  const newest = (item: Version) => bucket.entries.get(item.meta.key)?.at(-1)?.n === item.n;
  return xmlAnswer(
    xmlDocument('ListVersionsResult', [
      ...shared(bucket.name, query),
      leaf('KeyMarker', query.encode(keyMarker)),
      leaf('VersionIdMarker', versionMarker),
      leaf('NextKeyMarker', next === undefined ? undefined : query.encode(next)),
      leaf('NextVersionIdMarker', listing.next && 'key' in listing.next ? listing.next.afterVersion : undefined),
      leaf('IsTruncated', listing.next !== null),
      ...listing.items.map((item) => versionElement(item, newest(item), query)),
      ...listing.prefixes.map((prefix) => node('CommonPrefixes', [leaf('Prefix', query.encode(prefix))])),
    ]),
  );
};

function versionElement(item: Version, newest: boolean, { encode }: Common): string {
  const marker = item.meta.delete_marker;
  return node(marker ? 'DeleteMarker' : 'Version', [
    leaf('Key', encode(item.meta.key)),
    leaf('VersionId', versionId(item.meta)),
    leaf('IsLatest', newest),
    ...(marker ? [leaf('LastModified', `${item.meta.modified.slice(0, 19)}.000Z`)] : described(item)),
    OWNER,
  ]);
}
