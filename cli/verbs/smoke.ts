import { SHIPPED } from '../cassette/folder.ts';
import { EXIT } from '../exit.ts';
import { parseEnvironment, parseTimeout, type Verb, withCommon } from '../options.ts';
import type { CommonOptions, Context, Result } from '../runner.ts';
import { firstFailed, runSmoke, saySmoke } from '../smoking/smoke.ts';

type Options = CommonOptions & { env?: string; timeout?: number; fixtures: string | boolean };

const THIRTY_MINUTES = 1_800_000;

const judge = async (context: Context, { env, timeout = THIRTY_MINUTES, fixtures }: Options): Promise<Result> => {
  const folder = fixtures === true ? SHIPPED : fixtures === false ? null : fixtures;
  const smoked = await runSmoke(context, { env, timeoutMs: timeout, fixtures: folder });
  if ('waits' in smoked) return smoked.waits;
  const { result } = smoked;
  saySmoke(context, result);
  return result.verdict === 'GO' ? { doc: result } : { doc: result, exit: EXIT.bad, reason: firstFailed(result) };
};

export const smoke: Verb = (program, run) => {
  withCommon(
    program
      .command('smoke')
      .description('say GO or NO-GO: stores, schemas, providers, checks, flags, logs, a canary and the fixtures')
      .option('--env <ENV>', 'the environment that is meant: another one is an error', parseEnvironment)
      .option('--timeout <TIME>', 'follow no longer than this, such as 30s, 10m, 2h (default: 30m)', parseTimeout)
      .option('--fixtures <DIR>', 'folder of the fixtures (default: that of this repository)')
      .option('--no-fixtures', 'leave the fixtures out'),
  ).action(({ fixtures = true, ...options }: Omit<Options, 'fixtures'> & { fixtures?: string | boolean }) =>
    run(options, (context) => judge(context, { ...options, fixtures })),
  );
};
