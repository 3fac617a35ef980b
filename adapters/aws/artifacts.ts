import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { Artifacts } from '../../contracts/ports.ts';
import { sha256Hex } from '../../functions/lib/hash.ts';
import { isMissing } from './aws-errors.ts';
import { createOnce } from './create-once.ts';

/** Files on S3. Bodies are text: every artifact of a job is JSON, CSV, SVG or Markdown. */
export const createArtifacts = (s3: S3Client, bucket: string): Artifacts => ({
  put: async (key, body, contentType) => {
    const bytes = Buffer.from(body);
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes, ContentType: contentType }));
    return { key, sha256: sha256Hex(bytes), bytes: bytes.byteLength };
  },

  create: (key, body, contentType) => createOnce(s3, { Bucket: bucket, Key: key, Body: Buffer.from(body), ContentType: contentType }),

  get: async (key) => {
    try {
      const object = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      const body = (await object.Body?.transformToByteArray()) ?? new Uint8Array();
      return { body, content_type: object.ContentType ?? 'application/octet-stream' };
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  },

  list: async (prefix) => {
    const found: { key: string; bytes: number; modified?: string }[] = [];
    let token: string | undefined;
    do {
      const page = await s3.send(
        new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ...(token ? { ContinuationToken: token } : {}) }),
      );
      found.push(
        ...(page.Contents ?? []).map(({ Key: key = '', Size: bytes = 0, LastModified: at }) => ({
          ...{ key, bytes },
          ...(at ? { modified: at.toISOString() } : {}),
        })),
      );
      token = page.NextContinuationToken;
    } while (token);
    return found;
  },
});
