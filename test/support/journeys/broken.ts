import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { CloudOptions } from '../../../infra/local/cloud.ts';
import type { AwsRequest } from '../../../infra/local/wire.ts';
import { approve, call, driveToEnd, startTestCloud, submit, temporaryFolder, untilSettled } from '../cloud.ts';
import { BRISK, rolloutOf } from './rollout.ts';
import { by, commandsOf, decide, ended, FAILED, idea, OPERATOR, setFlag, startedByAws, telling, withoutFlags } from './steps.ts';

/** Jobs before, at and behind a hold come back from the log when the table is lost. */
export const lostTable = async (options: Partial<CloudOptions>): Promise<void> => {
  const { dataDir = temporaryFolder() } = options;
  const started = { ...options, dataDir, environment: BRISK };
  const first = await startTestCloud(started);
  await setFlag(first.web, 'test_runner_enabled');
  const climbing = await submit(first.web, rolloutOf({ kind: 'features' }, 1));
  const waiting = await submit(first.web, idea());
  await untilSettled(first.web, waiting.job_id, 'blueprint');
  const revised = await submit(first.web, idea());
  await decide(first.web, revised.job_id, 'blueprint', 'approve');
  await decide(first.web, revised.job_id, 'runspec', 'revise');
  await approve(first.web, revised.job_id, 'blueprint');
  await untilSettled(first.web, revised.job_id, 'runspec');
  await setFlag(first.web, 'doctor_enabled');
  await untilSettled(first.web, climbing.job_id, 'stage_1');
  await first.close();
  rmSync(join(dataDir, 'dynamodb'), { recursive: true });
  const second = await startTestCloud(started);
  try {
    for (const { job_id } of [waiting, revised, climbing]) await driveToEnd(second.web, job_id);
  } finally {
    await second.remove();
  }
};

/** The checkpoint stores the token of this job's wait. */
const storesToken = (request: AwsRequest, jobId: string): boolean =>
  by('checkpoint', request) &&
  request.headers['x-amz-target']?.endsWith('.PutItem') === true &&
  request.body.includes('TOKEN#') &&
  request.body.includes(jobId);

/** The API cannot reach Step Functions: what people decide is carried out by the reconciler. */
export const mutedApi = async (options: Partial<CloudOptions>): Promise<void> => {
  const unsent = ({ method, path }: AwsRequest): boolean =>
    method === 'PUT' && path.includes('/notifications/') && /\.(sent|dead)\.json$/.test(path);
  /** A job whose token is not stored until it was decided. */
  let early: string | null = null;
  const muted = (request: AwsRequest): boolean =>
    (early !== null && storesToken(request, early)) ||
    (by('checkpoint', request) && unsent(request)) ||
    (by('web', request) && /^AWSStepFunctions\.(SendTask|Stop)/.test(request.headers['x-amz-target'] ?? ''));
  const cloud = await startTestCloud({
    ...options,
    environment: { ...telling({}), ...BRISK },
    intercept: (handle) => async (request) => (muted(request) ? FAILED : handle(request)),
  });
  const { web } = cloud;
  try {
    await setFlag(web, 'telemetry');
    await setFlag(web, 'test_runner_enabled');
    const climbing = await submit(web, rolloutOf({ kind: 'features' }, 1));
    const refused = await submit(web, rolloutOf({ kind: 'features' }, 1));
    const { job_id: decidedEarly } = await submit(web, rolloutOf({ kind: 'features' }, 1));
    early = decidedEarly;
    const opened = await Promise.all([idea(), idea(), idea()].map((spec) => submit(web, spec)));
    const [approved = '', revised = '', cancelled = ''] = opened.map(({ job_id }) => job_id);
    // Its token is not there yet: what is decided now is delivered by the checkpoint that stores it.
    await decide(web, decidedEarly, 'stage_1', 'reject', call);
    early = null;
    await decide(web, approved, 'blueprint', 'approve', call);
    await decide(web, revised, 'blueprint', 'revise', call);
    await untilSettled(web, cancelled, 'blueprint');
    await call(web, `/jobs/${cancelled}/cancel`, { body: {} });
    await decide(web, climbing.job_id, 'stage_1', 'approve', call);
    await decide(web, refused.job_id, 'stage_1', 'reject', call);
    await untilSettled(web, approved, 'runspec');
    await ended(web, revised);
    await ended(web, cancelled);
    for (const jobId of [climbing.job_id, refused.job_id, decidedEarly]) await ended(web, jobId);
  } finally {
    await cloud.remove();
  }
};

/** States that read a document of their job, in the order of the machine. */
const READERS = ['compile', 'run', 'gates', 'registry', 'report'];

/** Each of these states finds a document gone; a person sends the job on, which runs again from its log. Flags are gone too. */
export const lostDocuments = async (options: Partial<CloudOptions>): Promise<void> => {
  let loser: string | undefined;
  const redirected = (request: AwsRequest): AwsRequest => {
    if (loser === undefined || !by(loser, request) || request.method !== 'GET' || !request.path.includes('-artifacts/jobs/'))
      return request;
    loser = undefined;
    return { ...request, path: `${request.path}.gone` };
  };
  const cloud = await startTestCloud({ ...options, intercept: (handle) => (request) => withoutFlags(handle)(redirected(request)) });
  const { web } = cloud;
  try {
    await setFlag(web, 'telemetry');
    await startedByAws(cloud);
    const { job_id } = await submit(web, idea());
    await decide(web, job_id, 'blueprint', 'approve');
    await decide(web, job_id, 'runspec', 'revise');
    for (const reader of READERS) {
      loser = reader;
      if (reader !== READERS[0]) await commandsOf(cloud).redrive(job_id, { reason: 'restored', actor: OPERATOR });
      await driveToEnd(web, job_id);
      if (loser) throw new Error(`${reader} read no document`);
    }
    await commandsOf(cloud).redrive(job_id, { reason: 'restored', actor: OPERATOR });
    loser = 'checkpoint';
    const guarded = await submit(web, idea('idea-guarded'));
    await ended(web, guarded.job_id);
    await driveToEnd(web, job_id);
  } finally {
    await cloud.remove();
  }
};
