import { DeleteCommand, type DynamoDBDocumentClient, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { JobContext } from '../../contracts/context.ts';
import type { TaskToken, TaskTokens } from '../../contracts/ports.ts';
import { sha256Hex } from '../../functions/lib/hash.ts';

const key = ({ job_id, step, visit, token }: TaskToken) => ({
  pk: `JOB#${job_id}`,
  sk: `TOKEN#${step}#${String(visit).padStart(6, '0')}#${sha256Hex(token).slice(0, 32)}`,
});

const LeadsTo = z.object({ next: z.string(), revise: z.string().nullable() }).optional();

/** Open waits on DynamoDB: every token its own item, so that a late one never overwrites another. */
export const createTaskTokens = (dynamo: DynamoDBDocumentClient, table: string): TaskTokens => ({
  put: async (token) => {
    // Job, run and state are in the context: said twice they would make most items a write unit dearer.
    const { job_id: _, run_id: __, state: ___, ...kept } = token;
    await dynamo.send(new PutCommand({ TableName: table, Item: { ...kept, ...key(token) } }));
  },

  list: async (jobId) => {
    const { Items = [] } = await dynamo.send(
      new QueryCommand({
        TableName: table,
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :token)',
        ExpressionAttributeValues: { ':pk': `JOB#${jobId}`, ':token': 'TOKEN#' },
        ConsistentRead: true,
      }),
    );
    return Items.map(({ step, visit, token, context: stored, leads_to }) => {
      const context = JobContext.parse(stored);
      return {
        ...{ job_id: jobId, run_id: context.run_id, state: context.state, step: String(step), visit: Number(visit), token: String(token) },
        ...{ context, leads_to: LeadsTo.parse(leads_to) },
      };
    });
  },

  close: async (token) => {
    await dynamo.send(new DeleteCommand({ TableName: table, Key: key(token) }));
  },
});
