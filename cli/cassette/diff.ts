import type { Command } from 'commander';
import { diffCassettes } from '../../functions/lib/cassette/differences.ts';
import { withCommon } from '../options.ts';
import type { CommonOptions, Context, Result, Run } from '../runner.ts';
import { clean } from '../text.ts';
import { findCassette } from './find.ts';
import { SHIPPED } from './folder.ts';
import { sayDifferences } from './lines.ts';

type Options = CommonOptions & { fixtures?: string };

const diff = async (context: Context, names: readonly [string, string], { fixtures = SHIPPED }: Options): Promise<Result> => {
  const [a, b] = [await findCassette(context, fixtures, names[0]), await findCassette(context, fixtures, names[1])];
  const differences = diffCassettes(a.cassette, b.cassette);
  const places = differences.length === 1 ? 'one place' : `${differences.length} places`;
  context.say(`${clean(a.name)} and ${clean(b.name)} ${differences.length === 0 ? 'are the same' : `differ in ${places}`}`);
  sayDifferences(context, differences);
  return { doc: { a: a.name, b: b.name, same: differences.length === 0, differences } };
};

export const addDiff = (parent: Command, run: Run): void => {
  withCommon(
    parent
      .command('diff')
      .description('compare two recorded answers by JSON pointer')
      .argument('<A>', 'key, or agent/case of a fixture')
      .argument('<B>', 'the same')
      .option('--fixtures <DIR>', 'folder of the fixtures (default: that of this repository)'),
  ).action((a: string, b: string, options: Options) => run(options, (context) => diff(context, [a, b], options)));
};
