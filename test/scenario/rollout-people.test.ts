import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cli } from '../../cli/testing/world.ts';
import { FlagList } from '../../contracts/http.ts';
import { DEFAULT_ROLLOUT_RULES } from '../../contracts/rollout.ts';
import { RolloutView } from '../../contracts/rollout-http.ts';
import type { AwsRequest } from '../../infra/local/wire.ts';
import { handBrowser } from '../support/browser-by-hand.ts';
import { approve, call, getJob, startTestCloud, submit, type TestCloud, until, untilSettled } from '../support/cloud.ts';
import { BRISK } from '../support/journeys/rollout.ts';
import { ask, by, FAILED, setFlag } from '../support/journeys/steps.ts';
import { sample } from '../support/specs.ts';

// What people see of rollouts and do to them, with canaries that ask models.

/** Two canaries in the validation, one in every other stage. */
const rules = {
  ...DEFAULT_ROLLOUT_RULES,
  stages: DEFAULT_ROLLOUT_RULES.stages.map((stage, i) => ({
    ...stage,
    runs: i === 0 ? 2 : 1,
    limits: { ...stage.limits, runs: { stop: 1 } },
  })),
  look_every_seconds: 1,
};
const environment = {
  ...BRISK,
  HOLDPOINT_ROLLOUT_RULES: JSON.stringify(rules),
  HOLDPOINT_LLM_DISABLE_NETWORK: undefined,
  HOLDPOINT_LLM_RETRIES: '0',
  HOLDPOINT_LLM_TIMEOUT_SECONDS: '2',
};

/** While it is so, the API can stop no execution. */
let unstoppable = false;
const stopsByWeb = (request: AwsRequest): boolean =>
  by('web', request) && request.headers['x-amz-target'] === 'AWSStepFunctions.StopExecution';

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud({
    ...{ simulate: {}, environment },
    intercept: (handle) => async (request) => (unstoppable && stopsByWeb(request) ? FAILED : handle(request)),
  });
  await setFlag(cloud.web, 'test_runner_enabled');
});
afterAll(() => cloud.remove());

let runs = 1;
const rollout = (canaries: unknown[], target: object = { kind: 'flags', set: { intention_context: true } }) => ({
  ...{ schema_version: 'job_spec_v1', kind: 'rollout', title: 'Bring it in', run: runs++ },
  rollout: { schema_version: 'rollout_v1', target, through: 1, canaries },
});
const live = () => sample('idea-trend', { llm: { mode: 'live' } });

const view = async (id: string): Promise<RolloutView> => RolloutView.parse((await call(cloud.web, `/rollouts/${id}`)).body);
const canariesOf = async (id: string, stage: number): Promise<string[]> =>
  ((await view(id)).stages[stage]?.canaries ?? []).map(({ job_id }) => job_id);
const flag = async (name: string): Promise<unknown> =>
  FlagList.parse((await call(cloud.web, '/flags')).body).flags.find((one) => one.name === name)?.value;
const page = async (id: string): Promise<string> =>
  (await (await fetch(`${cloud.web}/ui/rollout?job=${id}`, { headers: { accept: 'text/html' } })).text())
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ');

/** Confirms the live calls of every canary of a stage, as a person has to. */
const confirm = async (id: string, stage: number, count: number): Promise<void> => {
  const waiting = await until(
    async () => (await view(id)).stages[stage]?.canaries ?? [],
    (canaries) => canaries.length === count && canaries.every(({ step }) => step === 'llm_live_confirm'),
  );
  expect(await page(id)).toContain('Canaries wait for a person');
  for (const { job_id } of waiting) expect((await approve(cloud.web, job_id, 'llm_live_confirm')).status).toBe(200);
};

/** Climbs to stage 1, where its canary waits for its live calls to be confirmed. */
const climb = async (decide: (id: string) => Promise<void>): Promise<string> => {
  const { job_id } = await submit(cloud.web, rollout([live()]));
  await confirm(job_id, 0, 2);
  expect((await untilSettled(cloud.web, job_id, 'stage_1')).job.step).toBe('stage_1');
  await decide(job_id);
  await until(
    async () => (await view(job_id)).stages[1]?.canaries ?? [],
    (canaries) => canaries.some(({ step }) => step === 'llm_live_confirm'),
  );
  return job_id;
};

const fromThePage = async (id: string): Promise<void> => {
  const { job } = await getJob(cloud.web, id);
  const fields = { step: 'stage_1', subject_digest: job.subject_digest ?? '', choice: 'approve', comment: '' };
  expect((await handBrowser().post(`${cloud.web}/ui/jobs/${id}/decide`, fields)).status).toBe(303);
};

const fromTheCommandLine = async (id: string): Promise<void> => {
  const { exit, stdout } = await cli(['rollout', 'approve', id, '--endpoint', cloud.web, '--as', 'approver']);
  expect(exit, stdout).toBe(0);
  expect(stdout).toContain('met success_rate 100 % (at least 100 %)');
};

describe('one bad canary', () => {
  it('does not keep the others from being judged; and another rollout of the same target has canaries of its own', async () => {
    const specs = [sample('idea-trend'), sample('idea-momentum')];
    const [first, second] = await Promise.all([submit(cloud.web, rollout(specs)), submit(cloud.web, rollout(specs))]);
    const [one, other] = await Promise.all([first, second].map(({ job_id }) => untilSettled(cloud.web, job_id)));
    expect([one?.job.outcome, other?.job.outcome]).toEqual(['rolled_back', 'rolled_back']);
    const validation = (await view(first.job_id)).stages[0];
    expect(validation?.canaries.map(({ result }) => [result?.ok, result?.outcome])).toEqual([
      [true, 'succeeded'],
      [false, 'stopped_llm_error'],
    ]);
    expect(validation?.evidence?.success_rate).toBe(0.5);
    const ids = [...(await canariesOf(first.job_id, 0)), ...(await canariesOf(second.job_id, 0))];
    expect(new Set(ids).size).toBe(4);
  });
});

describe('a rollout that has succeeded', () => {
  it('is not rolled back, and says how its features are taken back', async () => {
    const spec = rollout([sample('idea-trend')]);
    const { job_id } = await submit(cloud.web, { ...spec, rollout: { ...spec.rollout, through: 0 } });
    expect((await untilSettled(cloud.web, job_id)).job.outcome).toBe('succeeded');
    const { exit, stderr } = await cli(['rollout', 'rollback', job_id, '--endpoint', cloud.web]);
    expect([exit, stderr]).toEqual([5, expect.stringContaining('kill --to stage1')]);
    const { status, body } = await call(cloud.web, `/rollouts/${job_id}/rollback`, { body: {} });
    expect([status, body]).toEqual([409, expect.objectContaining({ detail: expect.stringContaining('kill --to stage1') })]);
  });
});

describe('a rollout whose canaries call live models', () => {
  it('is rolled back by a person while they run: flags go back, they are cancelled, and nothing goes on', async () => {
    const id = await climb(fromThePage);
    expect([await flag('telemetry'), await flag('intention_context')]).toEqual([true, true]);
    const canaries = await canariesOf(id, 1);
    const { exit, stdout } = await cli(['rollout', 'rollback', '--reason', 'too early', '--endpoint', cloud.web, '--as', 'ops']);
    expect(exit, stdout).toBe(0);
    const { job, events } = await getJob(cloud.web, id);
    expect(job.outcome).toBe('rolled_back');
    expect(events.slice(-2)).toMatchObject([
      { event_type: 'ROLLED_BACK', actor: { id: 'ops' }, message: 'too early', outputs: { from_stage: 1, to_stage: 0 } },
      { event_type: 'DONE', outputs: { status: 'rolled_back', reason: 'ROLLED_BACK_BY_A_PERSON' } },
    ]);
    expect([await flag('telemetry'), await flag('intention_context')]).toEqual([false, false]);
    for (const canary of canaries) expect((await getJob(cloud.web, canary)).job.outcome).toBe('cancelled');
    expect(await page(id)).toContain('Rolled back from stage 1 to stage 0 too early');
    expect((await call(cloud.web, `/rollouts/${id}/rollback`, { body: {} })).status).toBe(200);
    expect((await getJob(cloud.web, id)).events).toHaveLength(events.length);
  });

  it('whose rollback was cut off before its end has its flags back, and is ended as rolled back by the reconciler', async () => {
    const id = await climb(fromThePage);
    unstoppable = true;
    expect((await call(cloud.web, `/rollouts/${id}/rollback`, { body: { reason: 'too early' } })).status).toBe(500);
    unstoppable = false;
    // The reconciler of the cloud may have completed it by now.
    expect((await getJob(cloud.web, id)).events.map(({ event_type }) => event_type)).toContain('ROLLED_BACK');
    expect(await flag('intention_context')).toBe(false);
    await ask(cloud.web, '/reconcile', { body: { open: true } });
    const { job, events } = await getJob(cloud.web, id);
    expect([job.outcome, events.filter(({ event_type }) => event_type === 'ROLLED_BACK').length]).toEqual(['rolled_back', 1]);
  });

  it('stops and rolls back by itself when a provider fails, and the page says by which criterion', async () => {
    const id = await climb(fromTheCommandLine);
    cloud.simulator?.setFaults([{ kind: 'server_error', times: Number.POSITIVE_INFINITY }]);
    await confirm(id, 1, 1);
    const { job } = await untilSettled(cloud.web, id);
    expect(job.outcome).toBe('rolled_back');
    expect([await flag('telemetry'), await flag('intention_context')]).toEqual([false, false]);
    const shown = await page(id);
    expect(shown).toMatch(/1 telemetry breached 0 of 1 canaries succeeded/);
    expect(shown).toMatch(/success drop .* a recorded answer stood in for a provider.* 100 % at most 10 %, warns above 5 % breached/);
    expect(shown).toContain('Success rate by stage, in % of canaries: Stage 0 100, Stage 1 0, baseline 100');
  });
});
