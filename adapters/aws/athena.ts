import { setTimeout as pause } from 'node:timers/promises';
import {
  type AthenaClient,
  GetQueryExecutionCommand,
  GetQueryResultsCommand,
  type GetQueryResultsCommandOutput,
  StartQueryExecutionCommand,
  StopQueryExecutionCommand,
} from '@aws-sdk/client-athena';
import { Refusal } from '../../contracts/commands.ts';
import { type Cell, SQL_ROWS_MAX, SQL_TIME_MAX_MS, type TelemetryAnswer, type TelemetryQueries } from '../../contracts/telemetry-query.ts';
import { selectProblem, statementOf } from '../../functions/lib/telemetry/select.ts';
import { hasName } from './aws-errors.ts';

type Where = { workgroup: string; database: string };

const FIRST_LOOK_MS = 50;
const LATEST_LOOK_MS = 1_000;
/** Most rows that Athena gives at once. */
const PAGE = 1_000;

const NUMBERS = ['tinyint', 'smallint', 'integer', 'bigint', 'double', 'float', 'real', 'decimal'];

const cellOf = (type: string, text: string | undefined): Cell => {
  if (text === undefined) return null;
  if (NUMBERS.includes(type)) return Number(text);
  return type === 'boolean' ? text === 'true' : text;
};

/** Engine words, one line: they name the column or the place. */
const refusal = (reason: string): Refusal =>
  new Refusal('INVALID_INPUT', `the question was refused: ${reason.replaceAll(/\s+/g, ' ').slice(0, 600)}`);

const tooSlow = (): Refusal =>
  new Refusal(
    'INVALID_INPUT',
    `the question took longer than ${SQL_TIME_MAX_MS / 1000} s and was stopped; ask for fewer days (WHERE dt >= '…') or fewer columns`,
  );

const start = async (athena: AthenaClient, sql: string, { workgroup: WorkGroup, database: Database }: Where): Promise<string> => {
  try {
    const { QueryExecutionId } = await athena.send(
      new StartQueryExecutionCommand({ QueryString: sql, WorkGroup, QueryExecutionContext: { Database } }),
    );
    return QueryExecutionId ?? '';
  } catch (error) {
    if (error instanceof Error && hasName(error, 'InvalidRequestException')) throw refusal(error.message);
    throw error;
  }
};

/** Waits for the answer, looking rarely where it takes long. */
const finished = async (athena: AthenaClient, QueryExecutionId: string): Promise<void> => {
  const deadline = performance.now() + SQL_TIME_MAX_MS;
  for (let wait = FIRST_LOOK_MS; ; wait = Math.min(wait * 1.5, LATEST_LOOK_MS)) {
    const { QueryExecution } = await athena.send(new GetQueryExecutionCommand({ QueryExecutionId }));
    const { State, StateChangeReason: reason } = QueryExecution?.Status ?? {};
    if (State === 'SUCCEEDED') return;
    if (State === 'FAILED' || State === 'CANCELLED') throw refusal(reason ?? State);
    if (performance.now() > deadline) {
      await athena.send(new StopQueryExecutionCommand({ QueryExecutionId }));
      throw tooSlow();
    }
    await pause(wait);
  }
};

const results = async (athena: AthenaClient, QueryExecutionId: string): Promise<TelemetryAnswer> => {
  let columns: { name: string; type: string }[] = [];
  const rows: Record<string, Cell>[] = [];
  let NextToken: string | undefined;
  do {
    const page: GetQueryResultsCommandOutput = await athena.send(
      new GetQueryResultsCommand({ QueryExecutionId, MaxResults: PAGE, ...(NextToken ? { NextToken } : {}) }),
    );
    const { Rows = [], ResultSetMetadata } = page.ResultSet ?? {};
    if (!NextToken) columns = (ResultSetMetadata?.ColumnInfo ?? []).map(({ Name = '', Type = '' }) => ({ name: Name, type: Type }));
    // The first row of the first page holds the names.
    for (const { Data = [] } of NextToken ? Rows : Rows.slice(1))
      rows.push(Object.fromEntries(columns.map(({ name, type }, i) => [name, cellOf(type, Data[i]?.VarCharValue)])));
    NextToken = page.NextToken;
  } while (NextToken && rows.length <= SQL_ROWS_MAX);
  return { columns: columns.map(({ name }) => name), rows: rows.slice(0, SQL_ROWS_MAX), truncated: rows.length > SQL_ROWS_MAX };
};

/** Questions about the telemetry, asked of Athena (https://docs.aws.amazon.com/athena/latest/APIReference/API_GetQueryResults.html). */
export const createTelemetryQueries = (athena: AthenaClient, where: Where): TelemetryQueries => ({
  query: async (sql) => {
    const problem = selectProblem(sql);
    if (problem !== null) throw new Refusal('INVALID_INPUT', problem);
    const id = await start(athena, statementOf(sql), where);
    await finished(athena, id);
    return results(athena, id);
  },
});
