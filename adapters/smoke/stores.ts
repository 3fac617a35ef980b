import { ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { type DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { asError } from '../../contracts/errors.ts';
import type { FoundBucket, FoundTable } from '../../contracts/smoke.ts';
import { hasName } from '../aws/aws-errors.ts';
import type { Env } from '../env.ts';

const withoutSecrets = (error: unknown): string => asError(error).name;

const look = async (s3: S3Client, name: string, prefix: string): Promise<FoundBucket> => {
  try {
    await s3.send(new ListObjectsV2Command({ Bucket: name, Prefix: prefix, MaxKeys: 1 }));
    return { name, state: 'ok', detail: null };
  } catch (error) {
    if (hasName(error, 'NoSuchBucket')) return { name, state: 'missing', detail: null };
    return { name, state: 'unreachable', detail: withoutSecrets(error) };
  }
};

/** Each bucket, under the prefix that functions read there. */
export const lookAtBuckets = (s3: S3Client, env: Env): Promise<FoundBucket[]> =>
  Promise.all([
    look(s3, env.HOLDPOINT_EVENTS_BUCKET, 'jobs/'),
    look(s3, env.HOLDPOINT_ARTIFACTS_BUCKET, 'jobs/'),
    look(s3, env.HOLDPOINT_CASSETTES_BUCKET, ''),
    look(s3, env.HOLDPOINT_TELEMETRY_BUCKET, ''),
  ]);

/** Indexes that the projection reads, each with its partition key and a partition of it. */
const INDEXES: readonly { name: string; pk: string; partition: string }[] = [
  { name: 'by_created', pk: 'list_pk', partition: 'JOBS' },
  { name: 'by_status', pk: 'status_pk', partition: 'DONE' },
  { name: 'waiting', pk: 'waiting_pk', partition: 'WAITING' },
  { name: 'due', pk: 'due_pk', partition: 'DUE' },
];

type State = 'ok' | 'missing' | 'no_index' | { unreachable: string };

const lookAtIndex = async (dynamo: DynamoDBDocumentClient, table: string, { name, pk, partition }: (typeof INDEXES)[number]) => {
  const of = (state: State) => ({ name, state });
  try {
    await dynamo.send(
      new QueryCommand({
        TableName: table,
        IndexName: name,
        KeyConditionExpression: '#pk = :pk',
        ExpressionAttributeNames: { '#pk': pk },
        ExpressionAttributeValues: { ':pk': partition },
        Limit: 1,
      }),
    );
    return of('ok');
  } catch (error) {
    if (hasName(error, 'ResourceNotFoundException')) return of('missing');
    if (hasName(error, 'ValidationException')) return of('no_index');
    return of({ unreachable: withoutSecrets(error) });
  }
};

/** The table, by each of its indexes: a table without one was made by an older build. */
export const lookAtTable = async (dynamo: DynamoDBDocumentClient, name: string): Promise<FoundTable> => {
  const found = await Promise.all(INDEXES.map((index) => lookAtIndex(dynamo, name, index)));
  const missing_indexes = found.filter(({ state }) => state === 'no_index').map((index) => index.name);
  if (found.some(({ state }) => state === 'missing')) return { name, state: 'missing', detail: null, missing_indexes: [] };
  const broken = found.flatMap(({ state }) => (typeof state === 'object' ? [state.unreachable] : []));
  return { name, state: broken.length > 0 ? 'unreachable' : 'ok', detail: broken[0] ?? null, missing_indexes };
};
