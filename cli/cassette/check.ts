import type { Command } from 'commander';
import { type Checked, checkStaleness, type Named } from '../../functions/lib/cassette/staleness.ts';
import { EXIT } from '../exit.ts';
import { parseAgent, parseDays, parseLimit, withCommon } from '../options.ts';
import type { CommonOptions, Context, Result, Run } from '../runner.ts';
import { type Column, renderTable } from '../table.ts';
import { clean } from '../text.ts';
import { caseName } from './find.ts';
import { readFolder, SHIPPED } from './folder.ts';
import { inBatches, listRecorded, loadRecorded, nameOf, shortName } from './recorded.ts';
import { keysUsed } from './used.ts';

type Options = CommonOptions & { agent?: string; fixtures?: string | true; maxAge: number; model?: string[]; jobs?: number };
type Row = Checked & { label: string };

const columns = ({ paint }: Context): Column<Row>[] => [
  { head: 'RECORDING', cell: ({ label }) => clean(label) },
  { head: 'STATE', cell: ({ state }) => state, paint: (text, { state }) => (state === 'fresh' ? paint.green(text) : paint.red(text)) },
  { head: 'REASON', cell: ({ reasons }) => clean(reasons.map(({ reason }) => reason).join('; ')), flex: true },
];

type Read = { named: Named[]; used: ReadonlySet<string> | null };

const read = async (context: Context, { agent, fixtures, jobs }: Options): Promise<Read> => {
  if (fixtures !== undefined) {
    const all = await readFolder(fixtures === true ? SHIPPED : fixtures, agent);
    return { named: all.map((fixture) => ({ name: caseName(fixture), cassette: fixture.cassette })), used: null };
  }
  const api = await context.connect();
  const cassettes = await inBatches(await listRecorded(api, agent), (name) => loadRecorded(api, name));
  const named = cassettes.map((cassette) => ({
    name: nameOf({ agent: cassette.match.agent, key: cassette.key, n: cassette.n }),
    cassette,
  }));
  return { named, used: jobs === undefined ? null : await keysUsed(api, jobs) };
};

const docOf = ({ name, cassette, state, reasons }: Row) => ({
  name,
  agent: cassette.match.agent,
  key: cassette.key,
  n: cassette.n,
  state,
  reasons,
});

const NEXT = 're-key fixtures with "holdpoint cassette rekey --fixtures", or record and promote again what no longer fits';

const check = async (context: Context, options: Options): Promise<Result> => {
  const { named, used } = await read(context, options);
  const expectation = { now: new Date(context.world.now()), maxAgeDays: options.maxAge, models: options.model ?? null, used };
  const fixtures = options.fixtures !== undefined;
  const rows = checkStaleness(named, expectation).map((one): Row => {
    const { match, key, n } = one.cassette;
    return { ...one, label: fixtures ? one.name : shortName({ agent: match.agent, key, n }) };
  });
  if (rows.length === 0) context.say('nothing is recorded');
  else for (const line of renderTable(columns(context), rows, context.width, context.paint.dim)) context.say(line);
  const stale = rows.filter(({ state }) => state !== 'fresh');
  const doc = { checked: rows.length, fresh: rows.length - stale.length, cassettes: rows.map(docOf) };
  if (stale.length === 0) return { doc };
  return {
    doc,
    exit: EXIT.bad,
    reason: `${stale.length} of ${rows.length} recordings are not fresh (${stale[0]?.label}: ${stale[0]?.state})`,
    next: NEXT,
  };
};

const collect = (value: string, before: string[] = []): string[] => [...before, value];

export const addCheck = (parent: Command, run: Run): void => {
  withCommon(
    parent
      .command('check')
      .description('say which recorded answers are stale: of the environment, or the fixtures')
      .option('--agent <AGENT>', 'of one agent only', parseAgent)
      .option('--fixtures [DIR]', 'fixtures instead (default folder: that of this repository)')
      .option('--max-age <DAYS>', 'days until an answer of a model expires', parseDays, 90)
      .option('--model <MODEL>', 'model that answers today, may be repeated (default: that of the latest recording)', collect)
      .option('--jobs <N>', 'look whether the last N jobs asked for each recording of the environment', parseLimit),
  )
    .addHelpText(
      'after',
      `
States: fresh, version_mismatch (agent, prompt, schema or key), redactor_outdated, model_drift, expired, unused.
Hand-written answers neither expire nor drift. Exit code 1 when any is not fresh.`,
    )
    .action((options: Options) => run(options, (context) => check(context, options)));
};
