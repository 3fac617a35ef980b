import { PermanentError } from '../../contracts/errors.ts';
import { RolloutStage } from '../../contracts/job-spec.ts';
import { stageMeaning } from '../../contracts/rollout.ts';
import { defineStage } from '../../contracts/stage.ts';
import { flagsBefore, flagsOf } from '../lib/rollout/flags.ts';
import { decodeRollout } from '../lib/rollout/spec.ts';

const reads = { spec: decodeRollout };

/** Enters a stage: sets its flags, says which ones, and plans its canaries. */
export const enter = defineStage({
  reads,
  folds: true,
  run: async ({ docs, visit, job }, effects) => {
    if (!effects.rollout || !job) throw new PermanentError('entering a stage needs flags and the folded rollout');
    const { target } = docs.spec;
    const stage = RolloutStage.parse(visit - 1);
    const { rules, current, set } = effects.rollout;
    // The first stage sets nothing: what it finds is what a rollback leads back to.
    const before = stage === 0 ? { before: flagsBefore(target, await current()) } : {};
    const wanted = flagsOf(target, stage);
    await set(wanted, `rollout ${job.job_id} enters stage ${stage} (${stageMeaning(stage).name})`);
    const runs = rules.stages[stage]?.runs ?? 1;
    return {
      artifacts: [],
      event: {
        event_type: 'ROLLOUT_STAGE_SET',
        message: `stage ${stage}: ${stageMeaning(stage).name}`,
        outputs: { stage, flags: wanted, canaries: runs, ...before },
      },
      items: runs,
    };
  },
});
