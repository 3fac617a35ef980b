import { GetObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { PermanentError } from '../../contracts/errors.ts';
import { AgentId, Sha256 } from '../../contracts/ids.ts';
import { Cassette } from '../../contracts/llm.ts';
import type { Cassettes } from '../../contracts/ports.ts';
import { canonicalJson } from '../../functions/lib/canonical-json.ts';
import { json } from '../../functions/lib/decode.ts';
import { isMissing } from './aws-errors.ts';
import { createOnce } from './create-once.ts';

const decode = json(Cassette);
const KEY = /^([a-z0-9][a-z0-9_-]*)\/([0-9a-f]{64})\.(\d+)\.json$/;

/** `<agent>/<key>.<n>.json`. Throws for a name outside the allow-lists: it would reach another object. */
export const cassetteObjectKey = (agent: string, key: string, n: number): string => {
  if (!AgentId.safeParse(agent).success || !Sha256.safeParse(key).success || !Number.isSafeInteger(n) || n < 0)
    throw new PermanentError(`no cassette can be named "${agent}/${key}.${n}": agent, sha256 key and a repeat index from 0 are needed`);
  return `${agent}/${key}.${n}.json`;
};

/** Recorded answers on S3. A recording is created once and never overwritten. */
export const createCassettes = (s3: S3Client, bucket: string): Cassettes => ({
  get: async (agent, key, n) => {
    try {
      const object = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: cassetteObjectKey(agent, key, n) }));
      return decode((await object.Body?.transformToString()) ?? '');
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  },

  create: (cassette) => {
    const { match, key, n } = cassette;
    const Key = cassetteObjectKey(match.agent, key, n);
    return createOnce(s3, { Bucket: bucket, Key, Body: canonicalJson(cassette), ContentType: 'application/json' });
  },

  list: async (agent) => {
    const found: { agent: string; key: string; n: number }[] = [];
    const prefix = agent === undefined ? {} : { Prefix: `${AgentId.parse(agent)}/` };
    let token: string | undefined;
    do {
      const page = await s3.send(new ListObjectsV2Command({ Bucket: bucket, ...prefix, ...(token ? { ContinuationToken: token } : {}) }));
      for (const { Key = '' } of page.Contents ?? []) {
        const [, name, key, n] = KEY.exec(Key) ?? [];
        if (name && key && n) found.push({ agent: name, key, n: Number(n) });
      }
      token = page.NextContinuationToken;
    } while (token);
    return found;
  },
});
