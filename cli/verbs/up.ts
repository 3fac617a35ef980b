import { fileURLToPath } from 'node:url';
import { DEFAULT_DATA, readEndpoints } from '../endpoint.ts';
import { CliError, EXIT, usage } from '../exit.ts';
import { parsePort, type Verb, withCommon } from '../options.ts';
import type { CommonOptions, Context, Result } from '../runner.ts';
import { safeJson } from '../text.ts';

type Options = CommonOptions & { port: number; awsPort: number; demo?: true; simulateLlm?: true; enforceIam?: true; signIn?: true };

// A path, not an import: the command line must work without the local cloud, and starts it as another program.
const LOCAL_CLOUD = fileURLToPath(new URL('../../infra/local/main.ts', import.meta.url));

/** A job leaves much behind that is soon forgotten: with room for it, in MB, the collector runs once a job and not seven times. */
export const MEMORY = ['--min-semi-space-size=64', '--max-semi-space-size=128'];

const argsOf = (options: Options): string[] => [
  '--disable-warning=ExperimentalWarning',
  ...MEMORY,
  LOCAL_CLOUD,
  ...['--port', String(options.port), '--aws-port', String(options.awsPort), '--data', options.data ?? DEFAULT_DATA],
  ...(options.demo ? ['--demo'] : []),
  ...(options.simulateLlm ? ['--simulate-llm'] : []),
  ...(options.enforceIam ? ['--enforce-iam'] : []),
  ...(options.signIn ? ['--sign-in'] : []),
];

/** It has said itself why it stopped: only its exit code is passed on. */
const stopped = (exit: number): Result => ({ doc: undefined, exit });

/** With `--json` the addresses are the document; what the local cloud says goes to standard error. */
const startForScripts = async (context: Context, options: Options): Promise<Result> => {
  const { world } = context;
  const told: Promise<void>[] = [];
  const exit = await world.run(argsOf(options), (line) => {
    world.stderr.write(`${line}\n`);
    if (!line.startsWith('ready ') || told.length > 0) return;
    const telling = readEndpoints(context.data).then((found) => world.stdout.write(`${safeJson(found)}\n`));
    // A failure is thrown below, once the local cloud has ended.
    telling.catch(() => {});
    told.push(telling);
  });
  const [ready] = told;
  if (ready === undefined) {
    throw new CliError('UNREACHABLE', EXIT.unavailable, `the local cloud did not start (exit code ${exit})`, {
      next: 'its own words above say why',
    });
  }
  await ready;
  return stopped(exit);
};

const start = async (context: Context, options: Options): Promise<Result> => {
  if (options.endpoint !== undefined) throw usage(`up starts a server of its own; --endpoint ${options.endpoint} has no meaning here`);
  if (options.port !== 0 && options.port === options.awsPort)
    throw usage(`--port and --aws-port are both ${options.port}`, 'give them different ports');
  return context.json ? startForScripts(context, options) : stopped(await context.world.become(argsOf(options)));
};

export const up: Verb = (program, run) => {
  withCommon(
    program
      .command('up')
      .description('start the local cloud and the web pages; CTRL-C stops them')
      .option('--port <PORT>', 'port of the pages and the API; 0 picks a free one', parsePort, 4400)
      .option('--aws-port <PORT>', 'port of the AWS services; 0 picks a free one', parsePort, 4566)
      .option('--demo', 'ingest the sample data and submit the sample job')
      .option('--simulate-llm', 'answer model calls with a simulator')
      .option('--enforce-iam', 'refuse what the synthesized policies do not grant')
      .option('--sign-in', 'have people sign in, at a provider on this machine'),
  ).action((options: Options) => run(options, (context) => start(context, options)));
};
