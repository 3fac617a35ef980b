import { ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import type { StoredLogs, StoredVersion } from '../../contracts/digest.ts';
import { AUDIT, auditKey, eventKey } from '../../contracts/events.ts';
import { JobId } from '../../contracts/ids.ts';
import { listVersions, numberOf, readStored } from './stored.ts';

const READ_AHEAD = 16;

const keyOf = (jobId: string, seq: number): string => (jobId === AUDIT.job_id ? auditKey(seq) : eventKey(JobId.parse(jobId), seq));
const folderOf = (jobId: string): string => keyOf(jobId, 1).replace(/[^/]+$/, '');

type Text = { seq: number; text: string | null };

/** Logs as S3 holds them. */
export const createStoredLogs = (s3: () => S3Client, bucket: string): StoredLogs => {
  const chunk = (jobId: string, from: number, count: number): Promise<Text[]> =>
    Promise.all(
      Array.from({ length: count }, async (_, i) => ({ seq: from + i, text: await readStored(s3(), bucket, keyOf(jobId, from + i)) })),
    );

  return {
    texts: async (jobId, from, known) => {
      const found: Text[] = [];
      let next = from;
      for (; next <= known; next += READ_AHEAD) found.push(...(await chunk(jobId, next, Math.min(READ_AHEAD, known - next + 1))));
      next = Math.max(from, known + 1);
      for (let width = 1; ; next += width, width = Math.min(width * 2, READ_AHEAD)) {
        const more = await chunk(jobId, next, width);
        const end = more.findIndex(({ text }) => text === null);
        found.push(...(end === -1 ? more : more.slice(0, end)));
        if (end !== -1) return found;
      }
    },

    text: (jobId, seq) => readStored(s3(), bucket, keyOf(jobId, seq)),

    versions: async (jobId) => {
      const prefix = folderOf(jobId);
      const found: StoredVersion[] = [];
      for await (const page of listVersions(s3(), bucket, { prefix, seqOf: numberOf(prefix) })) found.push(...page);
      return found;
    },

    jobs: async (after, limit) => {
      // "0" is the character behind "/": the next name after everything of that job.
      const StartAfter = after === '' ? 'jobs/' : `jobs/${JobId.parse(after)}0`;
      const { CommonPrefixes = [] } = await s3().send(
        new ListObjectsV2Command({ Bucket: bucket, Prefix: 'jobs/', Delimiter: '/', StartAfter, MaxKeys: limit }),
      );
      return CommonPrefixes.flatMap(({ Prefix = '' }) => Prefix.split('/')[1] ?? []);
    },
  };
};
