import type { Command } from 'commander';
import { rekeyFixture } from '../../functions/lib/cassette/rekey.ts';
import { parseAgent, withCommon } from '../options.ts';
import type { CommonOptions, Context, Result, Run } from '../runner.ts';
import { clean } from '../text.ts';
import { caseName } from './find.ts';
import { readFolder, SHIPPED, updateFixture } from './folder.ts';
import { countsInWords } from './lines.ts';

type Options = CommonOptions & { agent?: string; fixtures: string | true; write?: true };

const rekeyAll = async (context: Context, { agent, fixtures, write }: Options): Promise<Result> => {
  const folder = fixtures === true ? SHIPPED : fixtures;
  const { say, paint } = context;
  const all = (await readFolder(folder, agent)).map((fixture) => rekeyFixture(fixture));
  const changed = all.filter((one) => one.changed);
  for (const { fixture, from, redactions } of changed) {
    const key = fixture.cassette.key;
    const keys = from === key ? `${key.slice(0, 12)} (the same key)` : `${from.slice(0, 12)} → ${key.slice(0, 12)}`;
    say(`${paint.bold(clean(caseName(fixture)))}  ${keys}, redaction removed ${countsInWords(redactions)}`);
    if (write) await updateFixture(folder, fixture);
  }
  const done = write ? 're-keyed' : 'to be re-keyed';
  say(`${changed.length} of ${all.length} fixtures ${done}${write || changed.length === 0 ? '' : '; write them with --write'}`);
  const fixturesDoc = changed.map(({ fixture, from, redactions }) => ({
    case: caseName(fixture),
    from,
    to: fixture.cassette.key,
    redactions,
  }));
  return { doc: { checked: all.length, written: write === true, changed: fixturesDoc } };
};

export const addRekey = (parent: Command, run: Run): void => {
  withCommon(
    parent
      .command('rekey')
      .description('redact fixtures again and file them under the key that they have now; offline')
      .requiredOption('--fixtures [DIR]', 'the fixtures (default folder: that of this repository); what a bucket holds is never changed')
      .option('--agent <AGENT>', 'of one agent only', parseAgent)
      .option('--write', 'write them; the old key is kept as an alias in notes.json'),
  ).action((options: Options) => run(options, (context) => rekeyAll(context, options)));
};
