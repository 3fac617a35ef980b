import type { Command } from 'commander';
import { type Cell, SQL_TIME_MAX_MS, TableName, TelemetryAnswer, TelemetryPage } from '../../contracts/telemetry-query.ts';
import { NAMED_QUERIES } from '../../functions/lib/telemetry/queries.ts';
import { type Api, withQuery } from '../api.ts';
import { usage } from '../exit.ts';
import { type Verb, withCommon } from '../options.ts';
import type { CommonOptions, Context, Run } from '../runner.ts';
import { createTables, type TelemetryFile } from '../sqlite.ts';
import { type Column, renderTable } from '../table.ts';
import { clean } from '../text.ts';

type SqlOptions = CommonOptions & { named?: string };

/** An engine on AWS takes its time to begin. */
const ANSWER_MS = SQL_TIME_MAX_MS + 10_000;
const PAGE_MS = 60_000;

const shown = (cell: Cell | undefined): string => (cell === null || cell === undefined ? '' : clean(String(cell)));

const say = ({ say: line, paint, width, note }: Context, { columns, rows, truncated }: TelemetryAnswer): void => {
  const laid = columns.map(
    (name): Column<TelemetryAnswer['rows'][number]> => ({
      head: clean(name),
      cell: (row) => shown(row[name]),
      right: rows.some((row) => typeof row[name] === 'number'),
    }),
  );
  if (rows.length === 0) line('no rows');
  else for (const text of renderTable(laid, rows, width, paint.dim)) line(text);
  if (truncated) note(`there are more rows than these ${rows.length}: add a WHERE or a LIMIT, or use "holdpoint telemetry export"`);
};

const sqlOf = (sql: string | undefined, { named }: SqlOptions): string => {
  if ((sql === undefined) === (named === undefined))
    throw usage('either SQL or --named NAME is needed', 'see "holdpoint telemetry queries"');
  if (sql !== undefined) return sql;
  const found = Object.hasOwn(NAMED_QUERIES, named ?? '') ? NAMED_QUERIES[named ?? ''] : undefined;
  if (!found) throw usage(`there is no query "${clean(named ?? '')}"`, `the queries are ${Object.keys(NAMED_QUERIES).join(', ')}`);
  return found.sql;
};

const sql = (parent: Command, run: Run): void => {
  withCommon(
    parent
      .command('sql')
      .description('ask the telemetry tables in SQL: one SELECT')
      .argument('[SELECT]', 'for example "SELECT COUNT(*) FROM phase6_metrics"')
      .option('--named <NAME>', 'a question that ships; "telemetry queries" lists them'),
  ).action((text: string | undefined, options: SqlOptions) =>
    run(options, async (context) => {
      const path = withQuery('/telemetry', { sql: sqlOf(text, options) });
      const api = await context.connect();
      const { body } = await api.call('GET', path, TelemetryAnswer, { timeoutMs: ANSWER_MS });
      say(context, body);
      return { doc: body };
    }),
  );
};

const queries = (parent: Command, run: Run): void => {
  withCommon(parent.command('queries').description('list the questions that ship, with their SQL')).action((options: CommonOptions) =>
    run(options, async (context) => {
      for (const [name, { title, sql: text }] of Object.entries(NAMED_QUERIES)) {
        context.say(`${context.paint.bold(name)}  ${title}`);
        for (const line of text.split('\n')) context.say(`  ${line}`);
      }
      return { doc: { queries: Object.entries(NAMED_QUERIES).map(([name, query]) => ({ name, ...query })) } };
    }),
  );
};

/** Takes a table over, a page at a time. Returns how many rows it has. */
const copy = async (api: Api, file: TelemetryFile, table: TelemetryPage['table']): Promise<number> => {
  let count = 0;
  let after: string | undefined;
  for (;;) {
    const { body } = await api.call('GET', withQuery('/telemetry/rows', { table, after }), TelemetryPage, { timeoutMs: PAGE_MS });
    file.add(body.table, body.rows);
    count += body.rows.length;
    if (body.next === null) return count;
    after = body.next;
  }
};

const exported = (parent: Command, run: Run): void => {
  withCommon(
    parent
      .command('export')
      .description('write all rows of the telemetry tables to a SQLite file')
      .requiredOption('--out <FILE>', 'the file; it must not exist yet'),
  ).action((options: CommonOptions & { out: string }) =>
    run(options, async (context) => {
      const api = await context.connect();
      const file = await createTables(options.out);
      const rows: Record<string, number> = {};
      try {
        for (const table of TableName.options) rows[table] = await copy(api, file, table);
        file.finish();
      } catch (error) {
        file.discard();
        throw error;
      }
      for (const [table, count] of Object.entries(rows)) context.say(`${table}: ${count} rows`);
      context.say(`written to ${clean(options.out)}`);
      return { doc: { out: options.out, rows } };
    }),
  );
};

export const telemetry: Verb = (program, run) => {
  const parent = program.command('telemetry').description('what jobs took and saved, as SQL tables');
  sql(parent, run);
  queries(parent, run);
  exported(parent, run);
};
