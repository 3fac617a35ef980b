import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { LOCAL_POLICY } from '../../../contracts/approval-policy.ts';
import { DEFAULT_ROLLOUT_RULES } from '../../../contracts/rollout.ts';
import type { CloudOptions } from '../../../infra/local/cloud.ts';
import { DIGEST_KEY_ARN } from '../../../infra/local/settings.ts';
import { getJob, startTestCloud, submit, until, untilSettled } from '../cloud.ts';
import { ask, decide, ended, idea, setFlag, withoutFlags } from './steps.ts';

const FIXTURES = new URL('../../fixtures/checks/', import.meta.url);

/** Stage 0 runs the checks of a fixture instead of this tree's own. */
export const checking = (fixture: 'passing' | 'failing'): string =>
  JSON.stringify({
    ...{ kind: 'child', repository: 'holdpoint', variables: {}, scope: 'test' },
    checkouts: { holdpoint: fileURLToPath(new URL(fixture, FIXTURES)) },
  });

/** One canary per stage, looked at every second, by functions that know flags at once. Checks take no time. */
export const BRISK = {
  HOLDPOINT_RUNNER: checking('passing'),
  HOLDPOINT_FLAGS_MAX_AGE_MS: '0',
  HOLDPOINT_ROLLOUT_RULES: JSON.stringify({
    ...DEFAULT_ROLLOUT_RULES,
    stages: DEFAULT_ROLLOUT_RULES.stages.map((rules) => ({ ...rules, runs: 1, limits: { ...rules.limits, runs: { stop: 1 } } })),
    look_every_seconds: 1,
  }),
};

let runs = 1;
export const rolloutOf = (target: object, through: number, canary = 'idea-trend') => ({
  ...{ schema_version: 'job_spec_v1', kind: 'rollout', title: 'A rollout', run: runs++ },
  rollout: { schema_version: 'rollout_v1', target, through, canaries: [idea(canary)] },
});

const Digests = z.looseObject({ digests: z.array(z.unknown()) });

const INTENTION = { kind: 'flags', set: { intention_context: true } };

/** Rollouts that are refused, go wrong and are cancelled, where stage 1 needs nobody and the item of flags is lost. */
export const rolledOut = async (options: Partial<CloudOptions>): Promise<void> => {
  const steps = { stage_1: { auto_approve: { policy: 'telemetry-is-harmless', modes: ['replay'] } } };
  const policy = JSON.stringify({ ...LOCAL_POLICY, steps });
  const environment = { ...BRISK, HOLDPOINT_APPROVAL_POLICY: policy, HOLDPOINT_DIGEST_KEY_ARN: DIGEST_KEY_ARN };
  const cloud = await startTestCloud({ digestEveryMs: 300, ...options, environment, intercept: withoutFlags });
  const { web } = cloud;
  try {
    await setFlag(web, 'telemetry');
    // The look before a rollout reads the digests over the newest logs.
    await until(
      () => ask(web, '/digests?limit=1'),
      ({ body }) => Digests.parse(body).digests.length > 0,
    );
    // The runner is off: a person says what they know of the checks.
    const { job_id: wrong } = await submit(web, rolloutOf(INTENTION, 1, 'idea-guarded'));
    await until(
      () => getJob(web, wrong),
      ({ job }) => job.status === 'WAITING_HUMAN',
    );
    await ask(web, `/jobs/${wrong}/resume`, { body: { step: 'checks', answer: 'passed: they ran in CI' } });
    await setFlag(web, 'test_runner_enabled');
    const specs = [rolloutOf(INTENTION, 2), rolloutOf(INTENTION, 2)];
    const [refused = '', cancelled = ''] = (await Promise.all(specs.map((spec) => submit(web, spec)))).map(({ job_id }) => job_id);
    await untilSettled(web, cancelled, 'stage_2');
    await ask(web, '/reconcile', { body: { all: true } });
    await ask(web, `/jobs/${cancelled}/cancel`, { body: {} });
    await decide(web, refused, 'stage_2', 'reject');
    await Promise.all([refused, wrong, cancelled].map((id) => ended(web, id)));
  } finally {
    await cloud.remove();
  }
};
