import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import type { LinkIndex } from '../../contracts/ports.ts';

const key = (hash: string) => ({ pk: `LINK#${hash}`, sk: 'LINK' });

const Target = z.object({ job_id: z.string(), state: z.string(), visit: z.int(), approver: z.string() });

/** Finds the approval a link belongs to, by the hash of its capability. The log decides whether it still opens. */
export const createLinkIndex = (dynamo: DynamoDBDocumentClient, table: string): LinkIndex => ({
  put: async (hash, target) => {
    await dynamo.send(new PutCommand({ TableName: table, Item: { ...key(hash), ...target } }));
  },
  get: async (hash) => {
    const { Item } = await dynamo.send(new GetCommand({ TableName: table, Key: key(hash) }));
    return Item ? Target.parse(Item) : null;
  },
});
