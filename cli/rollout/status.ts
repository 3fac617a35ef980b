import type { Command } from 'commander';
import { JOB, withCommon } from '../options.ts';
import type { CommonOptions, Context, Result, Run } from '../runner.ts';
import { clean } from '../text.ts';
import { findRollout } from './find.ts';
import { nextForRollout, sayRollout } from './ladder.ts';

const status = async (context: Context, jobId: string | undefined): Promise<Result> => {
  const { say, paint } = context;
  const api = await context.connect();
  const rollout = await findRollout(api, jobId);
  sayRollout(context, rollout);
  say();
  say(`${paint.dim('page')} ${clean(api.url(`/ui/rollout?job=${rollout.job_id}`))}`);
  const next = nextForRollout(rollout);
  if (next !== null) say(`${paint.dim('next')} ${next}`);
  return { doc: rollout };
};

export const addStatus = (parent: Command, run: Run): void => {
  withCommon(
    parent
      .command('status')
      .description('show the ladder of a rollout, and what its last stage was judged by')
      .argument(...JOB('[JOB]', 'job id (default: the newest that is not over, else the newest)')),
  ).action((jobId: string | undefined, options: CommonOptions) => run(options, (context) => status(context, jobId)));
};
