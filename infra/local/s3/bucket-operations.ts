import { accessDenied, S3Error } from './errors.ts';
import { deleteKey } from './objects.ts';
import { type Operation, respond, type S3Request, type World, xmlAnswer } from './request.ts';
import { leaf, node, xmlDocument } from './xml.ts';
import { childText, parseXml, type XmlNode } from './xml-parse.ts';

const REGION = 'us-east-1';
const MAX_DELETIONS = 1000;

export function listBuckets({ buckets }: World) {
  const sorted = [...buckets.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const rows = sorted.map(({ name, created }) => node('Bucket', [leaf('Name', name), leaf('CreationDate', created.toISOString())]));
  const owner = node('Owner', [leaf('ID', '000000000000'), leaf('DisplayName', 'local')]);
  return xmlAnswer(xmlDocument('ListAllMyBucketsResult', [owner, node('Buckets', rows)]));
}

export const headBucket: Operation = () => respond(200, { 'x-amz-bucket-region': REGION });

/** Only for buckets that exist already: like us-east-1, it answers the owner's second CreateBucket with 200. */
export const createBucket: Operation = (_request, bucket) => respond(200, { location: `/${bucket.name}` });

/** us-east-1 is the empty constraint. */
export const getLocation: Operation = () => xmlAnswer(xmlDocument('LocationConstraint', []));

export const getVersioning: Operation = (_request, bucket) =>
  xmlAnswer(xmlDocument('VersioningConfiguration', bucket.config.versioning ? [leaf('Status', 'Enabled')] : []));

type Target = { key: string; version: string | undefined; etag: string | undefined };

export const deleteObjects: Operation = async (request, bucket) => {
  const document = parseXml(request.body.toString('utf8'));
  const targets = document.children.filter(({ name }) => name === 'Object').map(readTarget);
  if (document.name !== 'Delete' || targets.length === 0 || targets.length > MAX_DELETIONS) {
    throw new S3Error(400, 'MalformedXML', `A Delete document names 1 to ${MAX_DELETIONS} objects; this one names ${targets.length}`);
  }
  const quiet = childText(document, 'Quiet') === 'true';
  // All at once: the disk flushes many writes for the price of one.
  const rows = await Promise.all(targets.map((target) => deleteOne(bucket, target, request, quiet)));
  return xmlAnswer(xmlDocument('DeleteResult', rows));
};

function readTarget(object: XmlNode): Target {
  const key = childText(object, 'Key');
  if (!key) throw new S3Error(400, 'MalformedXML', 'An Object in the Delete document has no Key');
  return { key, version: childText(object, 'VersionId'), etag: childText(object, 'ETag') };
}

async function deleteOne(
  bucket: Parameters<typeof deleteKey>[0],
  { key, version, etag }: Target,
  { headers, mayDelete }: S3Request,
  quiet: boolean,
): Promise<string> {
  const name = [leaf('Key', key), leaf('VersionId', version)];
  try {
    if (!mayDelete(bucket.name, key, version)) throw accessDenied();
    const done = await deleteKey(bucket, key, version ?? null, etag === undefined ? headers : { ...headers, 'if-match': etag });
    const marker = done.marker ? [leaf('DeleteMarker', true), leaf('DeleteMarkerVersionId', done.version ?? undefined)] : [];
    return quiet ? '' : node('Deleted', [...name, ...marker]);
  } catch (error) {
    if (!(error instanceof S3Error)) throw error;
    return node('Error', [...name, leaf('Code', error.code), leaf('Message', error.message)]);
  }
}
