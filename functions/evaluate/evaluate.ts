import { PermanentError } from '../../contracts/errors.ts';
import { RolloutStage } from '../../contracts/job-spec.ts';
import { stageMeaning } from '../../contracts/rollout.ts';
import { defineStage } from '../../contracts/stage.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import { flagsOf } from '../lib/rollout/flags.ts';
import { breachWords, judgeStage } from '../lib/rollout/judge.ts';
import { decodeRollout } from '../lib/rollout/spec.ts';

const reads = { spec: decodeRollout };

/** Judges a stage by the criteria of the environment. */
export const evaluate = defineStage({
  reads,
  folds: true,
  run: async ({ job_id, docs, visit, at }, effects) => {
    if (!effects.rollout) throw new PermanentError('judging a stage needs what its canaries left');
    const stage = RolloutStage.parse(visit - 1);
    const { rules, observe } = effects.rollout;
    const stageRules = rules.stages[stage];
    if (!stageRules) throw new PermanentError(`the rules of this environment have no stage ${stage}`);
    const { observations, baseline, planned } = await observe(stage);
    const flags = { ...flagsOf(docs.spec.target, stage) };
    const evidence = judgeStage({ rollout: job_id, stage, rules: stageRules, planned, observations, baseline, flags, at });
    const passed = evidence.verdict === 'passed';
    return {
      artifacts: [
        {
          name: 'stage_evidence',
          path: `outputs/rollout/stage-${stage}.json`,
          body: canonicalJson(evidence),
          content_type: 'application/json',
        },
      ],
      event: {
        event_type: 'STAGE_EVALUATED',
        message: passed ? `stage ${stage} (${stageMeaning(stage).name}) passed` : breachWords(evidence),
        outputs: { stage, verdict: evidence.verdict, evidence },
      },
      route: {
        verdict: !passed ? 'breached' : stage >= docs.spec.through ? 'done' : stage === 0 ? 'enter_1' : stage === 1 ? 'enter_2' : 'enter_3',
      },
    };
  },
});
