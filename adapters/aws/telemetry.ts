import { GetObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import type * as z from 'zod';
import type { Telemetry } from '../../contracts/ports.ts';
import { TELEMETRY_TABLES, type TelemetryRow, type TelemetryTable } from '../../contracts/telemetry.ts';
import { telemetryJobPrefix, telemetryKey, telemetryPrefix } from '../../contracts/telemetry-layout.ts';
import { canonicalJson } from '../../functions/lib/canonical-json.ts';
import { json } from '../../functions/lib/decode.ts';
import { isMissing } from './aws-errors.ts';
import { createOnce } from './create-once.ts';

const SCHEMAS: { readonly [T in TelemetryTable]: z.ZodType<TelemetryRow<T>> } = TELEMETRY_TABLES;

const linesOf = <T extends TelemetryTable>(table: T, text: string): TelemetryRow<T>[] => {
  const decode = json(SCHEMAS[table]);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map(decode);
};

const byEnding = (a: string, b: string): number => a.length - b.length || (a < b ? -1 : 1);

/** Rows of the telemetry tables on S3, as JSON Lines. An object is created once and never overwritten. */
export const createTelemetry = (s3: S3Client, bucket: string): Telemetry => {
  const rowsAt = async <T extends TelemetryTable>(table: T, key: string): Promise<TelemetryRow<T>[] | null> => {
    try {
      const object = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      return linesOf(table, (await object.Body?.transformToString()) ?? '');
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  };

  async function* keys(prefix: string, after?: string): AsyncGenerator<string> {
    let token: string | undefined;
    do {
      const from = token ? { ContinuationToken: token } : after === undefined ? {} : { StartAfter: after };
      const page = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ...from }));
      for (const { Key = '' } of page.Contents ?? []) if (Key.endsWith('.jsonl')) yield Key;
      token = page.NextContinuationToken;
    } while (token);
  }

  return {
    write: async (table, { job_id, created_at, ending }, rows) => {
      const body = rows.map((row) => `${canonicalJson(row)}\n`).join('');
      const Key = telemetryKey(table, job_id, created_at, ending);
      const object = { Bucket: bucket, Key, Body: body, ContentType: 'application/x-ndjson' };
      return (await createOnce(s3, object)) ? 'written' : 'exists';
    },

    read: async (table, jobId, createdAt, endings) => {
      const found: string[] = [];
      if (endings === undefined) for await (const key of keys(telemetryJobPrefix(table, jobId, createdAt))) found.push(key);
      else for (let ending = 1; ending <= endings; ending++) found.push(telemetryKey(table, jobId, createdAt, ending));
      const read = await Promise.all(found.toSorted(byEnding).map((key) => rowsAt(table, key)));
      return read.flatMap((rows) => rows ?? []);
    },

    async *list(table, after) {
      for await (const key of keys(telemetryPrefix(table), after)) yield { table, key };
    },

    rows: async ({ table, key }) => (await rowsAt(table, key)) ?? [],
  };
};
