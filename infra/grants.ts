import { TELLERS, tellsByTopic } from './environment/variables.ts';
import type { Environment } from './environments.ts';
import type { FunctionName } from './functions.ts';
import { type BucketId, MACHINES, type MachineId } from './names.ts';
import type { TABLE } from './table.ts';

export type IndexName = (typeof TABLE.indexes)[number]['name'];

/**
 * What a function may touch. `objects` are keys under a prefix; `keys` lists them; `alias` is machines started
 * through their alias; `secret` is one that people made and configured; `approvals-topic` tells approvers; `executions` are those of machines; `waits` are open task tokens; `runner-project` is the build project that runs checks;
 * `flags` is the one item of flags and kill switch; `digest-key` signs digests.
 */
export type Target =
  | { on: 'objects'; bucket: BucketId; prefix: string }
  | { on: 'keys'; bucket: BucketId; prefixes: readonly string[] }
  | { on: 'table' }
  | { on: 'job-items' }
  | { on: 'flags' }
  | { on: 'indexes'; names: readonly IndexName[] }
  | { on: 'context-keys' }
  | { on: 'digest-key' }
  | { on: 'secret'; arn: string }
  | { on: 'approvals-topic' }
  | { on: 'bedrock-model'; model: string }
  | { on: 'alias'; machines: readonly MachineId[] }
  | { on: 'executions'; machines: readonly MachineId[] }
  | { on: 'workgroup' }
  | { on: 'telemetry-catalog' }
  | { on: 'query-answers' }
  | { on: 'telemetry-bucket' }
  | { on: 'runner-project' }
  | { on: 'waits' };

export type Grant = Target & {
  /** Statement id; letters and digits, unique within a function. */
  sid: string;
  actions: readonly string[];
  /** Where the resource ends in a wildcard: why it must. */
  reason?: string;
};

const objects = (sid: string, bucket: BucketId, prefix: string, actions: readonly string[], reason: string): Grant => ({
  sid,
  on: 'objects',
  bucket,
  prefix,
  actions,
  reason,
});
const keys = (sid: string, bucket: BucketId, ...prefixes: string[]): Grant => ({
  sid,
  on: 'keys',
  bucket,
  prefixes,
  actions: ['s3:ListBucket'],
});
const table = (...actions: string[]): Grant => ({ sid: 'JobsTable', on: 'table', actions: actions.map((name) => `dynamodb:${name}`) });

const GET = ['s3:GetObject'];
const PUT = ['s3:PutObject'];
const GET_PUT = [...GET, ...PUT];

const EVENT_REASON = 'event keys carry job id and sequence number, known only at run time';

// The bucket itself refuses overwriting and deleting. Without ListBucket a missing key answers 403 instead of 404.
const EVENTS: readonly Grant[] = [objects('Events', 'events', 'jobs/', GET_PUT, EVENT_REASON), keys('EventKeys', 'events', 'jobs/')];
const JOB_REASON = 'keys of job files carry the job id, known only at run time';
const jobFiles = (actions: readonly string[]): Grant => objects('JobFiles', 'artifacts', 'jobs/', actions, JOB_REASON);
const snapshots = (actions: readonly string[]): Grant =>
  objects('Snapshots', 'artifacts', 'snapshots/', actions, 'snapshots are content-addressed; the job names the one it reads');
const notifications = (actions: readonly string[]): Grant =>
  objects('Notifications', 'artifacts', 'notifications/', actions, 'notifications are filed under the jobs they are about');
const ROWS_REASON = 'rows are filed under the day and the job they are about, known only at run time';
const telemetry = (actions: readonly string[]): Grant => objects('Telemetry', 'telemetry', '', actions, ROWS_REASON);
const CONTEXT_KEYS: Grant = { sid: 'ContextKeys', on: 'context-keys', actions: ['secretsmanager:GetSecretValue'] };
const BASE: readonly Grant[] = [...EVENTS, CONTEXT_KEYS];
/** For stages that leave nothing in the log. */
const READS_LOG: readonly Grant[] = [
  objects('Events', 'events', 'jobs/', GET, EVENT_REASON),
  keys('EventKeys', 'events', 'jobs/'),
  CONTEXT_KEYS,
];

const AUDIT_REASON = 'events of the audit log carry sequence numbers, known only at run time';
const audit = (actions: readonly string[]): Grant => objects('Audit', 'events', 'audit/', actions, AUDIT_REASON);
/** Asks flags and kill switch before it acts; a lost item is read from the audit log. */
const FLAGS: Grant = { sid: 'Flags', on: 'flags', actions: ['dynamodb:GetItem'] };
const SWITCHES: readonly Grant[] = [FLAGS, audit(GET)];

/** Changes flags, and no other item of that kind. */
const FLAGS_WRITE: Grant = { sid: 'SetFlags', on: 'flags', actions: ['dynamodb:GetItem', 'dynamodb:PutItem'] };

const DIGEST_REASON = 'digests are numbered in the order they are written';
const digests = (actions: readonly string[]): Grant => objects('Digests', 'events', 'digests/', actions, DIGEST_REASON);
const digestKey = (...actions: string[]): Grant => ({ sid: 'DigestKey', on: 'digest-key', actions: actions.map((name) => `kms:${name}`) });
/** What a delete marker or a second version would give away. */
const VERSIONS: Grant = { ...keys('Versions', 'events', 'jobs/', 'audit/', 'digests/'), actions: ['s3:ListBucketVersions'] };

const READS_JOB: readonly Grant[] = [...BASE, jobFiles(GET_PUT), keys('FileKeys', 'artifacts', 'jobs/')];
const READS_SNAPSHOT: readonly Grant[] = [...BASE, jobFiles(GET_PUT), snapshots(GET), keys('FileKeys', 'artifacts', 'jobs/', 'snapshots/')];
const TRIALS = 'registry/trials/';
const READS_TRIALS: Grant = objects('Trials', 'artifacts', TRIALS, GET, 'trials are filed under the jobs they record');
/** Shows a job that is over, and writes its rows of telemetry. */
const ENDS_JOB: readonly Grant[] = [...READS_JOB, ...SWITCHES, table('PutItem'), telemetry(PUT)];

const CASSETTE_REASON = 'cassette keys are digests of the question, known only at run time';
const LIST_CASSETTES: Grant = keys('CassetteKeys', 'cassettes', '');
const REPLAY: readonly Grant[] = [objects('Cassettes', 'cassettes', '', GET, CASSETTE_REASON), LIST_CASSETTES];

const ANSWER_WAITS: Grant = { sid: 'AnswerWaits', on: 'waits', actions: ['states:SendTaskSuccess', 'states:SendTaskFailure'] };
const WATCH_JOBS: Grant = {
  sid: 'WatchJobs',
  on: 'executions',
  machines: MACHINES,
  actions: ['states:DescribeExecution', 'states:StopExecution'],
  reason: 'execution names are job ids and run numbers, known only at run time',
};
const CONTROL: readonly Grant[] = [
  ANSWER_WAITS,
  { sid: 'StartJobs', on: 'alias', machines: MACHINES, actions: ['states:StartExecution'] },
  WATCH_JOBS,
];
const HISTORY: Grant = { ...WATCH_JOBS, sid: 'MeasureJobs', actions: ['states:GetExecutionHistory'] };
const query = (...names: IndexName[]): Grant => ({ sid: 'JobLists', on: 'indexes', names, actions: ['dynamodb:Query'] });

/** Athena reads and writes S3 in the name of who asks it: https://docs.aws.amazon.com/athena/latest/ug/security-iam-athena-calledvia.html */
const ASKS_ATHENA: readonly Grant[] = [
  {
    sid: 'AskAthena',
    on: 'workgroup',
    actions: ['StartQueryExecution', 'StopQueryExecution', 'GetQueryExecution', 'GetQueryResults'].map((name) => `athena:${name}`),
  },
  { sid: 'ReadCatalog', on: 'telemetry-catalog', actions: ['glue:GetDatabase', 'glue:GetTable', 'glue:GetPartitions'] },
  {
    sid: 'KeepAnswers',
    on: 'query-answers',
    actions: GET_PUT,
    reason: 'Athena names the objects of answers by the id of the question, known only at run time',
  },
  { sid: 'FindAnswers', on: 'telemetry-bucket', actions: ['s3:GetBucketLocation', 's3:ListBucket'] },
];

/** Least privilege, one list per function. */
export const GRANTS: Readonly<Record<FunctionName, readonly Grant[]>> = {
  intake: [...BASE, ...SWITCHES, jobFiles(PUT), snapshots(GET), keys('FileKeys', 'artifacts', 'snapshots/'), table('PutItem')],
  intent: [
    ...[...BASE, ...SWITCHES, jobFiles(GET_PUT), snapshots(GET), READS_TRIALS],
    keys('FileKeys', 'artifacts', 'jobs/', 'snapshots/', TRIALS),
    ...REPLAY,
  ],
  checkpoint: [...READS_JOB, audit(GET), notifications(PUT), table('GetItem', 'PutItem', 'DeleteItem'), ANSWER_WAITS],
  compile: READS_SNAPSHOT,
  run: READS_SNAPSHOT,
  gates: READS_SNAPSHOT,
  registry: [
    ...READS_JOB,
    ...SWITCHES,
    objects('Registry', 'artifacts', 'registry/', PUT, 'trials and cards are filed under the job or the digest they record'),
  ],
  report: [...BASE, ...SWITCHES, jobFiles(GET_PUT), READS_TRIALS, keys('FileKeys', 'artifacts', 'jobs/', TRIALS), ...REPLAY],
  finish: ENDS_JOB,
  stop: [...ENDS_JOB, ...REPLAY],
  runner: [...READS_LOG, ...SWITCHES, jobFiles(GET_PUT), keys('FileKeys', 'artifacts', 'jobs/')],
  attest: READS_LOG,
  smoke: [
    objects('Events', 'events', 'jobs/', GET, 'event keys carry job id and sequence number, known only at run time'),
    ...[keys('EventKeys', 'events', 'jobs/'), CONTEXT_KEYS, digests(GET), digestKey('GetPublicKey'), audit(GET)],
    { ...keys('Versions', 'events', 'jobs/', 'audit/'), actions: ['s3:ListBucketVersions'] },
    ...[jobFiles(GET_PUT), keys('FileKeys', 'artifacts', 'jobs/'), LIST_CASSETTES, keys('TelemetryKeys', 'telemetry', '')],
    table('GetItem', 'BatchGetItem'),
    query('by_created', 'by_status', 'waiting', 'due'),
  ],
  enter: [...BASE, jobFiles(GET), audit(GET_PUT), FLAGS_WRITE],
  canary: [
    ...[...BASE, ...SWITCHES, jobFiles(GET_PUT), snapshots(GET), keys('FileKeys', 'artifacts', 'jobs/', 'snapshots/')],
    table('PutItem', 'UpdateItem'),
    ...[telemetry(GET_PUT), keys('TelemetryKeys', 'telemetry', '')],
    { sid: 'StartCanaries', on: 'alias', machines: ['job'], actions: ['states:StartExecution'] },
    { ...WATCH_JOBS, sid: 'StopCanaries', machines: ['job'], actions: ['states:StopExecution'] },
  ],
  evaluate: [...BASE, jobFiles(GET_PUT), keys('FileKeys', 'artifacts', 'jobs/'), telemetry(GET), keys('TelemetryKeys', 'telemetry', '')],
  rollback: [...BASE, jobFiles(GET), audit(GET_PUT), FLAGS, table('PutItem'), telemetry(PUT)],
  reconcile: [
    ...BASE,
    ...[jobFiles(GET), notifications(GET_PUT), telemetry(PUT)],
    keys('FileKeys', 'artifacts', 'jobs/', 'notifications/'),
    audit(GET),
    table('GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query'),
    query('waiting', 'due'),
    ...CONTROL,
    HISTORY,
  ],
  digest: [
    objects('Events', 'events', 'jobs/', GET, EVENT_REASON),
    keys('EventKeys', 'events', 'jobs/'),
    ...[audit(GET), digests(GET_PUT), digestKey('Sign', 'GetPublicKey')],
    table('GetItem', 'BatchGetItem', 'UpdateItem'),
    query('due'),
  ],
  telemetry: [telemetry(GET), keys('RowKeys', 'telemetry', ''), ...ASKS_ATHENA],
  web: [
    ...BASE,
    ...[VERSIONS, digests(GET), digestKey('GetPublicKey')],
    ...[jobFiles(GET_PUT), snapshots(GET_PUT), notifications(GET_PUT), telemetry(GET_PUT)],
    keys('FileKeys', 'artifacts', 'jobs/', 'snapshots/', 'notifications/'),
    keys('TelemetryKeys', 'telemetry', ''),
    ...REPLAY,
    audit(GET_PUT),
    table('GetItem', 'BatchGetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query'),
    query('by_created', 'by_status', 'waiting', 'due'),
    ...[...CONTROL, HISTORY],
  ],
};

/** Functions that may ask a model: the last one for the doctor. */
const AGENTS: readonly FunctionName[] = ['intent', 'report', 'stop'];

const LIVE_CALLS: readonly Grant[] = [
  objects('RecordCassettes', 'cassettes', '', PUT, CASSETTE_REASON),
  // Items of jobs only: on the whole table this would also be the right to read flags, under another name.
  { sid: 'Budgets', on: 'job-items', actions: ['dynamodb:GetItem', 'dynamodb:UpdateItem'] },
];
const secret = (sid: string, arn: string | undefined): Grant[] =>
  arn === undefined ? [] : [{ sid, on: 'secret', arn, actions: ['secretsmanager:GetSecretValue'] }];
const BUILDS: Grant = { sid: 'Builds', on: 'runner-project', actions: ['codebuild:StartBuild', 'codebuild:BatchGetBuilds'] };
const TELL: Grant = { sid: 'TellApprovers', on: 'approvals-topic', actions: ['sns:Publish'] };

type Settings = Pick<Environment, 'llm' | 'oidc' | 'notifications' | 'approvals' | 'runner'>;

/** Models that the function's own credentials sign for. */
const bedrock = ({ providers }: Environment['llm']): Grant[] =>
  providers.flatMap((provider, i) =>
    provider.kind === 'bedrock' && provider.keyName === undefined
      ? [
          {
            sid: `Bedrock${i + 1}`,
            on: 'bedrock-model',
            model: provider.model,
            actions: ['bedrock:InvokeModel'],
            reason: 'an inference profile chooses among regions, and the model has an ARN in each',
          },
        ]
      : [],
  );

/** What depends on the environment: recording, live calls and their keys, sign-in, whom to tell and how. */
const configured = (name: FunctionName, { llm, oidc, notifications, approvals, runner }: Settings): Grant[] => [
  ...(name === 'runner' && runner ? [BUILDS] : []),
  ...(AGENTS.includes(name) && llm.mode !== 'replay' ? [...LIVE_CALLS, ...secret('ProviderKeys', llm.keysSecretArn), ...bedrock(llm)] : []),
  ...(name === 'smoke' && llm.mode !== 'replay' ? secret('ProviderKeys', llm.keysSecretArn) : []),
  ...(TELLERS.includes(name) ? secret('Addresses', notifications.secretArn) : []),
  ...(TELLERS.includes(name) && tellsByTopic({ approvals }) ? [TELL] : []),
  ...(name === 'web' ? secret('SignInSecret', oidc?.clientSecretArn) : []),
];

/** The grants of one function in one environment. */
export const grantsOf = (name: FunctionName, settings: Settings): readonly Grant[] => [...GRANTS[name], ...configured(name, settings)];
