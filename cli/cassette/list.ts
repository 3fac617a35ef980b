import type { Command } from 'commander';
import type { Cassette } from '../../contracts/llm.ts';
import { parseAgent, parseLimit, withCommon } from '../options.ts';
import type { CommonOptions, Context, Result, Run } from '../runner.ts';
import { type Column, renderTable } from '../table.ts';
import { clean } from '../text.ts';
import { caseName } from './find.ts';
import { readFolder, SHIPPED } from './folder.ts';
import { inBatches, listRecorded, loadRecorded } from './recorded.ts';

type Options = CommonOptions & { agent?: string; fixtures?: string | true; limit: number };
type Row = { case: string | null; cassette: Cassette };

const columns = ({ paint }: Context, fixtures: boolean): Column<Row>[] => [
  ...(fixtures
    ? [{ head: 'CASE', cell: (row: Row) => row.case ?? '' }]
    : [{ head: 'AGENT', cell: ({ cassette }: Row) => cassette.match.agent }]),
  { head: 'KEY', cell: ({ cassette }) => cassette.key.slice(0, 12) },
  { head: 'N', cell: ({ cassette }) => String(cassette.n), right: true, drop: 2 },
  { head: 'PROMPT', cell: ({ cassette }) => clean(cassette.match.prompt_version), drop: 2 },
  { head: 'SCHEMA', cell: ({ cassette }) => clean(cassette.match.output_schema_version), drop: 3 },
  { head: 'RECORDED', cell: ({ cassette }) => cassette.recorded_at, drop: 1, paint: paint.dim },
  { head: 'ANSWERED BY', cell: ({ cassette }) => clean(`${cassette.answer.provider}/${cassette.answer.model}`), flex: true },
];

const docOf = ({ case: name, cassette }: Row) => ({
  ...(name === null ? {} : { case: name }),
  ...{ agent: cassette.match.agent, key: cassette.key, n: cassette.n, model_alias: cassette.match.model_alias },
  ...{ prompt_version: cassette.match.prompt_version, output_schema_version: cassette.match.output_schema_version },
  ...{ provider: cassette.answer.provider, model: cassette.answer.model },
  ...{ recorded_at: cassette.recorded_at, redactor_version: cassette.redactor_version },
});

const rowsOf = async (context: Context, { agent, fixtures, limit }: Options): Promise<{ rows: Row[]; total: number }> => {
  if (fixtures !== undefined) {
    const all = await readFolder(fixtures === true ? SHIPPED : fixtures, agent);
    return { rows: all.slice(0, limit).map((fixture) => ({ case: caseName(fixture), cassette: fixture.cassette })), total: all.length };
  }
  const api = await context.connect();
  const names = await listRecorded(api, agent);
  const loaded = await inBatches(names.slice(0, limit), (name) => loadRecorded(api, name));
  return { rows: loaded.map((cassette) => ({ case: null, cassette })), total: names.length };
};

const list = async (context: Context, options: Options): Promise<Result> => {
  const { rows, total } = await rowsOf(context, options);
  if (rows.length === 0) context.say('nothing is recorded; a job in mode record makes recordings');
  else
    for (const line of renderTable(columns(context, options.fixtures !== undefined), rows, context.width, context.paint.dim))
      context.say(line);
  if (total > rows.length && !context.json) context.note(`${total - rows.length} more; show them with --limit or --agent`);
  return { doc: { cassettes: rows.map(docOf), total } };
};

export const addList = (parent: Command, run: Run): void => {
  withCommon(
    parent
      .command('list')
      .description('list recorded answers of the environment, or the fixtures of the repository')
      .option('--agent <AGENT>', 'of one agent only', parseAgent)
      .option('--fixtures [DIR]', 'fixtures instead (default folder: that of this repository)')
      .option('--limit <N>', 'at most this many', parseLimit, 50),
  ).action((options: Options) => run(options, (context) => list(context, options)));
};
