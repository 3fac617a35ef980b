import type { Command } from 'commander';
import { decideJob } from '../deciding.ts';
import { CliError, EXIT } from '../exit.ts';
import { JOB, parseText, withCommon } from '../options.ts';
import type { CommonOptions, Context, Result, Run } from '../runner.ts';
import { Job } from '../views.ts';
import { loadRollout, onlyRollout, type RolloutView, waitsAtStage } from './find.ts';
import { sayRollout } from './ladder.ts';

type Options = CommonOptions & { reason?: string };

const KILL = 'take features back with "holdpoint kill --to stage1"';

/** @throws CliError (exit 5) for a rollout that is over otherwise than by a rollback */
const refuseEnded = ({ job_id, status, outcome }: RolloutView): void => {
  if (status !== 'DONE' || outcome === 'rolled_back') return;
  throw new CliError('DECISION_CONFLICT', EXIT.conflict, `rollout ${job_id} is over (${outcome}); there is nothing to roll back`, {
    next: outcome === 'succeeded' ? KILL : `set its flags with "holdpoint flags set NAME=VALUE", or ${KILL}`,
  });
};

const rollback = async (context: Context, jobId: string | undefined, { reason }: Options): Promise<Result> => {
  const api = await context.connect();
  const fits = ({ status }: RolloutView): boolean => status !== 'DONE';
  const rollout = await onlyRollout(api, jobId, { fits, none: 'no rollout is under way', next: KILL });
  refuseEnded(rollout);
  const { job_id } = rollout;
  if (waitsAtStage(rollout)) return decideJob(context, api, job_id, 'reject', reason === undefined ? {} : { comment: reason });
  const { body } = await api.call('POST', `/rollouts/${job_id}/rollback`, Job, { body: reason === undefined ? {} : { reason } });
  sayRollout(context, await loadRollout(api, job_id));
  return { doc: body };
};

export const addRollback = (parent: Command, run: Run): void => {
  withCommon(
    parent
      .command('rollback')
      .description('go back: to stage 1 from stage 2 or 3, otherwise to the flags before; a stage that waits is rejected')
      .argument(...JOB('[JOB]', 'job id (default: the one that is under way)'))
      .option('--reason <TEXT>', 'why, kept in the log', parseText),
  ).action((jobId: string | undefined, options: Options) => run(options, (context) => rollback(context, jobId, options)));
};
