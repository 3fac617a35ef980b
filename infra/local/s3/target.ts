import { type Bucket, findVersion, latest, type Version, versionId } from './bucket.ts';
import { noSuchKey } from './conditions.ts';
import { accessDenied, S3Error } from './errors.ts';
import type { Meta } from './object-file.ts';
import type { S3Request } from './request.ts';

/** `x-amz-version-id`, where the bucket has versions. */
export const versionHeader = (bucket: Bucket, meta: Meta): Record<string, string> =>
  bucket.config.versioning ? { 'x-amz-version-id': versionId(meta) } : {};

/** The current object, null when there is none or a delete marker hides it. */
export const liveMeta = (newest: Version | null): Meta | null => (newest && !newest.meta.delete_marker ? newest.meta : null);

/** What a read is about. Throws 404, 403 for a missing key when the caller may not list, 405 for a delete marker by its id. */
export function requireVersion(bucket: Bucket, request: Pick<S3Request, 'key' | 'canList'>, id: string | null): Version {
  const version = id === null ? latest(bucket, request.key) : findVersion(bucket, request.key, id);
  if (version && !version.meta.delete_marker) return version;
  const headers = version ? { 'x-amz-delete-marker': 'true', ...versionHeader(bucket, version.meta) } : {};
  if (!request.canList) throw accessDenied();
  if (id === null) throw Object.assign(noSuchKey(request.key), { headers });
  if (version) throw new S3Error(405, 'MethodNotAllowed', 'The specified method is not allowed against a delete marker', { headers });
  throw new S3Error(404, 'NoSuchVersion', 'The specified version does not exist.', { detail: { Key: request.key, VersionId: id } });
}
