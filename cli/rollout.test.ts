import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { EventDraft } from '../contracts/events.ts';
import { AUDIT } from '../contracts/events.ts';
import type { JobView } from '../contracts/http.ts';
import type { RolloutView } from '../contracts/rollout-http.ts';
import { EMPTY_LOG, sealEvent } from '../functions/lib/event.ts';
import { fold } from '../functions/lib/fold.ts';
import { rolloutFacts } from '../functions/lib/rollout/view.ts';
import { decideFlag } from '../functions/lib/switches/decide.ts';
import { foldFlags, NO_CHANGES } from '../functions/lib/switches/state.ts';
import { flagList, flagView } from '../functions/lib/switches/views.ts';
import { DIGEST, JOB_ID, logOf, viewOf } from './testing/job.ts';
import { type FakeServer, problem, type Reply, startServer } from './testing/server.ts';
import { cli } from './testing/world.ts';

const ANN = { type: 'user', id: 'ann', identity: 'local' } as const;
const stage = (id: string) => ({ type: 'stage', id, identity: 'none' }) as const;
const SUBMITTED: EventDraft = {
  ...{ event_type: 'ROLLOUT_SUBMITTED', state: 'RolloutIntake', visit: 1, actor: ANN },
  outputs: { title: 'T', kind: 'rollout', run: 1, spec_digest: 'a'.repeat(64), mode: 'replay', target: { kind: 'features' }, through: 3 },
};
const ENTERED: EventDraft = {
  ...{ event_type: 'ROLLOUT_STAGE_SET', state: 'EnterStage', visit: 1, actor: stage('EnterStage') },
  outputs: { stage: 0, flags: {}, canaries: 1, before: { telemetry: false } },
};
const DONE: EventDraft = {
  ...{ event_type: 'DONE', state: 'RolloutFinish', visit: 1, actor: stage('RolloutFinish') },
  outputs: { status: 'succeeded' },
};

/** The rollout as the server shows it after these events. */
const after = (drafts: EventDraft[], more: Partial<JobView> = {}): RolloutView => {
  const events = logOf(...drafts);
  const state = fold(events) ?? expect.fail('no events');
  return { ...viewOf(events), ...rolloutFacts(state, events), ...more };
};
const RUNNING = after([SUBMITTED, ENTERED]);
const WAITING = after([SUBMITTED, ENTERED], { status: 'WAITING_APPROVAL', step: 'stage_1', subject_digest: DIGEST });
const OVER = after([SUBMITTED, ENTERED, DONE]);

const changed = (value: boolean) => {
  const draft = decideFlag(NO_CHANGES, { flag: 'test_runner_enabled', value }, { actor: ANN, reason: null }) ?? expect.fail('no change');
  return foldFlags(NO_CHANGES, [sealEvent(draft, { ...EMPTY_LOG, ...AUDIT, at: '2026-01-01T00:00:00.000Z' })]);
};

let server: FakeServer;
let rollouts: RolloutView[] = [];
let flags = NO_CHANGES;
/** Runs that exist. */
let taken = 0;
const submitted = (body: string): Reply =>
  JSON.parse(body).run <= taken ? { status: 200, json: RUNNING } : { status: 201, json: RUNNING };
beforeAll(async () => {
  server = await startServer(({ method, path, body }) => {
    const [found] = rollouts;
    if (path === '/status')
      return { json: { service: 'holdpoint', env: 'local', local: true, at: '2026-01-01T00:00:00.000Z', index: 'ok' } };
    if (path === '/flags') return { json: flagList(flags) };
    if (path === '/flags/test_runner_enabled') return { json: flagView(changed(true), 'test_runner_enabled') };
    if (path === '/rollouts') return { json: { rollouts, next_cursor: null } };
    if (path === `/rollouts/${JOB_ID}` && found) return { json: found };
    if (path === `/rollouts/${JOB_ID}/rollback`) return { json: RUNNING };
    if (path === `/jobs/${JOB_ID}` && found) return { json: { job: found, events: [] } };
    if (path === `/jobs/${JOB_ID}/reject`) {
      const decision = {
        event_type: 'REJECTED',
        step: 'stage_1',
        visit: 1,
        by: 'ann',
        at: '2026-01-01T00:00:00.000Z',
        seq: 9,
        comment: null,
      };
      return { json: { decision: { ...decision, subject_digest: DIGEST }, already_decided: false } };
    }
    if (method === 'POST' && path === '/jobs') return submitted(body);
    return problem(404, 'NOT_FOUND');
  });
});
afterAll(() => server.close());
beforeEach(() => {
  server.requests.length = 0;
  [rollouts, flags, taken] = [[RUNNING], NO_CHANGES, 0];
});

const run = (...argv: string[]) => cli(['rollout', ...argv, '--endpoint', server.url]);
const sent = (method: string, path: string) =>
  server.requests.filter((one) => one.method === method && one.path === path).map(({ body }) => JSON.parse(body || '{}'));
const writes = () => server.requests.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path}`);

describe('rollout start', () => {
  it('sends the features and two samples of docs/examples as canaries where nothing else is said', async () => {
    expect((await run('start')).exit).toBe(0);
    const [spec] = sent('POST', '/jobs');
    expect(spec).toMatchObject({ kind: 'rollout', run: 1, rollout: { target: { kind: 'features' }, through: 3 } });
    expect(spec.rollout.canaries.map(({ kind }: { kind: string }) => kind)).toEqual(['idea', 'blueprint']);
  });

  it('takes the next run that is free, so that a second start is another rollout; --run names one', async () => {
    taken = 2;
    await run('start');
    expect(sent('POST', '/jobs').map((spec) => spec.run)).toEqual([1, 2, 3]);
    const named = await run('start', '--run', '2');
    expect(sent('POST', '/jobs').at(-1).run).toBe(2);
    expect(named.stdout).toContain('was there already');
  });

  it('sends flags with the values they name', async () => {
    await run('start', '--set', 'intention_context=true', '--set', 'embedding_budget=5', '--through', '1');
    expect(sent('POST', '/jobs')[0].rollout).toMatchObject({
      target: { kind: 'flags', set: { intention_context: true, embedding_budget: 5 } },
      through: 1,
    });
  });

  it.each([
    ['another environment', ['--env', 'prod'], 'is of environment "local", not "prod"'],
    ['a flag there is not', ['--set', 'nope=1'], 'rollout/target/set'],
    ['a value the flag cannot have', ['--set', 'telemetry=5'], 'telemetry'],
    ['two targets', ['--target', 'features', '--set', 'telemetry=true'], 'name two targets'],
    ['a canary that is no job spec', ['--canary', 'package.json'], 'package.json is no job spec of a canary'],
    ['a stage there is not', ['--through', '4'], 'a whole number from 0 to 3'],
  ])('refuses %s with exit 2, and writes nothing', async (_, argv, why) => {
    const { exit, stderr } = await run('start', ...argv);
    expect([exit, stderr]).toEqual([2, expect.stringContaining(why)]);
    expect(writes()).toEqual([]);
  });

  it('lets the runner check the project where nobody decided about it, and says so', async () => {
    const { stderr } = await run('start');
    expect(sent('PUT', '/flags/test_runner_enabled')).toEqual([{ value: true, reason: expect.stringContaining('a rollout starts') }]);
    expect(stderr).toContain('test_runner_enabled was unset; it is true now');
  });

  it('leaves the runner off where somebody switched it off, and says that a person is asked', async () => {
    flags = changed(false);
    const { stderr } = await run('start');
    expect(writes()).toEqual(['POST /jobs']);
    expect(stderr).toContain('test_runner_enabled is false, set by ann: stage 0 asks a person');
  });

  it('with --json prints one document and nothing else', async () => {
    const { stdout, stderr } = await run('start', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ job_id: JOB_ID, created: true, stages: [{ standing: 'running' }, {}, {}, {}] });
    expect(stderr).toBe('');
  });
});

describe('rollout status', () => {
  it('shows the ladder of the rollout that is not over', async () => {
    rollouts = [OVER, RUNNING];
    const { stdout } = await run('status');
    expect(stdout).toMatch(/0 +validation +running +0 of 1/);
  });

  it('without a rollout exits 4 and says how to start one', async () => {
    rollouts = [];
    expect(await run('status')).toMatchObject({ exit: 4, stderr: expect.stringContaining('holdpoint rollout start') });
  });
});

describe('rollout approve', () => {
  it('exits 5 where none waits, and changes nothing', async () => {
    expect(await run('approve')).toMatchObject({ exit: 5, stderr: expect.stringContaining('no rollout waits') });
    expect(await run('approve', JOB_ID)).toMatchObject({ exit: 5, stderr: expect.stringContaining('waits for no stage: it is RUNNING') });
    expect(writes()).toEqual([]);
  });

  it('asks which where several wait', async () => {
    rollouts = [WAITING, WAITING];
    expect(await run('approve')).toMatchObject({ exit: 2, stderr: expect.stringContaining('2 rollouts fit') });
  });
});

describe('rollout rollback', () => {
  it('rolls back a rollout that runs', async () => {
    expect((await run('rollback', '--reason', 'too early')).exit).toBe(0);
    expect(sent('POST', `/rollouts/${JOB_ID}/rollback`)).toEqual([{ reason: 'too early' }]);
  });

  it('rejects the stage that waits, on the evidence seen', async () => {
    rollouts = [WAITING];
    expect((await run('rollback', '--reason', 'not yet')).exit).toBe(0);
    expect(sent('POST', `/jobs/${JOB_ID}/reject`)).toEqual([{ subject_digest: DIGEST, comment: 'not yet' }]);
  });

  it('of one that succeeded exits 5 and names the kill switch', async () => {
    rollouts = [OVER];
    const over = { exit: 5, stderr: expect.stringContaining('kill --to stage1') };
    expect(await run('rollback', JOB_ID)).toMatchObject(over);
    expect(await run('rollback')).toMatchObject(over);
    expect(writes()).toEqual([]);
  });
});
