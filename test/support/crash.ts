import { type ChildProcess, fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { approve, call, getJob, type JobAnswer, startTestCloud, submit, temporaryFolder, untilSettled } from './cloud.ts';

/** A fixed clock: what two runs write can be compared to the byte. */
export const FIXED_TIME = { SOURCE_DATE_EPOCH: '1767225600' };

const SCRIPT = fileURLToPath(new URL('./crashing-cloud.ts', import.meta.url));

const message = (child: ChildProcess): Promise<unknown> => new Promise((resolve) => child.once('message', resolve));

/** Drives a job as people would, until it is done or the cloud is gone. */
const drive = async (web: string, spec: unknown): Promise<JobAnswer> => {
  const { job_id } = await submit(web, spec);
  for (;;) {
    const answer = await untilSettled(web, job_id);
    if (answer.job.status === 'DONE') return answer;
    await approve(web, job_id, answer.job.step ?? '');
  }
};

export type Ended = { answer: JobAnswer; artifacts: Record<string, string> };

const artifactDigests = async (web: string, jobId: string): Promise<Record<string, string>> => {
  const { artifacts } = (await call(web, `/jobs/${jobId}/artifacts`)).body as { artifacts: { path: string }[] };
  const entries = artifacts.map(async ({ path }) => {
    const bytes = await (await fetch(`${web}/jobs/${jobId}/artifacts/${path}`)).arrayBuffer();
    return [path, createHash('sha256').update(new Uint8Array(bytes)).digest('hex')] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
};

/** Runs the job on a cloud that dies at its n-th change, restarts on the same folder, and lets it end. */
export const crashAndContinue = async (spec: unknown, nth: number, when: 'before' | 'after'): Promise<Ended & { died: boolean }> => {
  const dataDir = temporaryFolder();
  const child = fork(SCRIPT, [dataDir, String(nth), when], {
    execArgv: [],
    env: { ...process.env, ...FIXED_TIME },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const gone = new Promise<boolean>((resolve) => child.once('exit', (_, signal) => resolve(signal === 'SIGKILL')));
  const web = String(await message(child));
  child.send('count');
  await message(child);
  const finished = drive(web, spec).then(
    () => false,
    () => gone,
  );
  const died = await finished;
  child.kill('SIGKILL');
  await gone;
  const cloud = await startTestCloud({ dataDir, environment: FIXED_TIME });
  try {
    const ended = await drive(cloud.web, spec);
    return { died, answer: await getJob(cloud.web, ended.job.job_id), artifacts: await artifactDigests(cloud.web, ended.job.job_id) };
  } finally {
    await cloud.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
};

/** The same job without a crash: what every other run must equal. */
export const runUndisturbed = async (spec: unknown): Promise<Ended> => {
  const cloud = await startTestCloud({ environment: FIXED_TIME });
  try {
    const answer = await drive(cloud.web, spec);
    return { answer, artifacts: await artifactDigests(cloud.web, answer.job.job_id) };
  } finally {
    await cloud.remove();
  }
};
