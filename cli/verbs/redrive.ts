import { sayJob } from '../jobs.ts';
import { JOB_ARGUMENT, parseText, type Verb, withCommon } from '../options.ts';
import type { CommonOptions } from '../runner.ts';
import { Job } from '../views.ts';

type Options = CommonOptions & { reason?: string };

export const redrive: Verb = (program, run) => {
  withCommon(
    program
      .command('redrive')
      .description('continue a job that failed, from its log')
      .argument(...JOB_ARGUMENT)
      .option('--reason <TEXT>', 'why it is worth another try, kept in the log', parseText),
  ).action((jobId: string, options: Options) =>
    run(options, async (context) => {
      const api = await context.connect();
      const body = options.reason === undefined ? {} : { reason: options.reason };
      const { body: job } = await api.call('POST', `/jobs/${jobId}/redrive`, Job, { body });
      sayJob(context, job);
      context.say(`${context.paint.dim('next')} holdpoint watch ${jobId}`);
      return { doc: job };
    }),
  );
};
