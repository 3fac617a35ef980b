import { sayJob } from '../jobs.ts';
import { JOB_ARGUMENT, parseText, type Verb, withCommon } from '../options.ts';
import type { CommonOptions } from '../runner.ts';
import { Job } from '../views.ts';

type Options = CommonOptions & { reason?: string };

export const cancel: Verb = (program, run) => {
  withCommon(
    program
      .command('cancel')
      .description('end a job before it is done')
      .argument(...JOB_ARGUMENT)
      .option('--reason <TEXT>', 'why, kept in the log', parseText),
  ).action((jobId: string, options: Options) =>
    run(options, async (context) => {
      const api = await context.connect();
      const body = options.reason === undefined ? {} : { reason: options.reason };
      const { body: job } = await api.call('POST', `/jobs/${jobId}/cancel`, Job, { body });
      sayJob(context, job);
      return { doc: job };
    }),
  );
};
