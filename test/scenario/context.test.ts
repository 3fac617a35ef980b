import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readEnv } from '../../adapters/env.ts';
import { TELLS } from '../../adapters/notify/parts.ts';
import { createWorld, type World } from '../../adapters/world.ts';
import type { EventDraft } from '../../contracts/events.ts';
import { create as createCompile } from '../../functions/compile/handler.ts';
import { create as createIntake } from '../../functions/intake/handler.ts';
import { fold } from '../../functions/lib/fold.ts';
import { commit } from '../../functions/stage/commit.ts';
import { redrive } from '../../functions/stage/reconcile/executions.ts';
import { appendDecided } from '../../functions/stage/settle.ts';
import { create as createStop } from '../../functions/stop/handler.ts';
import { functionVariables } from '../../infra/local/settings.ts';
import { startTestCloud, submit, type TestCloud, untilSettled } from '../support/cloud.ts';
import { sample } from '../support/specs.ts';

let cloud: TestCloud;
let world: World;
const env = (name: string) => readEnv(functionVariables(cloud.dataDir, cloud, {})(name));
let runs = 2000;

beforeAll(async () => {
  cloud = await startTestCloud();
  world = createWorld(env('reconcile'), TELLS);
});
afterAll(() => cloud.remove());

type Output = { context: Record<string, unknown> };

/** Opens a job as an execution of its own would, outside the machine. */
const openedBy = async (run_id: string, spec: unknown): Promise<Output> =>
  (await createIntake(env('intake'))({ state: 'Intake', run_id, input: spec })) as Output;

const blueprintJob = () => sample('blueprint-breakout', { run: runs++ });

describe('the context between states', () => {
  it('when tampered with stops compile with CONTEXT_SIGNATURE_INVALID, and nothing is appended', async () => {
    const { context } = await openedBy('run-a', blueprintJob());
    const jobId = String(context['job_id']);
    const compile = createCompile(env('compile'));
    const tampered = { ...context, facts: { kind: 'idea' } };
    await expect(compile({ state: 'Compile', run_id: 'run-a', input: { context: tampered } })).rejects.toMatchObject({
      name: 'CONTEXT_SIGNATURE_INVALID',
    });
    await expect(compile({ state: 'Compile', run_id: 'run-b', input: { context } })).rejects.toMatchObject({
      name: 'CONTEXT_SIGNATURE_INVALID',
    });
    await expect(compile({ state: 'Run', run_id: 'run-a', input: { context } })).rejects.toMatchObject({
      name: 'CONTEXT_SIGNATURE_INVALID',
    });
    expect(await world.log.read(jobId)).toHaveLength(1);
  });

  it('when malformed stops any state with MALFORMED_PAYLOAD, also the one that ends jobs', async () => {
    const { context } = await openedBy('run-c', blueprintJob());
    for (const create of [createCompile, createStop]) {
      const run = create(env('compile'));
      for (const raw of [
        null,
        { state: 'Compile' },
        { state: 'Compile', run_id: 'run-c', input: {} },
        { state: 'Compile', run_id: '../x', input: { context } },
      ]) {
        await expect(run(raw)).rejects.toMatchObject({ name: 'MALFORMED_PAYLOAD' });
      }
    }
    expect(await world.log.read(String(context['job_id']))).toHaveLength(1);
  });
});

describe('one owner', () => {
  it('keeps the log when two executions run one job: the other ends Superseded', async () => {
    const { context } = await openedBy('run-old', blueprintJob());
    const jobId = String(context['job_id']);
    const events = await world.log.read(jobId);
    const state = fold(events);
    if (!state) throw new Error('no job');
    await redrive(createWorld(env('reconcile'), TELLS), { state }, 'test');
    await untilSettled(cloud.web, jobId, 'runspec');
    const compile = createCompile(env('compile'));
    await expect(compile({ state: 'Compile', run_id: 'run-old', input: { context } })).rejects.toMatchObject({ name: 'Superseded' });
    const after = await world.log.read(jobId);
    expect(after.filter((event) => event.event_type === 'RUNSPEC_COMPILED')).toHaveLength(1);
    expect(fold(after)?.owner_run).toBe(`job-${jobId}-2`);
  });

  it('is decided by the first event when two executions start one spec at once', async () => {
    const spec = blueprintJob();
    const intake = createIntake(env('intake'));
    const starts = await Promise.allSettled(['run-x', 'run-y'].map((run_id) => intake({ state: 'Intake', run_id, input: spec })));
    const failed = starts.filter((start) => start.status === 'rejected');
    expect(failed).toHaveLength(1);
    expect(failed[0]?.reason).toMatchObject({ name: 'DuplicateJob' });
    const again = await submit(cloud.web, spec);
    expect(await world.log.read(again.job_id)).toHaveLength(1);
  });
});

describe('lost races', () => {
  const add = vi.fn();
  const counting = (): World => Object.create(world, { meter: { value: { ...world.meter, add } } });
  const by = (id: string): EventDraft => ({
    ...{ event_type: 'APPROVAL_REMINDED', kind: `reminded ${id}`, state: 'HoldRunspec', visit: 1, message: id },
    outputs: { state: 'HoldRunspec', visit: 1, subject_digest: '' },
    actor: { type: 'user', id, identity: 'local' },
  });

  it('are counted with their job, and the same event twice is none', async () => {
    add.mockReset();
    const jobId = String((await openedBy('run-busy', blueprintJob())).context['job_id']);
    const write = (id: string) =>
      appendDecided(counting(), jobId, (_, events) =>
        events.some(({ message }) => message === id) ? { settled: null } : { draft: by(id) },
      );
    await Promise.all(['ada', 'bob', 'cyd'].map(write));
    expect((await world.log.read(jobId)).slice(1).map(({ message }) => message)).toHaveLength(3);
    // Whoever wins, the second loses once at least, and the third too.
    expect(add.mock.calls.length).toBeGreaterThanOrEqual(2);
    expect(new Set(add.mock.calls.map(String))).toEqual(new Set([`AppendConflicts,1,${jobId}`]));
    add.mockReset();
    await Promise.all(['dan', 'dan'].map(write));
    expect(add).not.toHaveBeenCalled();
  });

  it('are counted of an execution, also where it learns by it that another owns the job', async () => {
    add.mockReset();
    const { context } = await openedBy('run-late', blueprintJob());
    const place = { job_id: String(context['job_id']), run_id: 'run-late', last_seq: 1, last_hash: String(context['last_hash']) };
    await appendDecided(world, place.job_id, () => ({ draft: by('ada') }));
    expect(await commit(counting(), place, by('late'))).toMatchObject({ recorded: false, event: { seq: 3 } });
    expect(add.mock.calls).toEqual([['AppendConflicts', 1, place.job_id]]);
    const redriven = {
      event_type: 'REDRIVEN',
      state: 'Control',
      visit: 1,
      outputs: { owner_run: 'run-new', previous_run: 'run-late' },
    } as const;
    await appendDecided(world, place.job_id, () => ({ draft: { ...redriven, actor: by('ada').actor } }));
    await expect(commit(counting(), place, by('later'))).rejects.toMatchObject({ name: 'Superseded' });
    expect(add).toHaveBeenCalledTimes(2);
    await expect(commit(counting(), place, by('late'))).rejects.toMatchObject({ name: 'Superseded' });
    expect(add).toHaveBeenCalledTimes(2);
  });
});
