import * as z from 'zod';
import type { SomeUnits } from '../../../contracts/pricing.ts';
import type { AwsRequest, Handle } from '../wire.ts';
import { Item, writeUnits } from './item.ts';

const Body = z.looseObject({
  TableName: z.string().optional(),
  IndexName: z.string().optional(),
  ConsistentRead: z.boolean().optional(),
  Key: Item.optional(),
  Item: Item.optional(),
  ReturnValues: z.string().optional(),
});
type Body = z.infer<typeof Body>;

const Capacity = z.looseObject({
  CapacityUnits: z.number(),
  GlobalSecondaryIndexes: z.record(z.string(), z.object({ CapacityUnits: z.number() })).optional(),
});
const Answer = z.looseObject({
  ConsumedCapacity: z.union([Capacity, z.array(Capacity)]).optional(),
  Attributes: Item.optional(),
  Item: Item.optional(),
});

const JOB = /JOB#([0-9a-f]{12})/;

/** The job whose items a request names; null where it names several, or none. */
export const jobOfDynamo = ({ body }: AwsRequest): string | null => {
  const text = body.toString();
  const first = JOB.exec(text)?.[1] ?? null;
  return first !== null && [...text.matchAll(/JOB#([0-9a-f]{12})/g)].every(([, job]) => job === first) ? first : null;
};

const operationOf = ({ headers }: AwsRequest): string => (headers['x-amz-target'] ?? '').split('.').at(-1) ?? '';

const asking = (request: AwsRequest, body: Body, more: Record<string, unknown>): AwsRequest => ({
  ...request,
  body: Buffer.from(JSON.stringify({ ...body, ...more })),
});

/** The least a read takes: half a unit, or a whole one where it must be the newest. */
const leastRead = ({ ConsistentRead }: Body): number => (ConsistentRead ? 1 : 0.5);

const readUnits = (body: Body, answer: z.infer<typeof Answer>): number => {
  const all = [answer.ConsumedCapacity ?? []].flat();
  // An index that projects everything is read alone; the emulator counts the table behind it too.
  const units = all.map(({ CapacityUnits, GlobalSecondaryIndexes: indexes }) =>
    body.IndexName && indexes ? Object.values(indexes).reduce((sum, index) => sum + index.CapacityUnits, 0) : CapacityUnits,
  );
  return Math.max(
    leastRead(body),
    units.reduce((sum, one) => sum + one, 0),
  );
};

/** The item as an update left it. */
const readBack = async (handle: Handle, request: AwsRequest, { TableName, Key }: Body): Promise<Item | null> => {
  const headers = { ...request.headers, 'x-amz-target': 'DynamoDB_20120810.GetItem' };
  const answer = await handle(asking({ ...request, headers }, {}, { TableName, Key, ConsistentRead: true }));
  return answer.status === 200 ? (Answer.parse(JSON.parse(answer.body.toString())).Item ?? null) : null;
};

const write = async (handle: Handle, request: AwsRequest, body: Body, count: (units: SomeUnits) => void) => {
  // The item as it was tells which index entries change. Nobody here asks for it, so nobody misses what they asked for.
  const answer = await handle(body.ReturnValues === undefined ? asking(request, body, { ReturnValues: 'ALL_OLD' }) : request);
  if (answer.status !== 200) {
    // A condition that did not hold is billed like the write it prevented.
    if (answer.body.toString().includes('ConditionalCheckFailedException')) count({ write_units: 1 });
    return answer;
  }
  const before = Answer.parse(JSON.parse(answer.body.toString())).Attributes ?? null;
  const operation = operationOf(request);
  const after = operation === 'DeleteItem' ? null : operation === 'PutItem' ? (body.Item ?? null) : await readBack(handle, request, body);
  count({ write_units: writeUnits(before, after) });
  return answer;
};

const read = async (handle: Handle, request: AwsRequest, body: Body, count: (units: SomeUnits) => void) => {
  const answer = await handle(asking(request, body, { ReturnConsumedCapacity: 'INDEXES' }));
  if (answer.status === 200) count({ read_units: readUnits(body, Answer.parse(JSON.parse(answer.body.toString()))) });
  return answer;
};

/**
 * Counts what a request of a function consumes (https://aws.amazon.com/dynamodb/pricing/on-demand/): the emulator counts the table
 * alone, and indexes are most of what a change of a job's row costs.
 */
export const countingDynamo =
  (handle: Handle, count: (job: string | null, units: SomeUnits) => void): Handle =>
  (request) => {
    const operation = operationOf(request);
    const of = /^(PutItem|UpdateItem|DeleteItem)$/.test(operation)
      ? write
      : /^(GetItem|Query|BatchGetItem|Scan)$/.test(operation)
        ? read
        : null;
    const body = of && Body.safeParse(JSON.parse(request.body.toString()));
    if (!of || !body?.success) return handle(request);
    const job = jobOfDynamo(request);
    return of(handle, request, body.data, (units) => count(job, units));
  };
