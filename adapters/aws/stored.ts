import { GetObjectCommand, ListObjectVersionsCommand, type ListObjectVersionsCommandOutput, type S3Client } from '@aws-sdk/client-s3';
import type { StoredVersion } from '../../contracts/digest.ts';
import { isMissing } from './aws-errors.ts';

/** Text of an object; null when it is missing or deleted. */
export const readStored = async (s3: S3Client, bucket: string, key: string): Promise<string | null> => {
  try {
    const object = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    return (await object.Body?.transformToString()) ?? '';
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
};

const versionsOf = (
  { Versions = [], DeleteMarkers = [] }: ListObjectVersionsCommandOutput,
  seqOf: (key: string) => number | null,
): StoredVersion[] => [
  ...Versions.map(({ Key = '', IsLatest = false }) => ({ key: Key, seq: seqOf(Key), latest: IsLatest, delete_marker: false })),
  ...DeleteMarkers.map(({ Key = '', IsLatest = false }) => ({ key: Key, seq: seqOf(Key), latest: IsLatest, delete_marker: true })),
];

/** Every version and delete marker under a prefix, page by page. `after`: a key that the first page starts behind. */
export async function* listVersions(
  s3: S3Client,
  bucket: string,
  query: { prefix: string; after?: string; seqOf: (key: string) => number | null },
): AsyncGenerator<StoredVersion[]> {
  let at: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } =
    query.after === undefined ? {} : { KeyMarker: query.after };
  for (;;) {
    const page = await s3.send(new ListObjectVersionsCommand({ Bucket: bucket, Prefix: query.prefix, ...at }));
    yield versionsOf(page, query.seqOf);
    if (!page.IsTruncated) return;
    at = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
  }
}

/** The number of a key such as `digests/00000012.json`; null for a key the system does not write. */
export const numberOf =
  (folder: string) =>
  (key: string): number | null => {
    const name = key.startsWith(folder) ? key.slice(folder.length) : '';
    return /^\d{8}\.json$/.test(name) && Number(name.slice(0, 8)) > 0 ? Number(name.slice(0, 8)) : null;
  };
