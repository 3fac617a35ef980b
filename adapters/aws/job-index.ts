import { isDeepStrictEqual } from 'node:util';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { GetCommand, PutCommand, QueryCommand, type QueryCommandInput, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { Refusal } from '../../contracts/commands.ts';
import { type JobIndex, JobRecord, type Page, type StoredRow } from '../../contracts/ports.ts';
import { hasName } from './aws-errors.ts';
import { readRow } from './read-row.ts';

const key = (jobId: string) => ({ pk: `JOB#${jobId}`, sk: 'JOB' });

/** Partition of the `due` index for rows that no check is due for: the next digest looks at them once and takes them out. */
export const ENDED = 'ENDED';

/** Index attributes beside the row. `waiting_pk` and `due_pk` are sparse: absent means not in that index. */
export const toItem = (record: JobRecord, nextCheckAt: string | null) => ({
  ...key(record.job_id),
  ...record,
  list_pk: 'JOBS',
  list_sk: `${record.created_at}#${record.job_id}`,
  status_pk: record.status,
  title_folded: record.title.toLowerCase(),
  ...(record.status === 'WAITING_APPROVAL' ? { waiting_pk: 'WAITING' } : {}),
  // A key attribute of an index may not be null.
  opened_at: record.opened_at ?? undefined,
  ...(nextCheckAt ? { due_pk: 'DUE', next_check_at: nextCheckAt } : { due_pk: ENDED, next_check_at: record.updated_at }),
});

/** Of the reconciler's clock, not of the log. */
const TIMES: readonly string[] = ['due_pk', 'next_check_at'];

const differences = (item: Record<string, unknown>, record: JobRecord): string[] => {
  const written: Record<string, unknown> = toItem(record, null);
  const names = new Set([...Object.keys(item), ...Object.keys(written)]);
  return [...names].filter((name) => !TIMES.includes(name) && !isDeepStrictEqual(item[name], written[name])).toSorted();
};

const LastSeq = z.int().catch(0);
const Check = z.object({ due_pk: z.literal('DUE'), next_check_at: z.string() });

const toStored = (item: Record<string, unknown>): StoredRow => ({
  last_seq: LastSeq.parse(item['last_seq']),
  next_check_at: Check.safeParse(item).data?.next_check_at ?? null,
  differences: (record) => differences(item, record),
});

/**
 * What lists rollouts, newest first: an item of its own beside the row, in a partition of `by_status` that no status has. It says only
 * that the rollout is there, so it is never stale.
 */
const ROLLOUTS = 'ROLLOUT';
const rolloutItem = ({ job_id, created_at }: JobRecord) => ({
  ...key(job_id),
  sk: ROLLOUTS,
  job_id,
  status_pk: ROLLOUTS,
  list_sk: `${created_at}#${job_id}`,
});
// By its key: a row that names another job, or is no `JobRecord`, is looked at like the others.
const DueItem = z.object({ pk: z.string().transform((pk) => pk.slice('JOB#'.length)) });
const RolloutItem = z.object({ job_id: z.string() });

const encodeCursor = (lastKey: Record<string, unknown> | undefined): string | null =>
  lastKey ? Buffer.from(JSON.stringify(lastKey)).toString('base64url') : null;

const decodeCursor = (cursor: string): Record<string, unknown> => {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (typeof value === 'object' && value !== null && Object.values(value).every((v) => typeof v === 'string')) return { ...value };
  } catch {
    // Falls through to the refusal, like any other text that is not a cursor.
  }
  throw new Refusal('INVALID_INPUT', `cursor ${JSON.stringify(cursor.slice(0, 40))} is not one this API gave; start again without it`);
};

/** The projection on DynamoDB: one item per job, four sparse or plain indexes (infra/table.ts). */
export const createJobIndex = (dynamo: DynamoDBDocumentClient, table: string): JobIndex => {
  /** Queries until the page is full: a filter may leave pages of DynamoDB short or empty. */
  const query = async <T>(
    schema: z.ZodType<T>,
    input: Omit<QueryCommandInput, 'TableName'>,
    limit: number,
    cursor: string | undefined,
  ): Promise<Page<T>> => {
    const items: T[] = [];
    let start = cursor ? decodeCursor(cursor) : undefined;
    do {
      const Limit = input.FilterExpression ? Math.max(limit * 4, 100) : limit - items.length;
      const page = await dynamo
        .send(new QueryCommand({ TableName: table, ...input, Limit, ...(start ? { ExclusiveStartKey: start } : {}) }))
        .catch((error: unknown) => {
          if (hasName(error, 'ValidationException') && cursor)
            throw new Refusal('INVALID_INPUT', 'cursor does not fit this list; start again without it');
          throw error;
        });
      for (const item of page.Items ?? []) {
        items.push(readRow(schema, item));
        if (items.length === limit) {
          const more = page.LastEvaluatedKey !== undefined || item !== page.Items?.at(-1);
          return { items, next_cursor: more ? encodeCursor(indexKey(input.IndexName ?? '', item)) : null };
        }
      }
      start = page.LastEvaluatedKey;
    } while (start);
    return { items, next_cursor: null };
  };

  const itemOf = async (jobId: string): Promise<Record<string, unknown> | undefined> =>
    (await dynamo.send(new GetCommand({ TableName: table, Key: key(jobId), ConsistentRead: true }))).Item;

  /** Before the row: who finds the row need not ask whether this is there. */
  const markRollout = async (record: JobRecord): Promise<void> => {
    if (record.kind === 'rollout') await dynamo.send(new PutCommand({ TableName: table, Item: rolloutItem(record) }));
  };

  return {
    reserve: async (record, nextCheckAt) => {
      await markRollout(record);
      try {
        await dynamo.send(
          new PutCommand({ TableName: table, Item: toItem(record, nextCheckAt), ConditionExpression: 'attribute_not_exists(pk)' }),
        );
        return true;
      } catch (error) {
        if (hasName(error, 'ConditionalCheckFailedException')) return false;
        throw error;
      }
    },

    put: async (record, nextCheckAt) => {
      await markRollout(record);
      try {
        await dynamo.send(
          new PutCommand({
            TableName: table,
            Item: toItem(record, nextCheckAt),
            // At the same sequence only an earlier check stays: somebody was about to decide. A row without a number for its sequence was
            // not written by us. AND binds closer than OR.
            ConditionExpression:
              'attribute_not_exists(pk) OR NOT attribute_type(last_seq, :number) OR last_seq < :seq OR last_seq = :seq AND NOT due_pk = :due OR last_seq = :seq AND NOT next_check_at < :next',
            ExpressionAttributeValues: { ':seq': record.last_seq, ':number': 'N', ':due': 'DUE', ':next': nextCheckAt ?? '' },
          }),
        );
      } catch (error) {
        // A later writer was faster: its row is the newer truth.
        if (!hasName(error, 'ConditionalCheckFailedException')) throw error;
      }
    },

    checkSoon: async (jobId, at) => {
      try {
        await dynamo.send(
          new UpdateCommand({
            TableName: table,
            Key: key(jobId),
            UpdateExpression: 'SET due_pk = :due, next_check_at = :at',
            // An id that names no job must not leave a row behind.
            ConditionExpression: 'attribute_exists(pk)',
            ExpressionAttributeValues: { ':due': 'DUE', ':at': at },
          }),
        );
      } catch (error) {
        if (!hasName(error, 'ConditionalCheckFailedException')) throw error;
      }
    },

    get: async (jobId) => {
      const item = await itemOf(jobId);
      return item?.['job_id'] ? readRow(JobRecord, item) : null;
    },

    inspect: async (jobId) => {
      const item = await itemOf(jobId);
      return item ? toStored(item) : null;
    },

    list: ({ status, q, limit, cursor }) =>
      query(
        JobRecord,
        {
          IndexName: status ? 'by_status' : 'by_created',
          KeyConditionExpression: status ? 'status_pk = :pk' : 'list_pk = :pk',
          ExpressionAttributeValues: { ':pk': status ?? 'JOBS', ...(q ? { ':q': q.toLowerCase() } : {}) },
          ...(q ? { FilterExpression: 'contains(title_folded, :q) OR contains(job_id, :q)' } : {}),
          ScanIndexForward: false,
        },
        limit,
        cursor,
      ),

    waiting: ({ limit, cursor }) =>
      query(
        JobRecord,
        { IndexName: 'waiting', KeyConditionExpression: 'waiting_pk = :pk', ExpressionAttributeValues: { ':pk': 'WAITING' } },
        limit,
        cursor,
      ),

    rollouts: async ({ limit, cursor }) => {
      const input = {
        IndexName: 'by_status',
        KeyConditionExpression: 'status_pk = :pk',
        ExpressionAttributeValues: { ':pk': ROLLOUTS },
        ScanIndexForward: false,
      };
      const { items, next_cursor } = await query(RolloutItem, input, limit, cursor);
      return { items: items.map(({ job_id }) => job_id), next_cursor };
    },

    due: async (before, limit) => {
      const { items } = await query(
        DueItem,
        {
          IndexName: 'due',
          KeyConditionExpression: 'due_pk = :pk AND next_check_at <= :before',
          ExpressionAttributeValues: { ':pk': 'DUE', ':before': before },
        },
        limit,
        undefined,
      );
      return items.map(({ pk }) => pk);
    },
  };
};

const INDEX_KEYS: Record<string, string[]> = {
  by_created: ['list_pk', 'list_sk'],
  by_status: ['status_pk', 'list_sk'],
  waiting: ['waiting_pk', 'opened_at'],
  due: ['due_pk', 'next_check_at'],
};

/** The start key after `item`, as DynamoDB would give it: table key and index key. */
const indexKey = (index: string, item: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(['pk', 'sk', ...(INDEX_KEYS[index] ?? [])].map((name) => [name, item[name]]));
