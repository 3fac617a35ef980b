import {
  BatchGetCommand,
  type BatchGetCommandOutput,
  type DynamoDBDocumentClient,
  GetCommand,
  QueryCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import type { DigestCandidate, DigestIndex, LogHead, SignedLog } from '../../contracts/digest.ts';
import { hasName } from './aws-errors.ts';
import { ENDED } from './job-index.ts';
import { readRow } from './read-row.ts';

const APPLIED = { pk: 'DIGESTS', sk: 'APPLIED' };
const logKey = (jobId: string) => ({ pk: `JOB#${jobId}`, sk: 'DIGEST' });

/** DynamoDB gives at most 100 items at once. */
const BATCH = 100;
const AT_ONCE = 25;

const Signed = z.object({ job_id: z.string(), seq: z.int(), hash: z.string(), digests: z.array(z.int()) });
const Applied = z.object({ applied: z.int() });
const Candidate = z.object({ job_id: z.string(), last_seq: z.int() });

const chunks = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));

/** What was signed, beside the rows of the jobs: one item per log, one for the number of the last digest. */
export const createDigestIndex = (dynamo: DynamoDBDocumentClient, table: string): DigestIndex => {
  const update = async (input: Omit<ConstructorParameters<typeof UpdateCommand>[0], 'TableName'>): Promise<void> => {
    try {
      await dynamo.send(new UpdateCommand({ TableName: table, ...input }));
    } catch (error) {
      // Something later is there already.
      if (!hasName(error, 'ConditionalCheckFailedException')) throw error;
    }
  };

  const applyHead = ({ job_id, seq, hash }: LogHead, digest: number) =>
    update({
      Key: logKey(job_id),
      UpdateExpression: 'SET job_id = :job, seq = :seq, #hash = :hash, digests = list_append(if_not_exists(digests, :none), :digest)',
      ConditionExpression: 'attribute_not_exists(seq) OR seq < :seq',
      ExpressionAttributeNames: { '#hash': 'hash' },
      ExpressionAttributeValues: { ':job': job_id, ':seq': seq, ':hash': hash, ':none': [], ':digest': [digest] },
    });

  const getBatch = async (jobIds: readonly string[]): Promise<SignedLog[]> => {
    const found: SignedLog[] = [];
    let keys: Record<string, unknown>[] = jobIds.map(logKey);
    while (keys.length > 0) {
      const page: BatchGetCommandOutput = await dynamo.send(
        new BatchGetCommand({ RequestItems: { [table]: { Keys: keys, ConsistentRead: true } } }),
      );
      found.push(...(page.Responses?.[table] ?? []).map((item) => Signed.parse(item)));
      keys = page.UnprocessedKeys?.[table]?.Keys ?? [];
    }
    return found;
  };

  const due = async (partition: string, limit: number, start?: Record<string, unknown>) => {
    const page = await dynamo.send(
      new QueryCommand({
        TableName: table,
        IndexName: 'due',
        KeyConditionExpression: 'due_pk = :pk',
        ExpressionAttributeValues: { ':pk': partition },
        Limit: limit,
        ...(start ? { ExclusiveStartKey: start } : {}),
      }),
    );
    return { items: (page.Items ?? []).map((item): DigestCandidate => readRow(Candidate, item)), last: page.LastEvaluatedKey };
  };

  return {
    applied: async () => {
      const { Item } = await dynamo.send(new GetCommand({ TableName: table, Key: APPLIED, ConsistentRead: true }));
      return Item ? Applied.parse(Item).applied : 0;
    },
    signed: async (jobIds) => {
      const found = await Promise.all(chunks(jobIds, BATCH).map(getBatch));
      return new Map(found.flat().map((log) => [log.job_id, log]));
    },
    apply: async ({ seq, heads }) => {
      for (const some of chunks(heads, AT_ONCE)) await Promise.all(some.map((head) => applyHead(head, seq)));
      await update({
        Key: APPLIED,
        UpdateExpression: 'SET applied = :seq',
        ConditionExpression: 'attribute_not_exists(applied) OR applied < :seq',
        ExpressionAttributeValues: { ':seq': seq },
      });
    },
    open: async (cursor, limit) => {
      const start = cursor === null ? undefined : z.record(z.string(), z.string()).parse(JSON.parse(cursor));
      const { items, last } = await due('DUE', limit, start);
      return { items, next: last ? JSON.stringify(last) : null };
    },
    ended: async (limit) => (await due(ENDED, limit)).items,
    settle: ({ job_id, last_seq }) =>
      update({
        Key: { pk: `JOB#${job_id}`, sk: 'JOB' },
        UpdateExpression: 'REMOVE due_pk, next_check_at',
        ConditionExpression: 'due_pk = :ended AND last_seq = :seq',
        ExpressionAttributeValues: { ':ended': ENDED, ':seq': last_seq },
      }),
  };
};
