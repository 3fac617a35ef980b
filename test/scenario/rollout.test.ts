import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { FlagList } from '../../contracts/http.ts';
import { CanaryResult, StageEvidence } from '../../contracts/rollout.ts';
import { approve, call, getJob, type JobAnswer, startTestCloud, submit, type TestCloud, untilSettled } from '../support/cloud.ts';
import { checking } from '../support/journeys/rollout.ts';
import { setFlag } from '../support/journeys/steps.ts';
import { sample } from '../support/specs.ts';

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud({ environment: { HOLDPOINT_FLAGS_MAX_AGE_MS: '50', HOLDPOINT_RUNNER: checking('passing') } });
  await setFlag(cloud.web, 'test_runner_enabled');
});
afterAll(() => cloud.remove());

let runs = 1;
const rollout = (changes: object = {}, canaries: unknown[] = [sample('idea-trend')]) => ({
  schema_version: 'job_spec_v1',
  kind: 'rollout',
  title: 'Bring the features in',
  run: runs++,
  rollout: { schema_version: 'rollout_v1', target: { kind: 'features' }, canaries, ...changes },
});
const types = ({ events }: JobAnswer) => events.map(({ event_type }) => event_type);
const evidence = ({ events }: JobAnswer) =>
  events.flatMap(({ event_type, outputs }) => (event_type === 'STAGE_EVALUATED' ? [StageEvidence.parse(outputs['evidence'])] : []));
const flags = async (): Promise<Record<string, unknown>> =>
  Object.fromEntries(FlagList.parse((await call(cloud.web, '/flags')).body).flags.map(({ name, value }) => [name, value]));

describe('a rollout', () => {
  it('climbs stage by stage, each entered by an approval on the evidence of the one before', async () => {
    const { job_id } = await submit(cloud.web, rollout({}, [sample('idea-trend'), sample('blueprint-breakout')]));
    for (const step of ['stage_1', 'stage_2', 'stage_3']) {
      const waiting = await untilSettled(cloud.web, job_id, step);
      expect(waiting.job, JSON.stringify(waiting.events.at(-1))).toMatchObject({ status: 'WAITING_APPROVAL', step });
      // Stage 1 is entered on what stage 0 showed: its canaries, the look before them, and the project's checks.
      const { subject } = z.looseObject({ subject: z.array(z.looseObject({ name: z.string() })) }).parse(waiting.events.at(-1)?.outputs);
      expect(subject.map(({ name }) => name)).toEqual(['stage_evidence', ...(step === 'stage_1' ? ['smoke_report', 'test_result'] : [])]);
      expect((await approve(cloud.web, job_id, step)).status).toBe(200);
    }
    const done = await untilSettled(cloud.web, job_id);
    expect(done.job.outcome, JSON.stringify(done.events.slice(-2))).toBe('succeeded');
    expect(evidence(done).map(({ stage, verdict, success_rate }) => [stage, verdict, success_rate])).toEqual([
      [0, 'passed', 1],
      [1, 'passed', 1],
      [2, 'passed', 1],
      [3, 'passed', 1],
    ]);
    expect(types(done).filter((type) => type === 'CANARY_COMPLETED')).toHaveLength(9);
    expect(await flags()).toMatchObject({ telemetry: true, history_pack: true, document_substitution: true, extended_contexts: true });
  });

  it('rolls back by itself when a canary goes wrong, and says which criterion and which canary', async () => {
    const { job_id } = await submit(cloud.web, rollout({}, [sample('idea-momentum')]));
    const done = await untilSettled(cloud.web, job_id);
    expect(done.job.outcome).toBe('rolled_back');
    expect(types(done).slice(-3)).toEqual(['STAGE_EVALUATED', 'ROLLED_BACK', 'DONE']);
    expect(done.events.at(-1)?.message).toMatch(/^stage 0: success_rate is 0, the limit is 1 \([0-9a-f]{12}: /);
    const canary = done.events.find(({ event_type }) => event_type === 'CANARY_COMPLETED');
    expect((await getJob(cloud.web, CanaryResult.parse(canary?.outputs['canary']).job_id)).job.outcome).toBe('stopped_llm_error');
  });
});
