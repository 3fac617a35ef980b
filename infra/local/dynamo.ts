import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CreateTableCommand, DescribeTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import inject from 'light-my-request';
import { TABLE } from '../table.ts';
import { inProcess } from './in-process.ts';
import type { AwsRequest, AwsResponse, Handle } from './wire.ts';

const OPERATIONS_WE_DO_NOT_USE = /TransactWriteItems|TransactGetItems|UpdateTimeToLive|ExecuteStatement/;

const CLOSING: AwsResponse = {
  status: 503,
  headers: { 'content-type': 'application/x-amz-json-1.0' },
  body: '{"__type":"ServiceUnavailable","message":"the local cloud is stopping"}',
};

const attributes = (): { AttributeName: string; AttributeType: 'S' }[] =>
  [...new Set([TABLE.pk, TABLE.sk, ...TABLE.indexes.flatMap(({ pk, sk }) => [pk, sk])])].map((AttributeName) => ({
    AttributeName,
    AttributeType: 'S',
  }));

const keySchema = (pk: string, sk: string) => [
  { AttributeName: pk, KeyType: 'HASH' as const },
  { AttributeName: sk, KeyType: 'RANGE' as const },
];

/** Says that everything in the log has been brought into this table: one that was lost half-way is not taken for whole. */
const REBUILT = { [TABLE.pk]: { S: 'LOCAL' }, [TABLE.sk]: { S: 'REBUILT' } };
/** A table that is not active after this long, in ms, was cut off while it was made. */
const ACTIVE_WITHIN_MS = 2_000;

const setupClient = (handle: Handle): DynamoDBClient =>
  new DynamoDBClient({
    region: 'us-east-1',
    endpoint: 'http://in-process',
    credentials: { accessKeyId: 'setup', secretAccessKey: 'setup' },
    requestHandler: inProcess(handle),
  });

const statusOf = async (client: DynamoDBClient, TableName: string): Promise<string | null> => {
  try {
    const { Table } = await client.send(new DescribeTableCommand({ TableName }));
    return Table?.TableStatus ?? null;
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException') return null;
    throw error;
  }
};

const createTable = (client: DynamoDBClient, name: string) =>
  client.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: attributes(),
      KeySchema: keySchema(TABLE.pk, TABLE.sk),
      GlobalSecondaryIndexes: TABLE.indexes.map(({ name: IndexName, pk, sk }) => ({
        IndexName,
        KeySchema: keySchema(pk, sk),
        Projection: { ProjectionType: 'ALL' as const },
      })),
    }),
  );

/** The table as the stack makes it. False when it stays unusable. */
const ensureTable = async (client: DynamoDBClient, name: string): Promise<boolean> => {
  if ((await statusOf(client, name)) === null) await createTable(client, name);
  for (const until = Date.now() + ACTIVE_WITHIN_MS; Date.now() < until; await delay(5)) {
    if ((await statusOf(client, name)) === 'ACTIVE') return true;
  }
  return false;
};

export type Dynamo = {
  handle: Handle;
  /** True until `markRebuilt`: the table does not show everything that is in the log. */
  fresh: boolean;
  markRebuilt(): Promise<void>;
  close(): Promise<void>;
};

/** DynamoDB over dynalite on a data folder. */
export const createDynamo = async (dataDir: string, table: string): Promise<Dynamo> => {
  const server = dynalite({ path: join(dataDir, 'dynamodb'), createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  // Nobody connects: requests are dispatched below. But dynalite closes its database only as a listening server.
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const [listener] = server.listeners('request');
  if (typeof listener !== 'function') throw new Error('dynalite has no request listener; its version does not fit');
  const dispatch: inject.DispatchFunc = (request, response) => void Reflect.apply(listener, server, [request, response]);

  const answer = async (request: AwsRequest): Promise<AwsResponse> => {
    const target = request.headers['x-amz-target'] ?? '';
    if (OPERATIONS_WE_DO_NOT_USE.test(target)) {
      return {
        status: 501,
        headers: { 'content-type': 'application/x-amz-json-1.0' },
        body: JSON.stringify({ __type: 'NotImplemented', message: `${target} is not implemented locally` }),
      };
    }
    const { statusCode, headers, rawPayload } = await inject(dispatch, {
      method: request.method === 'GET' ? 'GET' : 'POST',
      url: request.path,
      headers: request.headers,
      payload: request.body,
    });
    const plain = Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)] as const]));
    return { status: statusCode, headers: Object.fromEntries(plain), body: rawPayload };
  };
  // dynalite throws from a callback when its database is gone: nothing may reach it after the close began.
  const underWay = new Set<Promise<AwsResponse>>();
  let closing = false;
  const handle = (request: AwsRequest): Promise<AwsResponse> => {
    if (closing) return Promise.resolve(CLOSING);
    const answered = answer(request).finally(() => underWay.delete(answered));
    underWay.add(answered);
    return answered;
  };
  const close = async () => {
    closing = true;
    await Promise.allSettled(underWay);
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  const client = setupClient(handle);
  if (!(await ensureTable(client, table))) {
    // Everything in it can be built again from the log.
    await close();
    rmSync(join(dataDir, 'dynamodb'), { recursive: true, force: true });
    return createDynamo(dataDir, table);
  }
  const { Item } = await client.send(new GetItemCommand({ TableName: table, Key: REBUILT, ConsistentRead: true }));
  const markRebuilt = async () => {
    await client.send(new PutItemCommand({ TableName: table, Item: REBUILT }));
  };
  return { handle, fresh: !Item, markRebuilt, close };
};
