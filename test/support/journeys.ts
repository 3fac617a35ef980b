import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { readEnv } from '../../adapters/env.ts';
import { createWorld } from '../../adapters/world.ts';
import { LOCAL_POLICY } from '../../contracts/approval-policy.ts';
import { DEFAULT_ADDRESS } from '../../contracts/notification.ts';
import { createCommands } from '../../functions/stage/commands.ts';
import type { CloudOptions } from '../../infra/local/cloud.ts';
import { APPROVALS_TOPIC_ARN, functionVariables, JOB_MACHINE_ARN } from '../../infra/local/settings.ts';
import type { Question } from '../../infra/local/simulator/simulator.ts';
import type { AwsRequest, Handle } from '../../infra/local/wire.ts';
import {
  type Answer,
  approve,
  call,
  driveToEnd,
  getJob,
  startTestCloud,
  submit,
  type TestCloud,
  temporaryFolder,
  until,
  untilSettled,
} from './cloud.ts';
import { sample } from './specs.ts';

let runs = 9000;
const idea = (name = 'idea-trend', changes: Record<string, unknown> = {}) => sample(name, { run: runs++, ...changes });

const saying = (hypothesis: string, changes: Record<string, unknown> = {}) => {
  const spec = idea('idea-trend', changes);
  return { ...spec, idea: { ...(spec['idea'] as object), hypothesis } };
};

const FAILED = { status: 500, headers: { 'content-type': 'application/x-amz-json-1.0' }, body: '{"__type":"InternalFailure"}' };

const by = (name: string, { headers }: AwsRequest): boolean => headers['authorization']?.includes(`Credential=LOCAL-${name}/`) === true;
/** Requests an SDK client makes before it gives up. */
const SDK_TRIES = 4;

/** One request that must succeed. */
const ask = async (...request: Parameters<typeof call>): Promise<Answer> => {
  const answer = await call(...request);
  if (answer.status >= 400) throw new Error(`${request[1]} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer;
};

const OPERATOR = { type: 'user', id: 'ops', identity: 'local' } as const;

/** The commands as the API carries them out, with the API's own identity. */
const commandsOf = ({ dataDir, aws, web }: TestCloud, environment = {}) =>
  createCommands(createWorld(readEnv(functionVariables(dataDir, { aws, web }, environment)('web'))));

/** Decides what waits at `step`. */
const decide = async (web: string, jobId: string, step: string, choice: 'approve' | 'reject' | 'revise', send = ask): Promise<void> => {
  const { job } = await untilSettled(web, jobId, step);
  await send(web, `/jobs/${jobId}/${choice}?step=${step}`, { body: { subject_digest: job.subject_digest, comment: 'so it goes' } });
};

const ended = (web: string, jobId: string) =>
  until(
    () => getJob(web, jobId),
    ({ job }) => job.status === 'DONE',
  );

const setFlag = (web: string, flag: string) => ask(web, `/flags/${flag}`, { method: 'PUT', body: { value: true, reason: 'a trial' } });

/** Looks at a job, and at everything else, as people do. */
const lookAround = async (web: string, jobId: string): Promise<void> => {
  const { job } = await getJob(web, jobId);
  const lists = [
    '/jobs',
    '/ui/outbox',
    '/verify',
    `/jobs?status=${job.status}`,
    '/ui/jobs',
    '/ui/approvals',
    '/ui/cassettes',
    '/snapshots',
    '/flags',
    '/audit/events',
  ];
  const own = ['', '/artifacts', '/artifacts/job_spec.json', '/verify', '/report'].map((path) => `/jobs/${jobId}${path}`);
  for (const path of [...lists, ...own, `/ui/jobs/${jobId}`, `/ui/jobs/${jobId}/budget`]) await (await fetch(web + path)).text();
};

const SNAPSHOT = [
  'date,open,high,low,close,volume',
  ...Array.from({ length: 400 }, (_, i) => `${new Date(Date.UTC(2001, 0, 1 + i)).toISOString().slice(0, 10)},100,101,99,100,1000`),
].join('\n');

/** Jobs of every outcome that needs no model, flags and snapshots, in one cloud. */
const replayed = async (options: Partial<CloudOptions>): Promise<void> => {
  const cloud = await startTestCloud({ digestEveryMs: 300, ...options });
  const { web } = cloud;
  try {
    await setFlag(web, 'doctor_enabled');
    const succeeds = await submit(web, idea());
    await decide(web, succeeds.job_id, 'blueprint', 'approve');
    await decide(web, succeeds.job_id, 'runspec', 'revise');
    await lookAround(web, succeeds.job_id);
    await driveToEnd(web, succeeds.job_id);
    const others = ['idea-reversal', 'idea-guarded', 'blueprint-breakout'].map(async (name) => {
      const { job_id } = await submit(web, idea(name));
      await driveToEnd(web, job_id);
      await lookAround(web, job_id);
    });
    const rejected = await submit(web, idea());
    await decide(web, rejected.job_id, 'blueprint', 'reject');
    const cancelled = await submit(web, idea());
    await untilSettled(web, cancelled.job_id, 'blueprint');
    await ask(web, `/jobs/${cancelled.job_id}/cancel`, { body: { reason: 'not needed' } });
    const unknown = await submit(web, saying('Nobody has asked this before.'));
    await Promise.all([...others, startedByAws(cloud), ...[rejected, unknown].map(({ job_id }) => ended(web, job_id))]);
    await commandsOf(cloud).redrive(unknown.job_id, { reason: 'try again', actor: OPERATOR });
    await lookAround(web, unknown.job_id);
    await fetch(`${web}/snapshots/flat?symbol=FLAT`, { method: 'PUT', headers: { 'content-type': 'text/csv' }, body: SNAPSHOT });
    for (const all of [true, false]) await ask(web, '/reconcile', { body: { all, restart_waiters: false } });
    await ask(web, '/kill', { body: { halt: true, reason: 'a drill' } });
    await ask(web, '/kill/release', { body: { reason: 'over' } });
  } finally {
    await cloud.remove();
  }
};

/** The execution opens the job itself, and a second one finds it taken. */
const startedByAws = async ({ aws, web }: TestCloud): Promise<void> => {
  const sfn = new SFNClient({ region: 'us-east-1', endpoint: aws, credentials: { accessKeyId: 'ci', secretAccessKey: 'ci' } });
  const spec = idea();
  for (const name of ['first', 'second']) {
    await sfn.send(new StartExecutionCommand({ stateMachineArn: `${JOB_MACHINE_ARN}:live`, name, input: JSON.stringify(spec) }));
  }
  const input = JSON.stringify(idea('idea-trend', { snapshot_id: 'nothere' }));
  await sfn.send(new StartExecutionCommand({ stateMachineArn: `${JOB_MACHINE_ARN}:live`, name: 'nothere', input }));
  sfn.destroy();
  const { job_id } = await submit(web, spec);
  await untilSettled(web, job_id);
};

const NONSENSE = 'The model answers this with nonsense';
const UNSURE = 'Something about the market, I am not sure what.';
const asking = ({ user }: Question): string | undefined => {
  if (user.some((text) => text.includes(NONSENSE)) && !user.some((text) => text.startsWith('Explain this failure.'))) return 'nonsense';
  return user.some((text) => text.includes(UNSURE) && !text.includes('the_authors_answer'))
    ? JSON.stringify({ schema_version: 'agent_question_v1', question: 'Which holding period do you mean?' })
    : undefined;
};

/** Live and recorded answers, questions back, budgets that run out, and providers that all fail. */
const live = async (options: Partial<CloudOptions>): Promise<void> => {
  const environment = {
    HOLDPOINT_LLM_DISABLE_NETWORK: undefined,
    HOLDPOINT_LLM_RETRIES: '0',
    HOLDPOINT_LLM_TIMEOUT_SECONDS: '2',
    HOLDPOINT_BUDGET_CALLS: '2',
    HOLDPOINT_FLAGS_MAX_AGE_MS: '20',
  };
  let failures = 0;
  const failing = (request: AwsRequest): boolean =>
    by('stop', request) && request.method === 'PUT' && request.path.includes('-events/') && failures-- > 0;
  const intercept: CloudOptions['intercept'] = (handle) => async (request) => (failing(request) ? FAILED : handle(request));
  const cloud = await startTestCloud({ simulate: { answer: asking }, environment, intercept, ...options });
  const { web } = cloud;
  const confirmed = async (spec: unknown): Promise<string> => {
    const { job_id } = await submit(web, spec);
    await approve(web, job_id, 'llm_live_confirm');
    return job_id;
  };
  try {
    const recorded = await confirmed(saying('Trends go on for a while.', { llm: { mode: 'record' } }));
    const question = await confirmed(saying(UNSURE, { llm: { mode: 'live' } }));
    await until(
      () => getJob(web, question),
      ({ job }) => job.status !== 'RUNNING',
    );
    await ask(web, `/jobs/${question}/resume`, { body: { step: 'intent', answer: 'About a quarter.' } });
    await untilSettled(web, recorded, 'blueprint');
    // Its blueprint was recorded, its report was not.
    const replay = await submit(web, saying('Trends go on for a while.', { llm: { mode: 'replay' } }));
    await driveToEnd(web, replay.job_id);
    await driveToEnd(web, recorded);
    // Here it is gone at the report.
    const late = await confirmed(saying('A late budget idea.', { llm: { mode: 'live' } }));
    await decide(web, late, 'blueprint', 'revise');
    await approve(web, late, 'blueprint');
    await approve(web, late, 'runspec');
    await decide(web, late, 'budget_escalation', 'reject');
    const spent = await confirmed(saying('Another budget idea.', { llm: { mode: 'live' } }));
    await decide(web, spent, 'blueprint', 'revise');
    await decide(web, spent, 'blueprint', 'revise');
    await decide(web, spent, 'budget_escalation', 'approve');
    await untilSettled(web, spent, 'blueprint');
    await untilSettled(web, question, 'blueprint');
    // What cannot be compiled is explained by the doctor: not asked, asked in a replay, and asked of a model.
    const unreadable = (mode: string, n: number) => saying(`${NONSENSE} (${n}).`, { llm: { mode } });
    const used = async (jobId: string): Promise<void> => {
      await approve(web, jobId, 'agent_output_invalid');
      await ended(web, jobId);
    };
    await used(await confirmed(unreadable('record', 1)));
    await setFlag(web, 'doctor_enabled');
    await used((await submit(web, unreadable('replay', 1))).job_id);
    // What ends the job fails once after the doctor answered: the second try finds that answer, and does not pay again.
    failures = SDK_TRIES;
    await used(await confirmed(unreadable('record', 2)));
    // Here the money is gone when the doctor is asked.
    const poor = await confirmed(unreadable('record', 3));
    await decide(web, poor, 'agent_output_invalid', 'revise');
    await used(poor);
    await setFlag(web, 'history_pack');
    await driveToEnd(web, await confirmed(saying('Trends have a history.', { llm: { mode: 'live' } })));
    cloud.simulator?.setFaults([{ kind: 'server_error', times: Number.POSITIVE_INFINITY }]);
    const degraded = await confirmed(idea('idea-trend', { llm: { mode: 'live' } }));
    await untilSettled(web, degraded, 'blueprint');
    await ended(web, await confirmed(saying('An idea nobody recorded.', { llm: { mode: 'record' } })));
  } finally {
    await cloud.remove();
  }
};

/** Jobs before, at and behind a hold come back from the log when the table is lost. */
const lostTable = async (options: Partial<CloudOptions>): Promise<void> => {
  const dataDir = temporaryFolder();
  const first = await startTestCloud({ dataDir, ...options });
  const waiting = await submit(first.web, idea());
  await untilSettled(first.web, waiting.job_id, 'blueprint');
  const revised = await submit(first.web, idea());
  await decide(first.web, revised.job_id, 'blueprint', 'approve');
  await decide(first.web, revised.job_id, 'runspec', 'revise');
  await approve(first.web, revised.job_id, 'blueprint');
  await untilSettled(first.web, revised.job_id, 'runspec');
  await setFlag(first.web, 'doctor_enabled');
  await first.close();
  rmSync(join(dataDir, 'dynamodb'), { recursive: true });
  const second = await startTestCloud({ dataDir, ...options });
  try {
    for (const { job_id } of [waiting, revised]) await driveToEnd(second.web, job_id);
  } finally {
    await second.remove();
  }
};

/** Approvers are told by e-mail, through the topic of the stack. */
const telling = (steps: object) => ({
  HOLDPOINT_NOTIFY_TOPIC_ARN: APPROVALS_TOPIC_ARN,
  HOLDPOINT_APPROVAL_POLICY: JSON.stringify({
    ...LOCAL_POLICY,
    steps,
    recipients: [{ approver: null, channel: 'email', address: DEFAULT_ADDRESS }],
  }),
});

/** The API cannot reach Step Functions: what people decide is carried out by the reconciler. */
const mutedApi = async (options: Partial<CloudOptions>): Promise<void> => {
  const unsent = ({ method, path }: AwsRequest): boolean =>
    method === 'PUT' && path.includes('/notifications/') && /\.(sent|dead)\.json$/.test(path);
  const muted = (request: AwsRequest): boolean =>
    (by('checkpoint', request) && unsent(request)) ||
    (by('web', request) && /^AWSStepFunctions\.(SendTask|Stop)/.test(request.headers['x-amz-target'] ?? ''));
  const cloud = await startTestCloud({
    ...options,
    environment: telling({}),
    intercept: (handle) => async (request) => (muted(request) ? FAILED : handle(request)),
  });
  const { web } = cloud;
  try {
    const opened = await Promise.all([idea(), idea(), idea()].map((spec) => submit(web, spec)));
    const [approved = '', revised = '', cancelled = ''] = opened.map(({ job_id }) => job_id);
    await decide(web, approved, 'blueprint', 'approve', call);
    await decide(web, revised, 'blueprint', 'revise', call);
    await untilSettled(web, cancelled, 'blueprint');
    await call(web, `/jobs/${cancelled}/cancel`, { body: {} });
    await untilSettled(web, approved, 'runspec');
    await ended(web, revised);
    await ended(web, cancelled);
  } finally {
    await cloud.remove();
  }
};

/** The item of flags is lost, and with it what it said: functions read the audit log instead. */
const withoutFlags =
  (handle: Handle): Handle =>
  async (request) => {
    const answer = await handle(request);
    const asks = request.headers['x-amz-target']?.endsWith('.GetItem') === true && request.body.includes('"FLAGS"');
    return asks && answer.status === 200 ? { ...answer, headers: {}, body: '{}' } : answer;
  };

/** States that read a document of their job, in the order of the machine. */
const READERS = ['compile', 'run', 'gates', 'registry', 'report'];

/** Each of these states finds a document gone; a person sends the job on, which runs again from its log. Flags are gone too. */
const lostDocuments = async (options: Partial<CloudOptions>): Promise<void> => {
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

/** Approvals that several people, links and time have a part in. */
const byPolicy = async (options: Partial<CloudOptions>): Promise<void> => {
  const blueprint = {
    approvers: ['ann', 'bob'],
    quorum: 1,
    self_approval: true,
    expires_after: 1,
    on_expiry: 'escalate',
    escalate_to: ['boss'],
  };
  const environment = telling({ blueprint });
  const cloud = await startTestCloud({ ...options, environment });
  try {
    const { job_id } = await submit(cloud.web, idea());
    await untilSettled(cloud.web, job_id, 'blueprint');
    await commandsOf(cloud, environment).delegate(job_id, {
      step: 'blueprint',
      to: 'dave',
      actor: { ...OPERATOR, id: 'ann' },
      channel: 'http',
    });
    await until(
      () => getJob(cloud.web, job_id),
      ({ events }) => events.some((event) => event.event_type === 'APPROVAL_EXPIRED'),
    );
    await approve(cloud.web, job_id, 'blueprint', 'boss');
    await untilSettled(cloud.web, job_id, 'runspec');
  } finally {
    await cloud.remove();
  }
};

/** What people and machines do with this system, end to end. Each starts clouds of its own with the options it is given. */
export const JOURNEYS: Readonly<Record<string, (options: Partial<CloudOptions>) => Promise<void>>> = {
  replayed,
  live,
  lostTable,
  mutedApi,
  lostDocuments,
  byPolicy,
};
