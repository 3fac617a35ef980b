import { DeleteObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SFNClient, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { readEnv } from '../../adapters/env.ts';
import { TELLS } from '../../adapters/notify/parts.ts';
import { createWorld, type World } from '../../adapters/world.ts';
import type { ReconcileReport } from '../../contracts/commands.ts';
import type { EventType } from '../../contracts/events.ts';
import { longestSilence } from '../../contracts/flow.ts';
import { ReconcileView } from '../../contracts/http.ts';
import { verifyChain } from '../../functions/lib/event.ts';
import { reconcile } from '../../functions/stage/reconcile/pass.ts';
import { thisBuild } from '../../infra/local/build.ts';
import { functionVariables } from '../../infra/local/settings.ts';
import type { AwsRequest } from '../../infra/local/wire.ts';
import { call, driveToEnd, getJob, type JobAnswer, startTestCloud, submit, type TestCloud, until, untilSettled } from '../support/cloud.ts';
import { by } from '../support/journeys/steps.ts';
import { sample } from '../support/specs.ts';

let cloud: TestCloud;
let sfn: SFNClient;
/** Requests of the killed stage: they never come back. */
let killed: (() => void)[] = [];
let kill: (request: AwsRequest) => boolean = () => false;

beforeAll(async () => {
  cloud = await startTestCloud({
    intercept: (handle) => async (request) => {
      if (kill(request)) await new Promise<void>((wake) => killed.push(wake));
      return handle(request);
    },
  });
  sfn = new SFNClient({ region: 'us-east-1', endpoint: cloud.aws, credentials: { accessKeyId: 'admin', secretAccessKey: 'admin' } });
});
afterEach(() => {
  kill = () => false;
  for (const wake of killed) wake();
  killed = [];
});
afterAll(() => cloud.remove());

let runs = 7000;
const idea = () => sample('idea-trend', { run: runs++ });
const blueprint = () => sample('blueprint-breakout', { run: runs++ });

/** The reconciler's own world, at another time. */
const worldAt = (of: TestCloud, timer: () => Date): World =>
  Object.assign(createWorld(readEnv(functionVariables(of.dataDir, of, {})('reconcile')), TELLS), { timer });
const passIn = (world: World): Promise<ReconcileReport> => reconcile(world, { all: false, open: true, restartWaiters: false });

const SILENCE_S = longestSilence('idea');

/** One pass, so much later than now. */
const passLater = (seconds = SILENCE_S + 60): Promise<ReconcileReport> =>
  passIn(worldAt(cloud, () => new Date(Date.now() + seconds * 1000)));

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** One pass, as an operator asks for it. */
const passNow = async (of = cloud): Promise<z.infer<typeof ReconcileView>> =>
  ReconcileView.parse((await call(of.web, '/reconcile', { body: { open: true } })).body);

const types = ({ events }: JobAnswer): EventType[] => events.map(({ event_type }) => event_type);
const count = (answer: JobAnswer, type: EventType): number => types(answer).filter((one) => one === type).length;
const expectSound = (answer: JobAnswer): void => {
  expect(new Set(answer.events.map(({ event_id }) => event_id)).size).toBe(answer.events.length);
  expect(verifyChain(answer.events).problems).toEqual([]);
};

/** The `n`-th execution of the job goes away. */
const loseExecution = async (jobId: string, n: number): Promise<void> => {
  const executionArn = `arn:aws:states:us-east-1:000000000000:execution:holdpoint-local-job:job-${jobId}-${n}`;
  await until(
    () =>
      sfn.send(new StopExecutionCommand({ executionArn })).then(
        () => true,
        () => false,
      ),
    (stopped) => stopped,
  );
};

/** Loses one execution after the other until the watchdog asks a person. */
const exhaust = async (jobId: string): Promise<JobAnswer> => {
  for (let n = 1; n <= 4; n++) {
    await loseExecution(jobId, n);
    await passNow();
  }
  return until(
    () => getJob(cloud.web, jobId),
    ({ job }) => job.status === 'WAITING_HUMAN',
  );
};

const resume = (jobId: string, answer: string, of = cloud) =>
  call(of.web, `/jobs/${jobId}/resume`, { body: { step: 'watchdog', answer }, user: 'operator' });

const killedSoFar = (times: number): Promise<unknown> =>
  until(
    async () => killed.length,
    (n) => n >= times,
  );

/** Kills the next invocation of a stage without a sound: it never answers, and its execution goes on waiting for it. */
const killNext = (stage: string): void => {
  kill = (request) => {
    // What is read once for all invocations of a process would hold up the next one, too.
    if (!by(stage, request) || !request.path.includes('-artifacts/jobs/')) return false;
    kill = () => false;
    return true;
  };
};

describe('a stage that is killed silently', () => {
  it('is recovered in one pass, and two passes at once make one event', async () => {
    killNext('compile');
    const { job_id } = await submit(cloud.web, blueprint());
    await killedSoFar(1);
    expect((await passLater(SILENCE_S / 2)).recovered).toBe(0);
    // Just late enough for what was killed, and too early for what is started now.
    const late = new Date(Date.now() + SILENCE_S * 1000 + 500);
    await pause(1_500);
    await Promise.all([1, 2].map(() => passIn(worldAt(cloud, () => late))));
    const held = await untilSettled(cloud.web, job_id, 'runspec');
    expect(count(held, 'STALE_RECOVERED')).toBe(1);
    expect(count(held, 'REDRIVEN')).toBe(1);
    expect(held.events.find(({ event_type }) => event_type === 'STALE_RECOVERED')).toMatchObject({
      actor: { id: 'watchdog' },
      outputs: { reason: 'NO_TERMINAL_SIGNAL_STAGE_SILENT', execution: `job-${job_id}-1`, recovery: 1, of: 3 },
    });
    // The dead awakes: it is superseded and leaves nothing.
    for (const wake of killed.splice(0)) wake();
    const end = await driveToEnd(cloud.web, job_id);
    expect(count(end, 'RUNSPEC_COMPILED')).toBe(1);
    expectSound(end);
  });

  it('leaves people time: a job that waits for them is never stalled', async () => {
    const { job_id } = await submit(cloud.web, blueprint());
    const held = await untilSettled(cloud.web, job_id, 'runspec');
    await passLater();
    expect(types(await getJob(cloud.web, job_id))).toEqual(types(held));
  });

  it('is handed to a person when recovery is used up, who stops it', async () => {
    killNext('compile');
    const { job_id } = await submit(cloud.web, blueprint());
    for (let n = 1; n <= 4; n++) {
      await killedSoFar(n);
      killNext('compile');
      await passLater();
    }
    const asked = await until(
      () => getJob(cloud.web, job_id),
      ({ job }) => job.status === 'WAITING_HUMAN',
    );
    expect(asked.events.at(-1)).toMatchObject({ step: 'watchdog', outputs: { reason: 'NO_TERMINAL_SIGNAL_STAGE_SILENT' } });
    expect(await resume(job_id, 'stop')).toMatchObject({ status: 200 });
    const end = await getJob(cloud.web, job_id);
    expect(types(end).slice(-3)).toEqual(['RESUMED', 'ERROR', 'DONE']);
    expect(end.job.outcome).toBe('error');
    expectSound(end);
  });
});

describe('a job whose execution is gone', () => {
  it('goes on after "continue", at the very question that was open, and answering twice is one event', async () => {
    const { job_id } = await submit(cloud.web, idea());
    const open = await untilSettled(cloud.web, job_id, 'blueprint');
    const asked = await exhaust(job_id);
    expect(count(asked, 'STALE_RECOVERED')).toBe(3);
    expect(asked.job).toMatchObject({ status: 'WAITING_HUMAN', step: 'watchdog' });
    expect(asked.events.at(-1)).toMatchObject({
      event_type: 'WAITING_HUMAN',
      outputs: { reason: 'NO_TERMINAL_SIGNAL_EXECUTION_GONE', choices: ['continue', 'stop'] },
    });
    expect(asked.events.at(-1)?.message).toMatch(/ABORTED.*continued 3 times.*Kept so far: .*blueprint/);
    await passNow();
    expect(types(await getJob(cloud.web, job_id))).toEqual(types(asked));

    expect(await resume(job_id, 'maybe')).toMatchObject({ status: 400, body: { detail: expect.stringContaining('"continue" or "stop"') } });
    expect(await call(cloud.web, `/jobs/${job_id}/redrive`, { body: {} })).toMatchObject({ status: 409 });
    const answers = await Promise.all([resume(job_id, 'continue'), resume(job_id, ' Continue ')]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(await resume(job_id, 'stop')).toMatchObject({ status: 409 });
    const again = await untilSettled(cloud.web, job_id, 'blueprint');
    expect(count(again, 'RESUMED')).toBe(1);
    expect(again.job.subject_digest).toBe(open.job.subject_digest);
    expect(again.events.findLast(({ event_type }) => event_type === 'REDRIVEN')?.actor.id).toBe('operator');
    const end = await driveToEnd(cloud.web, job_id);
    expect(end.job.outcome).toBe('succeeded');
    expect(count(end, 'BLUEPRINT_PROPOSED')).toBe(1);
    expectSound(end);
  });

  it('that was stopped by a person can be redriven later, and asks its open question again', async () => {
    const { job_id } = await submit(cloud.web, idea());
    await untilSettled(cloud.web, job_id, 'blueprint');
    await exhaust(job_id);
    await resume(job_id, 'stop');
    expect((await getJob(cloud.web, job_id)).job).toMatchObject({ status: 'DONE', outcome: 'error' });
    await call(cloud.web, `/jobs/${job_id}/redrive`, { body: { reason: 'the cause is gone' } });
    const end = await driveToEnd(cloud.web, job_id);
    expect(end.job.outcome).toBe('succeeded');
    expectSound(end);
  });
});

describe('what was lost besides', () => {
  const admin = { region: 'us-east-1', credentials: { accessKeyId: 'admin', secretAccessKey: 'admin' }, forcePathStyle: true };

  it('is the job spec: a person is asked at once, and told to restore it before the job can be continued', async () => {
    const s3 = new S3Client({ ...admin, endpoint: cloud.aws });
    const { job_id } = await submit(cloud.web, idea());
    await untilSettled(cloud.web, job_id, 'blueprint');
    const object = { Bucket: 'holdpoint-local-artifacts', Key: `jobs/${job_id}/job_spec.json` };
    const { VersionId } = await s3.send(new DeleteObjectCommand(object));
    await loseExecution(job_id, 1);
    expect(await passNow()).toMatchObject({ asked: 1, recovered: 0 });
    const asked = await getJob(cloud.web, job_id);
    expect(asked.events.at(-1)?.message).toContain('job_spec.json is missing; restore it from its versions');
    expect(await resume(job_id, 'continue')).toMatchObject({ status: 409 });
    await s3.send(new DeleteObjectCommand({ ...object, VersionId }));
    expect(await resume(job_id, 'continue')).toMatchObject({ status: 200 });
    expect((await driveToEnd(cloud.web, job_id)).job.outcome).toBe('succeeded');
  });

  it('is the end of a log: nothing is written over the gap, and the pass says so', async () => {
    const { job_id } = await submit(cloud.web, idea());
    const held = await untilSettled(cloud.web, job_id, 'blueprint');
    const world = worldAt(cloud, () => new Date());
    const read = world.log.read;
    // The bucket refuses deletion to everybody; what is left is a store that gives less than it took.
    Object.assign(world.log, { read: async (id: string) => (await read(id)).slice(0, id === job_id ? -1 : undefined) });
    const report = await passIn(world);
    expect(report.failed).toBe(1);
    const last = held.events.length;
    expect(report.did).toContainEqual({
      job_id,
      did: `could not be reconciled: its row knows event ${last} but its log ends at ${last - 1}: events are missing; see "holdpoint verify ${job_id}"`,
    });
    expect(types(await getJob(cloud.web, job_id))).toEqual(types(held));
  });
});

describe('the watchdog', () => {
  it('asks for nothing that its policies do not grant', () => {
    expect(cloud.iam?.report().refused).toEqual([]);
  });
});

describe('a job whose time is up', () => {
  it('says so in the log each time, and ends timed_out when a person stops it', async () => {
    const build = thisBuild();
    const job = build.machines.job.replace('"TimeoutSeconds": 7776000', '"TimeoutSeconds": 1');
    expect(job).not.toBe(build.machines.job);
    const short = await startTestCloud({ build: { ...build, machines: { ...build.machines, job } } });
    const { job_id } = await submit(short.web, idea());
    const asked = await until(
      async () => {
        await passNow(short);
        return getJob(short.web, job_id);
      },
      ({ job }) => job.status === 'WAITING_HUMAN',
    );
    expect(count(asked, 'JOB_TIMEOUT')).toBe(4);
    expect(asked.events.at(-1)?.outputs['reason']).toBe('NO_TERMINAL_SIGNAL_TIMEOUT');
    expect(await resume(job_id, 'stop', short)).toMatchObject({ status: 200 });
    const end = await getJob(short.web, job_id);
    expect(end.job.outcome).toBe('timed_out');
    expect(types(end).slice(-2)).toEqual(['RESUMED', 'DONE']);
    expectSound(end);
    await short.remove();
  });
});
