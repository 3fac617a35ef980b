import * as z from 'zod';
import { NO_UNITS, type Units } from '../../contracts/pricing.ts';
import type { AwsRequest, Handle } from './wire.ts';

export type Meter = {
  s3: (handle: Handle) => Handle;
  dynamodb: (handle: Handle) => Handle;
  invoked: (memoryMb: number, ms: number) => void;
  entered: (states: number) => void;
  read: () => Units;
};

const isPut = ({ method, query, path }: AwsRequest): boolean =>
  method === 'PUT' || method === 'POST' || query.has('list-type') || (method === 'GET' && path.split('/').filter(Boolean).length < 2);

const Capacity = z.object({ CapacityUnits: z.number() });
const Consumed = z.object({ ConsumedCapacity: z.union([Capacity, z.array(Capacity)]).optional() });

const WRITES = /\.(PutItem|UpdateItem|DeleteItem|BatchWriteItem)$/;

/** Asks DynamoDB to say what the request consumed: a write counts once per index it touches. */
const askingForCapacity = (request: AwsRequest): AwsRequest => {
  const body: unknown = JSON.parse(request.body.toString());
  return { ...request, body: Buffer.from(JSON.stringify(Object.assign({}, body, { ReturnConsumedCapacity: 'TOTAL' }))) };
};

const consumedBy = (body: Buffer | string): number => {
  const { ConsumedCapacity: consumed } = Consumed.parse(JSON.parse(body.toString()));
  return [consumed ?? []].flat().reduce((sum, { CapacityUnits }) => sum + CapacityUnits, 0);
};

/** Counts what AWS would bill, at the endpoint that every function calls. */
export const createMeter = (): Meter => {
  const units: Units = { ...NO_UNITS };
  return {
    s3: (handle) => (request) => {
      if (isPut(request)) units.s3_puts += 1;
      else if (request.method === 'GET' || request.method === 'HEAD') units.s3_gets += 1;
      return handle(request);
    },
    dynamodb: (handle) => async (request) => {
      const answer = await handle(askingForCapacity(request));
      const consumed = answer.status === 200 ? consumedBy(answer.body) : 1;
      if (WRITES.test(request.headers['x-amz-target'] ?? '')) units.write_units += consumed;
      else units.read_units += consumed;
      return answer;
    },
    invoked: (memoryMb, ms) => {
      units.invocations += 1;
      units.gb_seconds += (memoryMb / 1024) * (ms / 1000);
    },
    entered: (states) => {
      units.transitions += states;
    },
    read: () => ({ ...units }),
  };
};
