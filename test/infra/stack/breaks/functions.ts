import { ANY, alarm, type Breaks, EVENTS, fn, GONE, grant, may, STATEMENTS } from './words.ts';

export const FUNCTIONS: Breaks = {
  'every function of infra/functions.ts is deployed under its name': [fn('run', 'FunctionName', 'holdpoint-dev-runs', ANY)],
  'every function has a role of its own': [fn('compile', 'Role', { 'Fn::GetAtt': ['webRole53AD5971', 'Arn'] }, ANY)],
  'functions run Node 24 on arm64, are traced, and log into a group that forgets': [
    fn('run', 'Runtime', 'nodejs22.x'),
    fn('run', 'Architectures', ['x86_64']),
    fn('run', 'TracingConfig', GONE),
    ['dev', 'service Logs::LogGroup runLogs', 'Properties.RetentionInDays', 3653],
    ['dev', 'service Logs::LogGroup runLogs', 'Properties.LogGroupName', '/aws/lambda/other'],
  ],
  'the environment of every function is one it accepts, and names the alias, not the machine': [
    fn('run', 'Environment.Variables.HOLDPOINT_TABLE', GONE),
    fn('run', 'Environment.Variables.HOLDPOINT_ENV', 'prod'),
    fn('run', 'Environment.Variables.HOLDPOINT_JOB_MACHINE_ARN', 'arn:aws:states:us-east-1:123456789012:stateMachine:holdpoint-dev-job'),
  ],
  'no resource is a bare wildcard but for X-Ray and log delivery': [may('run', 'sns:Publish', '*')],
  'no statement names an action by wildcard': [may('run', 'sns:*', 'arn:aws:sns:us-east-1:1:x')],
  'no function may delete any object, version, bucket or table': [
    may('run', 's3:DeleteObject', 'arn:aws:s3:::holdpoint-dev-artifacts/jobs/*'),
    may('run', 's3:PutBucketPolicy', 'arn:aws:s3:::holdpoint-dev-artifacts'),
    may('run', 'dynamodb:DeleteTable', 'arn:aws:dynamodb:us-east-1:1:table/holdpoint-dev-jobs'),
  ],
  'event logs are reached under jobs/, audit/ and digests/ only': [
    may('run', 's3:GetObject', `${EVENTS}/*`),
    may('run', 's3:ListBucket', EVENTS),
    grant('run', 'EventKeys', '.Condition', { StringLikeIfExists: { 's3:prefix': ['*'] } }),
    grant('run', 'Events', '.Resource', `${EVENTS}/digests/*`, ['digests are signed']),
  ],
  'machines are started through the alias only, by web and reconciler; of a rollout, canaries start jobs': [
    may('run', 'states:StartExecution', 'x'),
    ['dev', 'service IAM::Policy webRoleDefaultPolicy', `${STATEMENTS}.Action=states:StartExecution.Condition`, GONE],
    ['dev', 'service IAM::Policy webRoleDefaultPolicy', `${STATEMENTS}.Action=states:StartExecution.Resource`, 'arn:aws:states:x'],
  ],
  'waits are answered by checkpoint, reconciler and web only, of these machines only': [
    may('run', 'states:SendTaskSuccess', 'x'),
    may('web', 'states:SendTaskSuccess', 'arn:aws:states:us-east-1:1:stateMachine:other'),
  ],
  'cassettes are read by the agents and the doctor and shown by the API, and written by nobody where nothing is recorded': [
    may('run', 's3:GetObject', 'arn:aws:s3:::holdpoint-dev-cassettes/*'),
    may('intent', 's3:PutObject', 'arn:aws:s3:::holdpoint-dev-cassettes/*'),
  ],
  'the registry is written by the registry only, and its trials are read by the agents only': [
    may('run', 's3:PutObject', 'arn:aws:s3:::holdpoint-dev-artifacts/registry/*'),
    may('run', 's3:GetObject', 'arn:aws:s3:::holdpoint-dev-artifacts/registry/*'),
  ],
  'functions that only ask flags and kill switch read that one item, and no row of a job': [
    grant('intake', 'Flags', '.Condition', GONE),
    grant('intake', 'Flags', '.Action', ['dynamodb:GetItem', 'dynamodb:Query']),
    grant('intake', 'Flags', '', GONE, ['the stack says']),
  ],
  'who sets flags and writes nothing else to the table may write that one item only': [
    grant('enter', 'SetFlags', '.Condition', GONE),
    grant('enter', 'SetFlags', '.Sid', 'Set', ['the stack says']),
  ],
  'the audit log is written by the API and by rollouts, which set flags': [
    may('run', 's3:PutObject', `${EVENTS}/audit/*`),
    may('run', 's3:GetObject', `${EVENTS}/audit/*`),
  ],
  'digests are signed and written by one function, which writes no log, and verified by two that cannot sign': [
    may('run', 'kms:Sign', 'x'),
    may('run', 'kms:GetPublicKey', 'x'),
    may('web', 's3:PutObject', `${EVENTS}/digests/*`),
    may('run', 's3:GetObject', `${EVENTS}/digests/*`),
    may('digest', 's3:PutObject', `${EVENTS}/jobs/*`),
    may('run', 's3:ListBucketVersions', 'arn:aws:s3:::holdpoint-dev-artifacts'),
    may('smoke', 's3:PutObject', `${EVENTS}/jobs/*`),
  ],
  'digests are written every hour, and a pass that fails raises an alarm': [
    ['dev', 'service Scheduler::Schedule DigestSchedule', 'Properties.Target.Input', '{}'],
    ['dev', 'service Scheduler::Schedule DigestSchedule', 'Properties.ScheduleExpression', 'rate(1 day)', ['%s runs on schedule']],
    alarm('digest-errors', 'Threshold', 5, ['thresholds are']),
    alarm('digest-errors', 'Dimensions.0.Value', 'holdpoint-dev-web'),
  ],
  'a function stays with its versions, role, grants and log group when it leaves the template': [
    ['dev', 'service Lambda::Function holdpoint-dev-run', 'DeletionPolicy', 'Delete'],
    ['dev', 'service Lambda::Version runFunction', 'DeletionPolicy', 'Delete'],
    ['dev', 'service Logs::LogGroup runLogs', 'UpdateReplacePolicy', 'Delete'],
    ['dev', 'service IAM::Role runRole', 'DeletionPolicy', GONE],
    ['dev', 'service IAM::Policy runRoleDefaultPolicy', 'DeletionPolicy', GONE],
  ],
  'no function has a URL of its own': [
    ['dev', 'service', 'Resources.Broken', { Type: 'AWS::Lambda::Url', Properties: { AuthType: 'AWS_IAM' } }],
  ],
  'the web function alone knows where people sign in, and reads the client secret': [
    [
      'signed',
      'service Lambda::Function holdpoint-signed-run',
      'Properties.Environment.Variables.HOLDPOINT_OIDC_ISSUER',
      'https://id.example.com',
    ],
    [
      'signed',
      'service IAM::Policy runRoleDefaultPolicy',
      `${STATEMENTS}.+`,
      {
        ...{ Effect: 'Allow', Action: 'secretsmanager:GetSecretValue' },
        Resource: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:holdpoint-signed-client-AbCdEf',
      },
    ],
  ],
  'agents and the doctor write cassettes where recording is on': [
    ['recording', 'service IAM::Policy intentRoleDefaultPolicy', STATEMENTS, []],
  ],
  'with a key of the account, every function may use that key, and two of them the one of the digests': [
    ['prod', 'service IAM::Policy runRoleDefaultPolicy', STATEMENTS, [], ANY],
    [
      'prod',
      'service IAM::Policy runRoleDefaultPolicy',
      `${STATEMENTS}.+`,
      { Effect: 'Allow', Action: 'kms:ScheduleKeyDeletion', Resource: 'x' },
    ],
    may('run', 'kms:Decrypt', 'x'),
  ],
  'the stack says no more and no less than infra/grants.ts': [
    may('run', 's3:GetObject', 'arn:aws:s3:::holdpoint-dev-telemetry/x', [], { Sid: 'More' }),
    grant('run', 'WriteLogs', '', GONE),
  ],
};
