import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { UnreadableDocument } from '../../contracts/errors.ts';
import type { FlagStore } from '../../contracts/ports.ts';
import { FlagState } from '../../contracts/switches.ts';
import { hasName } from './aws-errors.ts';

const KEY = { pk: 'FLAGS', sk: 'FLAGS' };

/** Flags and kill switch on DynamoDB: one item. */
export const createFlagStore = (dynamo: DynamoDBDocumentClient, table: string): FlagStore => ({
  read: async () => {
    const { Item } = await dynamo.send(new GetCommand({ TableName: table, Key: KEY, ConsistentRead: true }));
    if (!Item) return null;
    const { pk: _, sk: __, ...item } = Item;
    const parsed = FlagState.safeParse(item);
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    throw new UnreadableDocument(
      `the item FLAGS of ${table} is no flag_state_v1 (/${issue?.path.map(String).join('/')}: ${issue?.message})`,
    );
  },

  put: async (state) => {
    try {
      await dynamo.send(
        new PutCommand({
          TableName: table,
          Item: { ...KEY, ...state },
          ConditionExpression: 'attribute_not_exists(pk) OR #v < :version',
          ExpressionAttributeNames: { '#v': 'version' },
          ExpressionAttributeValues: { ':version': state.version },
        }),
      );
    } catch (error) {
      // A later writer was faster: what it folded holds this change too.
      if (!hasName(error, 'ConditionalCheckFailedException')) throw error;
    }
  },
});
