import * as z from 'zod';
import { TABLE } from '../../../table.ts';
import { ACCOUNT, REGION } from '../../settings.ts';
import type { AwsRequest } from '../../wire.ts';
import type { Context } from '../conditions.ts';
import type { Call } from '../evaluate.ts';

const texts = z.record(z.string(), z.unknown());
const Body = z.object({
  TableName: z.string().optional(),
  IndexName: z.string().optional(),
  Key: texts.optional(),
  Item: texts.optional(),
  RequestItems: texts.optional(),
  KeyConditionExpression: z.string().optional(),
  ExpressionAttributeNames: z.record(z.string(), z.string()).default({}),
  ExpressionAttributeValues: texts.default({}),
});
type Body = z.infer<typeof Body>;

const Text = z.object({ S: z.string() });

const ON_TABLE = new Set([
  'GetItem',
  'PutItem',
  'UpdateItem',
  'DeleteItem',
  'Query',
  'Scan',
  'DescribeTable',
  'CreateTable',
  'DeleteTable',
  'UpdateTable',
]);
const ON_TABLES = new Set(['BatchGetItem', 'BatchWriteItem']);
const ON_ACCOUNT = new Set(['ListTables', 'DescribeLimits', 'DescribeEndpoints']);

const tableArn = (name: string): string => (name.startsWith('arn:') ? name : `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/${name}`);

/** Partition key of a request for one item or one partition. */
const leadingKey = ({ IndexName, Key, Item, KeyConditionExpression: expression = '', ...body }: Body): string | undefined => {
  const pk = TABLE.indexes.find(({ name }) => name === IndexName)?.pk ?? TABLE.pk;
  const own = Text.safeParse((Key ?? Item)?.[pk]);
  if (own.success) return own.data.S;
  for (const [, name = '', value = ''] of expression.matchAll(/([#\w.]+)\s*=\s*(:\w+)/g)) {
    if ((body.ExpressionAttributeNames[name] ?? name) === pk) return Text.safeParse(body.ExpressionAttributeValues[value]).data?.S;
  }
  return undefined;
};

const parse = ({ body }: AwsRequest): Body | null => {
  try {
    return Body.parse(JSON.parse(body.toString('utf8') || '{}'));
  } catch {
    return null;
  }
};

/** What a request asks permission for. Null: nobody knows. */
export const askOfDynamo = (request: AwsRequest): Call[] | null => {
  const name = (request.headers['x-amz-target'] ?? '').replace(/^DynamoDB_20120810\./, '');
  const body = parse(request);
  if (!body) return null;
  const call = (resource: string, context: Context = {}): Call => ({
    action: `dynamodb:${name}`,
    resource,
    context: { 'aws:securetransport': ['true'], ...context },
  });
  if (ON_ACCOUNT.has(name)) return [call('*')];
  if (ON_TABLES.has(name)) return Object.keys(body.RequestItems ?? {}).map((table) => call(tableArn(table)));
  if (!ON_TABLE.has(name) || body.TableName === undefined) return null;
  const key = leadingKey(body);
  const index = body.IndexName === undefined ? '' : `/index/${body.IndexName}`;
  return [call(`${tableArn(body.TableName)}${index}`, key === undefined ? {} : { 'dynamodb:leadingkeys': [key] })];
};
