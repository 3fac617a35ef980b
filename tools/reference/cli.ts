import { cli } from '../../cli/testing/world.ts';
import { page } from './markdown.ts';

const COLUMNS = 100;

const helpOf = async (verbs: readonly string[]): Promise<string> => {
  const { stdout, exit } = await cli([...verbs, '--help'], { columns: COLUMNS });
  if (exit !== 0) throw new Error(`holdpoint ${verbs.join(' ')} --help exits ${exit}`);
  return stdout.trimEnd();
};

/** Names under "Commands:" of a help text, in its order; `help` itself is left out. */
const verbsIn = (help: string): string[] => {
  const [list = ''] = (help.split('\nCommands:\n')[1] ?? '').split('\n\n');
  return [...list.matchAll(/^ {2}([a-z][a-z-]*)/gm)].flatMap(([, name]) => (name === undefined || name === 'help' ? [] : [name]));
};

const sections = async (verbs: readonly string[]): Promise<string[]> => {
  const help = await helpOf(verbs);
  const inner = await Promise.all(verbsIn(help).map((verb) => sections([...verbs, verb])));
  const own = verbs.length === 0 ? [] : [`## ${verbs.join(' ')}`];
  return [...own, `\`\`\`text\n${help}\n\`\`\``, ...inner.flat()];
};

/** The help of every verb, as the command line prints it. */
export const cliPage = async (): Promise<string> =>
  page(
    'Command line',
    'the help of each verb',
    'In the repository, run `npm run holdpoint -- VERB …`. Each verb answers on standard output; errors go to standard error as what, which value, what next. `--json` prints one document and nothing else. [Exit codes](codes.md) are the same for all verbs.',
    ...(await sections([])),
  );
