import { JOB_ARGUMENT, parseTimeout, parseUntil, type Verb, withCommon } from '../options.ts';
import type { CommonOptions } from '../runner.ts';
import { type Until, watchJob } from '../watching.ts';

type Options = CommonOptions & { until: Until; timeout?: number };

export const watch: Verb = (program, run) => {
  withCommon(
    program
      .command('watch')
      .description('follow a job until it is done')
      .argument(...JOB_ARGUMENT)
      .option('--until <STATE>', 'done or waiting', parseUntil, 'done')
      .option('--timeout <TIME>', 'give up after this long, such as 30s, 10m, 2h (default: never)', parseTimeout),
  ).action((jobId: string, options: Options) =>
    run(options, async (context) =>
      watchJob(context, await context.connect(), jobId, { until: options.until, timeoutMs: options.timeout ?? null }),
    ),
  );
};
