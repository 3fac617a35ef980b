import { type DynamoDBDocumentClient, GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { type Amount, type Budgets, type BudgetUse, NOTHING } from '../../contracts/budget.ts';
import { sha256Hex } from '../../functions/lib/hash.ts';
import { hasName } from './aws-errors.ts';

/** Settlements by others may make room between the refusal and the look at what is in use. */
const TRIES = 3;

const count = z.number().default(0);
const Item = z.object({ calls: count, tokens: count, nano_usd: count, spent_calls: count, spent_tokens: count, spent_nano_usd: count });

const key = (jobId: string) => ({ pk: `JOB#${jobId}`, sk: 'BUDGET' });

/** An open reservation is an attribute of its own, so that opening and closing it is part of the same update. */
const attributeOf = (reservation: string): string => `r_${sha256Hex(reservation).slice(0, 24)}`;

const PARTS = ['calls', 'tokens', 'nano_usd'] as const;

const useOf = (item: Record<string, unknown> | undefined): BudgetUse => {
  const { calls, tokens, nano_usd, spent_calls, spent_tokens, spent_nano_usd } = Item.parse(item ?? {});
  return { committed: { calls, tokens, nano_usd }, spent: { calls: spent_calls, tokens: spent_tokens, nano_usd: spent_nano_usd } };
};

const fits = ({ committed }: BudgetUse, amount: Amount, limits: Amount): boolean =>
  PARTS.every((part) => committed[part] + amount[part] <= limits[part]);

/** Budgets on DynamoDB: one item per job, single-item conditional updates only. */
export const createBudgets = (dynamo: DynamoDBDocumentClient, table: string): Budgets => {
  const read = async (jobId: string) =>
    (await dynamo.send(new GetCommand({ TableName: table, Key: key(jobId), ConsistentRead: true }))).Item;

  const take = async (jobId: string, attribute: string, amount: Amount, limits: Amount): Promise<boolean> => {
    try {
      await dynamo.send(
        new UpdateCommand({
          TableName: table,
          Key: key(jobId),
          UpdateExpression: 'ADD calls :calls, tokens :tokens, nano_usd :nano_usd SET #r = :amount',
          ConditionExpression: `attribute_not_exists(#r) AND ${PARTS.map((part) => `(attribute_not_exists(${part}) OR ${part} <= :room_${part})`).join(' AND ')}`,
          ExpressionAttributeNames: { '#r': attribute },
          ExpressionAttributeValues: {
            ':amount': amount,
            ...Object.fromEntries(PARTS.map((part) => [`:${part}`, amount[part]])),
            ...Object.fromEntries(PARTS.map((part) => [`:room_${part}`, limits[part] - amount[part]])),
          },
        }),
      );
      return true;
    } catch (error) {
      if (hasName(error, 'ConditionalCheckFailedException')) return false;
      throw error;
    }
  };

  return {
    reserve: async (jobId, reservation, amount, limits) => {
      const attribute = attributeOf(reservation);
      let use: BudgetUse = { committed: NOTHING, spent: NOTHING };
      for (let n = 0; n < TRIES; n++) {
        // A missing item has no amounts to compare with, so the first reservation is compared here.
        if (fits({ committed: NOTHING, spent: NOTHING }, amount, limits) && (await take(jobId, attribute, amount, limits)))
          return { granted: true };
        const item = await read(jobId);
        if (item && attribute in item) return { granted: true };
        use = useOf(item);
        if (!fits(use, amount, limits)) break;
      }
      return { granted: false, use };
    },

    settle: async (jobId, reservation, reserved, actual) => {
      try {
        await dynamo.send(
          new UpdateCommand({
            TableName: table,
            Key: key(jobId),
            UpdateExpression: `ADD ${PARTS.map((part) => `${part} :more_${part}, spent_${part} :spent_${part}`).join(', ')} REMOVE #r`,
            ConditionExpression: 'attribute_exists(#r)',
            ExpressionAttributeNames: { '#r': attributeOf(reservation) },
            ExpressionAttributeValues: Object.fromEntries(
              PARTS.flatMap((part) => [
                [`:more_${part}`, actual[part] - reserved[part]],
                [`:spent_${part}`, actual[part]],
              ]),
            ),
          }),
        );
      } catch (error) {
        // Settled before: by this call or by a retry of it.
        if (!hasName(error, 'ConditionalCheckFailedException')) throw error;
      }
    },

    use: async (jobId) => useOf(await read(jobId)),
  };
};
