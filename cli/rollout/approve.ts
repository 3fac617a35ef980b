import type { Command } from 'commander';
import { decideJob } from '../deciding.ts';
import { CliError, EXIT } from '../exit.ts';
import { inWords } from '../labels.ts';
import { JOB, parseText, withCommon } from '../options.ts';
import type { CommonOptions, Context, Result, Run } from '../runner.ts';
import { onlyRollout, waitsAtStage } from './find.ts';
import { nextForRollout } from './ladder.ts';

type Options = CommonOptions & { comment?: string };

const approve = async (context: Context, jobId: string | undefined, { comment }: Options): Promise<Result> => {
  const api = await context.connect();
  const next = 'see where rollouts are with "holdpoint rollout status"';
  const rollout = await onlyRollout(api, jobId, { fits: waitsAtStage, none: 'no rollout waits for the approval of a stage', next });
  const { job_id } = rollout;
  if (!waitsAtStage(rollout)) {
    throw new CliError('NOT_WAITING', EXIT.conflict, `rollout ${job_id} waits for no stage: it is ${inWords(rollout)}`, {
      next: nextForRollout(rollout) ?? 'start another with "holdpoint rollout start"',
    });
  }
  // What is shown is what is signed: evidence that changed meanwhile is refused.
  const seen = rollout.subject_digest === null ? {} : { digest: rollout.subject_digest };
  return decideJob(context, api, job_id, 'approve', { ...(comment === undefined ? {} : { comment }), ...seen });
};

export const addApprove = (parent: Command, run: Run): void => {
  withCommon(
    parent
      .command('approve')
      .description('approve entering the next stage, on the evidence of the one before')
      .argument(...JOB('[JOB]', 'job id (default: the one that waits)'))
      .option('--comment <TEXT>', 'why, kept in the log', parseText),
  ).action((jobId: string | undefined, options: Options) => run(options, (context) => approve(context, jobId, options)));
};
