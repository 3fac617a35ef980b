import { DeleteCommand, type DynamoDBDocumentClient, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { JobContext } from '../../contracts/context.ts';
import type { TaskToken, TaskTokens } from '../../contracts/ports.ts';
import { sha256Hex } from '../../functions/lib/hash.ts';

const key = ({ job_id, step, visit, token }: TaskToken) => ({
  pk: `JOB#${job_id}`,
  sk: `TOKEN#${step}#${String(visit).padStart(6, '0')}#${sha256Hex(token).slice(0, 32)}`,
});

/** Open waits on DynamoDB: every token its own item, so that a late one never overwrites another. */
export const createTaskTokens = (dynamo: DynamoDBDocumentClient, table: string): TaskTokens => ({
  put: async (token) => {
    await dynamo.send(new PutCommand({ TableName: table, Item: { ...token, ...key(token) } }));
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
    return Items.map(({ state, step, visit, run_id, token, context }) => ({
      job_id: jobId,
      state: String(state),
      step: String(step),
      visit: Number(visit),
      run_id: String(run_id),
      token: String(token),
      context: JobContext.parse(context),
    }));
  },

  close: async (token) => {
    await dynamo.send(new DeleteCommand({ TableName: table, Key: key(token) }));
  },
});
