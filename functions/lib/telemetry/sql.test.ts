import { DatabaseSync } from 'node:sqlite';
import { HiveSQL, TrinoSQL } from 'dt-sql-parser';
import { describe, expect, it } from 'vitest';
import { TELEMETRY_TABLES, type TelemetryRows, type TelemetryTable } from '../../../contracts/telemetry.ts';
import { athenaTable, columnsOf, sqliteInsert, sqliteTable, sqliteValues } from './columns.ts';
import { NAMED_QUERIES } from './queries.ts';
import { telemetryRows } from './rows.ts';
import { selectProblem, statementOf } from './select.ts';
import { mixedJob } from './telemetry.fixture.ts';

const TABLES = Object.keys(TELEMETRY_TABLES) as TelemetryTable[];
const trino = new TrinoSQL();
const hive = new HiveSQL();

const filled = (sets: readonly TelemetryRows[]): DatabaseSync => {
  const db = new DatabaseSync(':memory:');
  for (const table of TABLES) {
    db.exec(sqliteTable(table));
    const insert = db.prepare(sqliteInsert(table));
    for (const set of sets) for (const row of set[table]) insert.run(...sqliteValues(table, row, '2026-01-05'));
  }
  return db;
};

const SETS = Array.from({ length: 40 }, (_, i) => telemetryRows(mixedJob(`sql ${i}`).events, new Map())).flat();
const db = filled(SETS);
const ask = (sql: string) =>
  db
    .prepare(sql)
    .all()
    .map((row) => ({ ...row }));
const named = (name: string) => ask(NAMED_QUERIES[name]?.sql ?? '');

describe('SQL of telemetry', () => {
  it.each(Object.keys(NAMED_QUERIES))('%s is text that Athena parses and that SQLite answers', (name) => {
    const { sql = '' } = NAMED_QUERIES[name] ?? {};
    expect(trino.validate(sql)).toEqual([]);
    expect(selectProblem(sql)).toBeNull();
    expect(() => ask(sql)).not.toThrow();
  });

  it('the parser finds what Athena would not take', () => {
    expect(trino.validate('SELECT FROM WHERE')).not.toEqual([]);
    expect(hive.validate('CREATE EXTERNAL TABLE t (`a` strin')).not.toEqual([]);
  });

  it.each(TABLES)('the declaration of %s is one that Athena parses, with a column for each member', (table) => {
    const ddl = athenaTable(table, `s3://holdpoint-dev-telemetry/${table}/`);
    expect(hive.validate(ddl)).toEqual([]);
    expect(columnsOf(table).map(({ name }) => name)).toEqual(Object.keys(TELEMETRY_TABLES[table].shape));
  });

  it('tokens per run are those of the rows', () => {
    const rows = SETS.flatMap((set) => set.llm_usage_events);
    const byRun = named('total-tokens-per-run');
    expect(byRun).toHaveLength(new Set(rows.map(({ run_id }) => run_id)).size);
    expect(byRun.reduce((sum, row) => sum + Number(row['total_tokens']), 0)).toBe(rows.reduce((sum, row) => sum + row.total_tokens, 0));
  });

  it('the effectiveness of hardening counts skipped calls against calls of the doctor', () => {
    const skipped = SETS.flatMap((set) => set.phase6_metrics).filter((row) => row.doctor_call_skipped).length;
    expect(named('failure-hardening-effectiveness')).toMatchObject([{ doctor_calls_skipped: skipped, doctor_calls: 0, avoidance_rate: 1 }]);
  });

  it('a share of nothing is null, not an error', () => {
    const empty = filled([]);
    expect({ ...empty.prepare(NAMED_QUERIES['failure-hardening-effectiveness']?.sql ?? '').get() }).toMatchObject({ avoidance_rate: null });
  });
});

describe('a question', () => {
  it.each([
    'SELECT 1',
    '  select * from phase6_metrics ; ',
    "WITH a AS (SELECT 'drop table x; --' AS t) SELECT * FROM a -- delete",
    'SELECT "update" FROM llm_usage_events /* insert */',
  ])('may be %j', (sql) => {
    expect(selectProblem(sql)).toBeNull();
  });

  it.each([
    ['', 'no SQL was given'],
    ['DELETE FROM phase6_metrics', 'begins with "delete"'],
    ['SELECT 1; DROP TABLE phase6_metrics', 'one statement'],
    ['SELECT 1; SELECT 2', 'one statement'],
    ["SELECT 1 -- '\n; DROP TABLE x", 'one statement'],
    ['WITH x AS (DELETE FROM t) SELECT 1', 'the word "delete"'],
    ['WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT n FROM t', 'the word "recursive"'],
    ["SELECT load_extension('x')", 'the word "load_extension"'],
    ['PRAGMA table_list', 'begins with "pragma"'],
    ['EXPLAIN SELECT 1', 'begins with "explain"'],
  ])('may not be %j', (sql, said) => {
    expect(selectProblem(sql)).toContain(said);
  });

  it('may not be longer than an engine takes', () => {
    expect(selectProblem(`SELECT ${' '.repeat(20_000)}1`)).toContain('at most 20000');
  });

  it('is asked without what ends it', () => {
    expect(statementOf(' SELECT 1 ;; ')).toBe('SELECT 1');
  });
});
