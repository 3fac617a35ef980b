import { fileURLToPath } from 'node:url';
import { type Verb, withCommon } from '../options.ts';
import type { CommonOptions } from '../runner.ts';

type Options = CommonOptions & { from?: string; to?: string };

// A path, not an import: the command line must work without the local cloud, and starts it as another program.
const REHEARSAL = fileURLToPath(new URL('../../infra/local/rehearse.ts', import.meta.url));

const argsOf = ({ from, to, json }: Options): string[] => [
  '--disable-warning=ExperimentalWarning',
  REHEARSAL,
  ...(from === undefined ? [] : [`--from=${from}`]),
  ...(to === undefined ? [] : [`--to=${to}`]),
  ...(json ? ['--json'] : []),
];

/** Both builds run as programs of their own on a data folder that is thrown away; the report is the rehearsal's. */
export const rehearseUpgrade: Verb = (program, run) => {
  withCommon(
    program
      .command('rehearse-upgrade')
      .description('upgrade under waiting jobs, on this machine: exit 1 when one of them would be stranded')
      .option('--from <BUILD>', 'the old build: a folder or a commit (default: HEAD~)')
      .option('--to <BUILD>', 'the new build: a folder or a commit (default: this tree)'),
  ).action((options: Options) => run(options, async ({ world }) => ({ doc: undefined, exit: await world.become(argsOf(options)) })));
};
