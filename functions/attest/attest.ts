import { defineStage } from '../../contracts/stage.ts';
import { attested } from '../lib/runner/question.ts';

/** Reads what a person answered about checks that gave no verdict. The answer itself is in the log, with who gave it. */
export const attest = defineStage({
  reads: {},
  folds: true,
  run: ({ job }) => {
    const asked = job?.approvals.findLast(({ state, decision }) => state === 'HoldChecks' && decision?.event_type === 'RESUMED');
    const verdict = attested(asked?.decision?.comment ?? null);
    return {
      artifacts: [],
      event: null,
      facts: { test_status: verdict === 'passed' ? 'PASS' : verdict === 'failed' ? 'FAIL' : 'DEFER', test_reason: 'person' },
      route: { checks: verdict === 'passed' ? 'passed' : verdict === 'failed' ? 'failed' : 'again' },
    };
  },
});
