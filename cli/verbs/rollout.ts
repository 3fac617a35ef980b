import type { Verb } from '../options.ts';
import { addApprove } from '../rollout/approve.ts';
import { addRollback } from '../rollout/rollback.ts';
import { addStart } from '../rollout/start.ts';
import { addStatus } from '../rollout/status.ts';

export const rollout: Verb = (program, run) => {
  const parent = program.command('rollout').description('bring features in, stage by stage, each judged by canary jobs');
  for (const add of [addStart, addStatus, addApprove, addRollback]) add(parent, run);
};
