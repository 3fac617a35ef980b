import {
  AthenaClient,
  GetQueryExecutionCommand,
  GetQueryResultsCommand,
  InvalidRequestException,
  StartQueryExecutionCommand,
  StopQueryExecutionCommand,
} from '@aws-sdk/client-athena';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTelemetryQueries } from './athena.ts';

const athena = mockClient(AthenaClient);
const queries = createTelemetryQueries(new AthenaClient({ region: 'us-east-1' }), { workgroup: 'w', database: 'd' });

const COLUMNS = [
  { Name: 'run_id', Type: 'varchar' },
  { Name: 'tokens', Type: 'bigint' },
  { Name: 'cost', Type: 'double' },
  { Name: 'doctor', Type: 'boolean' },
  { Name: 'nobody', Type: 'varchar' },
];
const row = (...cells: (string | undefined)[]) => ({ Data: cells.map((cell) => (cell === undefined ? {} : { VarCharValue: cell })) });
const HEAD = row(...COLUMNS.map(({ Name }) => Name));
const results = (Rows: object[], NextToken?: string) => ({
  ResultSet: { Rows, ResultSetMetadata: { ColumnInfo: COLUMNS } },
  ...(NextToken ? { NextToken } : {}),
});

beforeEach(() => {
  athena.reset();
  athena.on(StartQueryExecutionCommand).resolves({ QueryExecutionId: 'q1' });
  athena.on(GetQueryExecutionCommand).resolves({ QueryExecution: { Status: { State: 'SUCCEEDED' } } });
});
afterEach(() => void vi.useRealTimers());

describe('a question to Athena', () => {
  it('is asked in the workgroup and the database, without what ends it, and answered in values of its columns', async () => {
    athena.on(GetQueryResultsCommand).resolves(results([HEAD, row('r1', '12', '0.5', 'true', undefined)]));
    expect(await queries.query('SELECT 1;')).toEqual({
      columns: ['run_id', 'tokens', 'cost', 'doctor', 'nobody'],
      rows: [{ run_id: 'r1', tokens: 12, cost: 0.5, doctor: true, nobody: null }],
      truncated: false,
    });
    expect(athena.commandCalls(StartQueryExecutionCommand)[0]?.args[0].input).toEqual({
      ...{ QueryString: 'SELECT 1', WorkGroup: 'w', QueryExecutionContext: { Database: 'd' } },
    });
  });

  it('is given 1,000 rows of its answer at most, and told that there are more', async () => {
    const many = Array.from({ length: 999 }, (_, i) => row(`r${i}`, '1', '1', 'false', 'x'));
    athena.on(GetQueryResultsCommand).resolves(results(many, 'more'));
    athena.on(GetQueryResultsCommand, { QueryExecutionId: 'q1', MaxResults: 1000 }).resolves(results([HEAD, ...many], 'more'));
    const { rows, truncated } = await queries.query('SELECT 1');
    expect([rows.length, truncated]).toEqual([1000, true]);
    expect(athena.commandCalls(GetQueryResultsCommand).length).toBeLessThanOrEqual(3);
  });

  it('that writes never leaves this process', async () => {
    await expect(queries.query('DROP TABLE phase6_metrics')).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    expect(athena.calls()).toHaveLength(0);
  });

  it('that fails is refused with the words of the engine, at its start or later', async () => {
    athena.on(GetQueryExecutionCommand).resolves({
      QueryExecution: { Status: { State: 'FAILED', StateChangeReason: "COLUMN_NOT_FOUND: line 1:8:\n Column 'x' cannot be resolved" } },
    });
    await expect(queries.query('SELECT x')).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining("Column 'x'"),
    });
    athena.on(StartQueryExecutionCommand).rejects(new InvalidRequestException({ message: 'line 1:9: mismatched input', $metadata: {} }));
    await expect(queries.query('SELECT SELECT')).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('line 1:9'),
    });
  });

  it('that takes too long is stopped', async () => {
    vi.useFakeTimers();
    athena.on(GetQueryExecutionCommand).resolves({ QueryExecution: { Status: { State: 'RUNNING' } } });
    athena.on(StopQueryExecutionCommand).resolves({});
    const asked = expect(queries.query('SELECT 1')).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('20 s'),
    });
    await vi.advanceTimersByTimeAsync(30_000);
    await asked;
    expect(athena.commandCalls(StopQueryExecutionCommand)).toHaveLength(1);
  });
});
