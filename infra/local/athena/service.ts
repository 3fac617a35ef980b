import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import type { AwsRequest, AwsResponse, Handle } from '../wire.ts';
import type { Store } from './store.ts';

const ASK = fileURLToPath(new URL('ask.ts', import.meta.url));
/** Questions whose answers are kept; on AWS they are objects. */
const KEPT = 100;

const Answer = z.union([
  z.object({ columns: z.array(z.object({ name: z.string(), type: z.string() })), rows: z.array(z.array(z.string().nullable())) }),
  z.object({ error: z.string() }),
]);
type Answer = z.infer<typeof Answer>;

export type Athena = { handle: Handle; close(): void };

type Query = { answer: Answer | null; cancelled: boolean; stop: () => void };

const Body = z.object({
  QueryString: z.string().default(''),
  WorkGroup: z.string().default('primary'),
  QueryExecutionId: z.string().default(''),
  NextToken: z.string().default('0'),
  MaxResults: z.int().min(1).max(1000).default(1000),
});
type Body = z.infer<typeof Body>;

const answered = (status: number, body: object): AwsResponse => ({
  status,
  headers: { 'content-type': 'application/x-amz-json-1.1' },
  body: JSON.stringify(body),
});
const refused = (message: string): AwsResponse => answered(400, { __type: 'InvalidRequestException', Message: message });

const stateOf = ({ answer, cancelled }: Query): { State: string; StateChangeReason?: string } => {
  if (cancelled) return { State: 'CANCELLED', StateChangeReason: 'Query was cancelled by user' };
  if (!answer) return { State: 'RUNNING' };
  return 'error' in answer ? { State: 'FAILED', StateChangeReason: answer.error } : { State: 'SUCCEEDED' };
};

const pageOf = (answer: Exclude<Answer, { error: string }>, { NextToken, MaxResults }: Body): object => {
  const rows = [answer.columns.map(({ name }) => name), ...answer.rows];
  const from = Number(NextToken);
  const next = from + MaxResults;
  return {
    ResultSet: {
      Rows: rows.slice(from, next).map((row) => ({ Data: row.map((cell) => (cell === null ? {} : { VarCharValue: cell })) })),
      ResultSetMetadata: { ColumnInfo: answer.columns.map(({ name, type }) => ({ Name: name, Type: type })) },
    },
    ...(next < rows.length ? { NextToken: String(next) } : {}),
  };
};

/**
 * The part of Athena that asks questions, over a SQLite file: awsJson1_1, the workgroups it is given, and nothing that
 * writes (https://docs.aws.amazon.com/athena/latest/APIReference/Welcome.html).
 */
export const createAthena = ({ file, store, workgroup }: { file: string; store: Store; workgroup: string }): Athena => {
  const queries = new Map<string, Query>();

  const run = async (sql: string, query: Query): Promise<Answer> => {
    await store.load();
    const child = spawn(process.execPath, [ASK, file], { stdio: ['pipe', 'pipe', 'ignore'] });
    query.stop = () => void child.kill('SIGKILL');
    if (query.cancelled) query.stop();
    child.stdin.on('error', () => undefined);
    child.stdin.end(sql);
    const said = await text(child.stdout);
    return Answer.parse(JSON.parse(said));
  };

  const start = ({ QueryString, WorkGroup }: Body): AwsResponse => {
    if (WorkGroup !== workgroup) return refused(`WorkGroup ${WorkGroup} is not found.`);
    const id = randomUUID();
    const query: Query = { answer: null, cancelled: false, stop: () => undefined };
    queries.set(id, query);
    for (const old of [...queries.keys()].slice(0, Math.max(0, queries.size - KEPT))) queries.delete(old);
    run(QueryString, query).then(
      (answer) => void (query.answer = answer),
      (error: unknown) => void (query.answer = { error: String(error) }),
    );
    return answered(200, { QueryExecutionId: id });
  };

  const known = (body: Body, use: (query: Query) => AwsResponse): AwsResponse => {
    const query = queries.get(body.QueryExecutionId);
    return query ? use(query) : refused(`QueryExecution ${body.QueryExecutionId} was not found`);
  };

  const ACTIONS: Readonly<Record<string, (body: Body) => AwsResponse>> = {
    StartQueryExecution: start,
    GetQueryExecution: (body) =>
      known(body, (query) => answered(200, { QueryExecution: { QueryExecutionId: body.QueryExecutionId, Status: stateOf(query) } })),
    GetQueryResults: (body) =>
      known(body, ({ answer }) =>
        answer && !('error' in answer) ? answered(200, pageOf(answer, body)) : refused('Query has not yet finished or has failed.'),
      ),
    StopQueryExecution: (body) =>
      known(body, (query) => {
        query.cancelled = true;
        query.stop();
        return answered(200, {});
      }),
  };

  const handle = async ({ headers, body }: AwsRequest): Promise<AwsResponse> => {
    const action = headers['x-amz-target']?.split('.')[1] ?? '';
    const run = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
    if (!run)
      return answered(501, { __type: 'NotImplemented', Message: `the local Athena does not implement ${action || 'this request'}` });
    const parsed = Body.safeParse(JSON.parse(body.toString('utf8') || '{}'));
    return parsed.success ? run(parsed.data) : refused(z.prettifyError(parsed.error));
  };
  return { handle, close: () => [...queries.values()].forEach(({ stop }) => stop()) };
};
