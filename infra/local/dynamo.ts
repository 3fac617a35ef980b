import { once } from 'node:events';
import { join } from 'node:path';
import { CreateTableCommand, DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
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

/** Creates the table as the stack does. Returns whether it is new, and so empty. */
const ensureTable = async (handle: Handle, name: string): Promise<boolean> => {
  const client = new DynamoDBClient({
    region: 'us-east-1',
    endpoint: 'http://in-process',
    credentials: { accessKeyId: 'setup', secretAccessKey: 'setup' },
    requestHandler: inProcess(handle),
  });
  try {
    await client.send(new DescribeTableCommand({ TableName: name }));
    return false;
  } catch (error) {
    if (!(error instanceof Error && error.name === 'ResourceNotFoundException')) throw error;
  }
  await client.send(
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
  return true;
};

/** DynamoDB over dynalite on a data folder. */
export const createDynamo = async (dataDir: string, table: string): Promise<{ handle: Handle; fresh: boolean; close(): Promise<void> }> => {
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
        body: `{"__type":"NotImplemented","message":"${target} is not implemented locally"}`,
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
  const fresh = await ensureTable(handle, table);
  const close = async () => {
    closing = true;
    await Promise.allSettled(underWay);
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return { handle, fresh, close };
};
