import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { readEnv } from '../../../adapters/env.ts';
import { TELLS } from '../../../adapters/notify/parts.ts';
import { createWorld } from '../../../adapters/world.ts';
import { LOCAL_POLICY } from '../../../contracts/approval-policy.ts';
import { DEFAULT_ADDRESS } from '../../../contracts/notification.ts';
import { createCommands } from '../../../functions/stage/commands.ts';
import { APPROVALS_TOPIC_ARN, functionVariables, JOB_MACHINE_ARN } from '../../../infra/local/settings.ts';
import type { AwsRequest, Handle } from '../../../infra/local/wire.ts';
import { type Answer, call, getJob, submit, type TestCloud, until, untilSettled } from '../cloud.ts';
import { sample } from '../specs.ts';

let runs = 9000;
export const idea = (name = 'idea-trend', changes: Record<string, unknown> = {}) => sample(name, { run: runs++, ...changes });

export const saying = (hypothesis: string, changes: Record<string, unknown> = {}) => {
  const spec = idea('idea-trend', changes);
  return { ...spec, idea: { ...(spec['idea'] as object), hypothesis } };
};

export const FAILED = { status: 500, headers: { 'content-type': 'application/x-amz-json-1.0' }, body: '{"__type":"InternalFailure"}' };

export const by = (name: string, { headers }: AwsRequest): boolean =>
  headers['authorization']?.includes(`Credential=LOCAL-${name}/`) === true;
/** Requests an SDK client makes before it gives up. */
export const SDK_TRIES = 4;

/** One request that must succeed. */
export const ask = async (...request: Parameters<typeof call>): Promise<Answer> => {
  const answer = await call(...request);
  if (answer.status >= 400) throw new Error(`${request[1]} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer;
};

export const OPERATOR = { type: 'user', id: 'ops', identity: 'local' } as const;

/** The commands as the API carries them out, with the API's own identity. */
export const commandsOf = ({ dataDir, aws, web }: TestCloud, environment = {}) =>
  createCommands(createWorld(readEnv(functionVariables(dataDir, { aws, web }, environment)('web')), TELLS));

/** Decides what waits at `step`. */
export const decide = async (
  web: string,
  jobId: string,
  step: string,
  choice: 'approve' | 'reject' | 'revise',
  send = ask,
): Promise<void> => {
  const { job } = await untilSettled(web, jobId, step);
  await send(web, `/jobs/${jobId}/${choice}?step=${step}`, { body: { subject_digest: job.subject_digest, comment: 'so it goes' } });
};

export const ended = (web: string, jobId: string) =>
  until(
    () => getJob(web, jobId),
    ({ job }) => job.status === 'DONE',
  );

export const setFlag = (web: string, flag: string) =>
  ask(web, `/flags/${flag}`, { method: 'PUT', body: { value: true, reason: 'a trial' } });

/** Looks at a job, and at everything else, as people do. */
export const lookAround = async (web: string, jobId: string): Promise<void> => {
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
    '/metrics',
    '/ui/metrics',
    '/ui/rollout',
    '/queue',
    '/status',
  ];
  const own = ['', '/artifacts', '/artifacts/job_spec.json', '/verify', '/report'].map((path) => `/jobs/${jobId}${path}`);
  for (const path of [...lists, ...own, `/ui/jobs/${jobId}`, `/ui/jobs/${jobId}/budget`]) {
    const answer = await fetch(web + path);
    const text = await answer.text();
    if (answer.status >= 500) throw new Error(`${path} answered ${answer.status}: ${text.slice(0, 300)}`);
  }
};

/** The execution opens the job itself, and a second one finds it taken. */
export const startedByAws = async ({ aws, web }: TestCloud): Promise<void> => {
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

/** Approvers are told by e-mail, through the topic of the stack. */
export const telling = (steps: object) => ({
  HOLDPOINT_NOTIFY_TOPIC_ARN: APPROVALS_TOPIC_ARN,
  HOLDPOINT_APPROVAL_POLICY: JSON.stringify({
    ...LOCAL_POLICY,
    steps,
    recipients: [{ approver: null, channel: 'email', address: DEFAULT_ADDRESS }],
  }),
});

/** The item of flags is lost, and with it what it said: functions read the audit log instead. */
export const withoutFlags =
  (handle: Handle): Handle =>
  async (request) => {
    const answer = await handle(request);
    const asks = request.headers['x-amz-target']?.endsWith('.GetItem') === true && request.body.includes('"FLAGS"');
    return asks && answer.status === 200 ? { ...answer, headers: {}, body: '{}' } : answer;
  };
