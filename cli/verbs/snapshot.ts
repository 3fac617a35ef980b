import type { Command } from 'commander';
import { SNAPSHOT_MAX_BYTES } from '../../contracts/snapshot.ts';
import { withQuery } from '../api.ts';
import { readInput } from '../files.ts';
import { parseSnapshotId, parseSource, parseSymbol, type Verb, withCommon } from '../options.ts';
import type { CommonOptions, Context, Run } from '../runner.ts';
import { type Column, renderTable } from '../table.ts';
import { clean } from '../text.ts';
import { Snapshots, SnapshotView } from '../views.ts';

type PutOptions = CommonOptions & { id: string; symbol?: string; source?: string };

/** Files of many megabytes take their time over a slow line. */
const UPLOAD_MS = 300_000;

const columns = ({ paint }: Context): Column<SnapshotView>[] => [
  { head: 'SNAPSHOT', cell: ({ snapshot_id }) => clean(snapshot_id) },
  { head: 'ROWS', cell: ({ rows }) => String(rows), right: true },
  { head: 'FIRST', cell: ({ first }) => clean(first), drop: 2 },
  { head: 'LAST', cell: ({ last }) => clean(last), drop: 2 },
  { head: 'SHA256', cell: ({ sha256 }) => sha256.slice(0, 12), drop: 3, paint: paint.dim },
  { head: 'SYMBOLS', cell: ({ symbols }) => symbols.map(clean).join(' ') },
  { head: 'SOURCE', cell: ({ source }) => clean(source ?? ''), flex: true, paint: paint.dim },
];

const list = (parent: Command, run: Run): void => {
  withCommon(parent.command('list').description('list what was ingested')).action((options: CommonOptions) =>
    run(options, async (context) => {
      const api = await context.connect();
      const { body } = await api.call('GET', '/snapshots', Snapshots);
      if (body.snapshots.length === 0) context.say('no snapshots yet; ingest one with "holdpoint snapshot put FILE --id ID"');
      else for (const line of renderTable(columns(context), body.snapshots, context.width, context.paint.dim)) context.say(line);
      return { doc: body };
    }),
  );
};

const put = (parent: Command, run: Run): void => {
  withCommon(
    parent
      .command('put')
      .description('ingest daily bars (CSV) as an immutable snapshot')
      .argument('<FILE>', 'CSV file, or "-" for standard input')
      .requiredOption('--id <ID>', 'name jobs refer to it by', parseSnapshotId)
      .option('--symbol <SYMBOL>', 'symbol of the bars, where the file has no such column', parseSymbol)
      .option('--source <TEXT>', 'where the bars come from', parseSource),
  ).action((file: string, options: PutOptions) =>
    run(options, async (context) => {
      const body = await readInput(context.world, file, SNAPSHOT_MAX_BYTES);
      const { symbol, source } = options;
      const api = await context.connect();
      const path = withQuery(`/snapshots/${options.id}`, { symbol, source });
      const { body: snapshot } = await api.call('PUT', path, SnapshotView, { body, contentType: 'text/csv', timeoutMs: UPLOAD_MS });
      const { snapshot_id, rows, first, last, sha256 } = snapshot;
      context.say(`snapshot ${clean(snapshot_id)} holds ${rows} rows from ${clean(first)} to ${clean(last)}`);
      context.say(`${context.paint.dim('sha256')} ${sha256}`);
      return { doc: snapshot };
    }),
  );
};

export const snapshot: Verb = (program, run) => {
  const parent = program.command('snapshot').description('market data that jobs pin');
  list(parent, run);
  put(parent, run);
};
