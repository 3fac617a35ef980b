import type { S3Client } from '@aws-sdk/client-s3';
import { type Digests, digestKey, type StoredVersion } from '../../contracts/digest.ts';
import { canonicalJson } from '../../functions/lib/canonical-json.ts';
import { createOnce } from './create-once.ts';
import { listVersions, numberOf, readStored } from './stored.ts';

const FOLDER = 'digests/';

/** Digests on S3, beside the logs they sign: one object each, created conditionally on the next number. */
export const createDigests = (s3: S3Client, unchecked: () => S3Client, bucket: string): Digests => ({
  create: (digest) =>
    createOnce(s3, { Bucket: bucket, Key: digestKey(digest.seq), Body: canonicalJson(digest), ContentType: 'application/json' }),

  text: (seq) => readStored(unchecked(), bucket, digestKey(seq)),

  versions: async (after, limit) => {
    const found: StoredVersion[] = [];
    const query = { prefix: FOLDER, seqOf: numberOf(FOLDER), ...(after > 0 ? { after: digestKey(after) } : {}) };
    for await (const page of listVersions(s3, bucket, query)) {
      found.push(...page);
      const keys = [...new Set(found.map(({ key }) => key))].toSorted();
      // One key more than asked for: the versions of the last one may go on in the next page.
      if (keys.length > limit) return found.filter(({ key }) => keys.indexOf(key) < limit);
    }
    return found;
  },
});
