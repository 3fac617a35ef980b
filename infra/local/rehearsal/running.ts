import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import * as z from 'zod';
import { Problem } from '../../../contracts/http.ts';

/** A build that runs on a data folder. */
export type Running = {
  submit(spec: unknown): Promise<string>;
  read(jobId: string): Promise<JobDetail>;
  /** POSTs, and gives what the service says against it; null where it took it. */
  post(path: string, body: unknown): Promise<string | null>;
  /** What the simulated providers answer from now on, by schema version. */
  answer(answers: Record<string, unknown>): Promise<void>;
  /** The last that it logged about a job as an error, or null. */
  complaint(jobId: string): string | null;
  stop(): Promise<void>;
};

/** The build does not run: on this data, or at all. */
export class DoesNotStart extends Error {
  override name = 'DoesNotStart';
}

/** A start takes about two seconds; on a busy machine longer. In ms. */
const START_MS = 90_000;
/** A job's calls before its budget is asked for: two, so that jobs can be brought to ask. */
const BUDGET_CALLS = '2';
/** Characters of its standard error that are kept. */
const WORDS = 64_000;

/** What is looked at of an event and a job: a build may say more than this one knows. */
export const JobDetail = z.looseObject({
  job: z.looseObject({
    status: z.string(),
    step: z.string().nullable(),
    outcome: z.string().nullable(),
    subject_digest: z.string().nullable(),
  }),
  events: z.array(
    z.looseObject({
      seq: z.int(),
      event_type: z.string(),
      run_id: z.string(),
      message: z.string().nullable(),
      outputs: z.record(z.string(), z.unknown()),
    }),
  ),
});
export type JobDetail = z.infer<typeof JobDetail>;

/** Nothing of the caller's own configuration: a rehearsal is the same on every machine. */
const environment = (): Record<string, string> => ({
  ...Object.fromEntries(['PATH', 'HOME', 'TMPDIR'].flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]))),
  HOLDPOINT_BUDGET_CALLS: BUDGET_CALLS,
  HOLDPOINT_LLM_RETRIES: '0',
  // What a function could not do is said, in words the report can give.
  HOLDPOINT_LOG_LEVEL: 'ERROR',
});

const json = async (url: string, method = 'GET', body?: unknown): Promise<{ status: number; body: unknown }> => {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const headers = { 'content-type': 'application/json', 'x-holdpoint-user': 'rehearsal' };
  const response = await fetch(url, { method, headers, ...sent });
  return { status: response.status, body: await response.json() };
};

const said = ({ status, body }: { status: number; body: unknown }): string => {
  const problem = Problem.safeParse(body);
  return problem.success ? `${problem.data.code}: ${problem.data.detail}` : `${status}: ${JSON.stringify(body).slice(0, 300)}`;
};

type Addresses = { web: string; simulator: string };

const clientOf = ({ web, simulator }: Addresses): Omit<Running, 'stop' | 'complaint'> => ({
  submit: async (spec) => {
    const answer = await json(`${web}/jobs`, 'POST', spec);
    if (answer.status >= 400) throw new Error(said(answer));
    return z.looseObject({ job_id: z.string() }).parse(answer.body).job_id;
  },
  read: async (jobId) => {
    const answer = await json(`${web}/jobs/${jobId}`);
    if (answer.status >= 400) throw new Error(said(answer));
    return JobDetail.parse(answer.body);
  },
  post: async (path, body) => {
    const answer = await json(`${web}${path}`, 'POST', body);
    return answer.status >= 400 ? said(answer) : null;
  },
  answer: async (answers) => void (await json(`${simulator}/simulator/answers`, 'PUT', answers)),
});

const Logged = z.object({ error: z.object({ message: z.string() }) });

const messageIn = (line: string): string => {
  try {
    return Logged.parse(JSON.parse(line)).error.message;
  } catch {
    return line;
  }
};

const complaintAbout = (words: string, jobId: string): string | null => {
  const line = words.split('\n').findLast((one) => one.includes(jobId));
  return line === undefined ? null : messageIn(line).slice(0, 500);
};

/**
 * Runs the local cloud of a build as another program, on a data folder.
 * @throws DoesNotStart with what it said
 */
export const runBuild = async (folder: string, dataDir: string, more: Record<string, string> = {}): Promise<Running> => {
  const args = ['--disable-warning=ExperimentalWarning', join(folder, 'infra/local/main.ts')];
  const options = ['--port', '0', '--aws-port', '0', '--data', dataDir, '--simulate-llm'];
  const child = spawn(process.execPath, [...args, ...options], {
    cwd: folder,
    env: { ...environment(), ...more },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let words = '';
  child.stderr.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString()).slice(-WORDS);
  });
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const addresses: Partial<Addresses> = {};
  const ready = new Promise<Addresses>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [what, address = ''] = line.split(' ');
      if (what === 'simulator') addresses.simulator = address;
      if (what === 'ready') resolve({ simulator: '', ...addresses, web: address });
    });
  });
  const late = new Promise<null>((resolve) => setTimeout(() => resolve(null), START_MS).unref());
  const started = await Promise.race([ready, gone.then(() => null), late]);
  if (!started) {
    child.kill('SIGKILL');
    throw new DoesNotStart(words.trim().slice(-2_000) || `${folder} did not start within ${START_MS / 1000} s`);
  }
  const stop = async () => {
    child.kill('SIGTERM');
    await gone;
  };
  return { ...clientOf(started), complaint: (jobId) => complaintAbout(words, jobId), stop };
};
