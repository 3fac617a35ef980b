import { expect } from 'vitest';
import { TELEMETRY_TABLES } from '../../../contracts/telemetry.ts';
import { telemetryKey } from '../../../contracts/telemetry-layout.ts';
import { ENVIRONMENTS } from '../../../infra/environments.ts';
import { describe, test } from '../proving.ts';
import {
  flat,
  list,
  ofType,
  only,
  type Properties,
  type Statement,
  statements,
  statementsOfRole,
  synthesized,
  type Template,
} from '../synth.ts';

type TableInput = {
  Name: string;
  Parameters: Record<string, string>;
  StorageDescriptor: { Columns: { Name: string; Type: string }[]; Location: string };
};

const named = (template: Template, type: string, key: string, name: string): Properties => {
  const found = ofType(template, type).find(([, { Properties }]) => Properties[key] === name);
  return found?.[1].Properties ?? expect.fail(`no ${type} named ${name}`);
};

describe.each(ENVIRONMENTS)('$name', ({ name: env, customerKeys, monthlyUsd, deployment }) => {
  const { state, service } = synthesized(env);

  test.each(['alarms', 'approvals'])('the topic of %s takes messages over TLS only and stays when the stack goes', (topic) => {
    const [id, resource] =
      ofType(state, 'AWS::SNS::Topic').find(([, { Properties }]) => Properties['TopicName'] === `holdpoint-${env}-${topic}`) ?? [];
    expect(resource).toMatchObject({ DeletionPolicy: 'Retain' });
    const policy = ofType(state, 'AWS::SNS::TopicPolicy').find(([, { Properties }]) =>
      JSON.stringify(Properties['Topics']).includes(`"${id}"`),
    );
    if (!policy) expect.fail('no policy');
    expect(statements(policy[1])).toContainEqual(
      expect.objectContaining({ Effect: 'Deny', Action: 'sns:Publish', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
    );
  });

  test('topics are encrypted with the key of the account where there is one; what CloudWatch cannot use otherwise is left out', () => {
    const key = (topic: string) => named(state, 'AWS::SNS::Topic', 'TopicName', `holdpoint-${env}-${topic}`)['KmsMasterKeyId'];
    if (customerKeys) {
      for (const topic of ['alarms', 'approvals']) expect(JSON.stringify(key(topic))).toContain('DataKey');
      const [, dataKey] = ofType(state, 'AWS::KMS::Key').find(([id]) => id.startsWith('DataKey')) ?? expect.fail('no data key');
      const { Statement } = dataKey.Properties['KeyPolicy'] as { Statement: Statement[] };
      expect(Statement.find(({ Sid }) => Sid === 'TellOfAlarms')).toMatchObject({
        Principal: { Service: ['budgets.amazonaws.com', 'cloudwatch.amazonaws.com'] },
        Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
      });
    } else {
      expect(key('alarms')).toBeUndefined();
      expect(JSON.stringify(key('approvals'))).toContain('alias/aws/sns');
      expect(ofType(state, 'AWS::KMS::Key').filter(([, { Properties }]) => Properties['KeyUsage'] !== 'SIGN_VERIFY')).toEqual([]);
    }
  });

  test('a month may cost what the environment says; half of it is told, all of it, and a forecast of more', () => {
    const { Budget, NotificationsWithSubscribers } = only(service, 'AWS::Budgets::Budget').Properties as {
      Budget: unknown;
      NotificationsWithSubscribers: { Notification: Properties; Subscribers: { Address: unknown }[] }[];
    };
    expect(Budget).toMatchObject({
      BudgetLimit: { Amount: monthlyUsd, Unit: 'USD' },
      CostFilters: { TagKeyValue: [`user:holdpoint:environment$${env}`] },
    });
    expect(NotificationsWithSubscribers.map(({ Notification }) => [Notification['NotificationType'], Notification['Threshold']])).toEqual([
      ['ACTUAL', 50],
      ['ACTUAL', 100],
      ['FORECASTED', 100],
    ]);
    for (const { Subscribers } of NotificationsWithSubscribers)
      expect(Subscribers.map(({ Address }) => flat(Address))).toEqual([expect.stringContaining(`:holdpoint-${env}-alarms`)]);
  });

  test('new versions of the API take over as the environment says, and go back when an alarm that exists goes off', () => {
    const groups = ofType(service, 'AWS::CodeDeploy::DeploymentGroup');
    if (deployment === 'all-at-once') return expect(groups).toEqual([]);
    const { Properties } = only(service, 'AWS::CodeDeploy::DeploymentGroup');
    expect(Properties['DeploymentConfigName']).toBe(
      deployment === 'canary-10-percent-5-minutes'
        ? 'CodeDeployDefault.LambdaCanary10Percent5Minutes'
        : 'CodeDeployDefault.LambdaLinear10PercentEvery1Minute',
    );
    const { Alarms, Enabled } = Properties['AlarmConfiguration'] as { Alarms: { Name: unknown }[]; Enabled: boolean };
    const names = Alarms.map(({ Name }) => service.Resources[flat(Name).slice(1, -1)]?.Properties['AlarmName']);
    expect([Enabled, names]).toEqual([true, ['errors', 'throttles', 'duration'].map((alarm) => `holdpoint-${env}-web-${alarm}`)]);
    expect(Properties['AutoRollbackConfiguration']).toMatchObject({
      Enabled: true,
      Events: expect.arrayContaining(['DEPLOYMENT_STOP_ON_ALARM']),
    });
    const shifted = Object.values(service.Resources).filter((resource) => 'UpdatePolicy' in resource);
    expect(shifted.map(({ Type }) => Type)).toEqual(['AWS::Lambda::Alias']);
  });

  const tables = new Map(
    ofType(state, 'AWS::Glue::Table').map(([, { Properties }]) => [
      (Properties['TableInput'] as TableInput).Name,
      Properties['TableInput'] as TableInput,
    ]),
  );
  const tableInput = (name: string): TableInput => tables.get(name) ?? expect.fail(`no table ${name}`);

  test('telemetry is SQL tables with the columns of the contract, found by day', () => {
    expect([...tables.keys()].sort()).toEqual(Object.keys(TELEMETRY_TABLES).sort());
    for (const [table, schema] of Object.entries(TELEMETRY_TABLES)) {
      const { Parameters, StorageDescriptor } = tableInput(table);
      const { Columns, Location } = StorageDescriptor;
      expect(Columns.map(({ Name }) => Name)).toEqual(Object.keys(schema.shape));
      const template = Parameters['storage.location.template'] ?? '';
      const key = telemetryKey(table as keyof typeof TELEMETRY_TABLES, '0123456789ab', '2026-02-03T04:05:06.000Z');
      expect(`s3://holdpoint-${env}-telemetry/${key}`).toBe(`${template.replace('${dt}', '2026-02-03')}0123456789ab.jsonl`);
      expect(template.startsWith(Location)).toBe(true);
    }
  });

  test('columns have the types that rows have', () => {
    const types = Object.fromEntries(tableInput('llm_usage_events').StorageDescriptor.Columns.map(({ Name, Type }) => [Name, Type]));
    expect(types).toMatchObject({ at: 'string', prompt_tokens: 'bigint', cost_usd: 'double', degraded: 'boolean', doctor_model: 'string' });
  });

  test('questions about telemetry go through one work group: encrypted answers, kept a week, and a bound on what a question reads', () => {
    expect(only(state, 'AWS::Athena::WorkGroup').Properties).toMatchObject({
      Name: `holdpoint-${env}`,
      WorkGroupConfiguration: {
        EnforceWorkGroupConfiguration: true,
        BytesScannedCutoffPerQuery: 10_737_418_240,
        ResultConfiguration: {
          OutputLocation: `s3://holdpoint-${env}-queries/`,
          EncryptionConfiguration: { EncryptionOption: customerKeys ? 'SSE_KMS' : 'SSE_S3' },
        },
      },
    });
    expect(JSON.stringify(named(state, 'AWS::S3::Bucket', 'BucketName', `holdpoint-${env}-queries`)['LifecycleConfiguration'])).toContain(
      '"ExpirationInDays":7',
    );
  });

  test('every dead-letter queue is encrypted and takes messages over TLS only', () => {
    const queues = ofType(service, 'AWS::SQS::Queue');
    expect(queues.map(([, { Properties }]) => Properties['QueueName'])).toEqual(
      ['reconcile', 'digest'].map((name) => `holdpoint-${env}-${name}-failed`),
    );
    for (const [id, { Properties }] of queues) {
      expect(Properties).toMatchObject({ SqsManagedSseEnabled: true });
      const policy = ofType(service, 'AWS::SQS::QueuePolicy').find(([, one]) =>
        JSON.stringify(one.Properties['Queues']).includes(`"${id}"`),
      );
      expect(JSON.stringify(policy)).toContain('"aws:SecureTransport":"false"');
    }
  });

  test('the dashboard shows the funnel of every state, the age of approvals, cost per job, and versions', () => {
    const { DashboardBody, DashboardName } = only(service, 'AWS::CloudWatch::Dashboard').Properties;
    const body = flat(DashboardBody);
    expect(DashboardName).toBe(`holdpoint-${env}`);
    for (const shown of [
      'StatesDone',
      'Intake',
      'HoldRunspec',
      'OldestApprovalAge',
      'JobLlmSpend',
      'Cost per job',
      'ExecutedVersion',
      'ExecutionsStarted',
    ])
      expect(body).toContain(shown);
  });

  test('every log group of the stack forgets', () => {
    for (const [id, { Properties }] of ofType(service, 'AWS::Logs::LogGroup')) expect(Properties['RetentionInDays'], id).toBeGreaterThan(0);
  });
});

describe('GitHub', () => {
  const { service } = synthesized('live');
  const role = (name: string) => {
    const found = ofType(service, 'AWS::IAM::Role').find(([, { Properties }]) => Properties['RoleName'] === `holdpoint-live-${name}`);
    return found ?? expect.fail(`no role ${name}`);
  };
  const SUBJECTS = ['repo:acme/jobs:environment:live', 'repo:acme@4711/jobs@815:environment:live'];

  test.each(['ci', 'deploy'])('the role %s is for one repository and one environment, by name and by id', (name) => {
    const [, { Properties }] = role(name);
    const { Statement } = Properties['AssumeRolePolicyDocument'] as { Statement: Statement[] };
    expect(Statement).toHaveLength(1);
    expect(Statement[0]).toMatchObject({
      Action: 'sts:AssumeRoleWithWebIdentity',
      Condition: {
        StringEquals: {
          'token.actions.githubusercontent.com:aud': 'sts.amazonaws.com',
          'token.actions.githubusercontent.com:sub': SUBJECTS,
        },
      },
    });
    expect(flat(Statement[0]?.Principal)).toMatch(/oidc-provider\/token\.actions\.githubusercontent\.com/);
  });

  test('CI starts the alias, follows and stops executions of that machine, and does nothing else', () => {
    const granted = statementsOfRole(service, role('ci')[0]).map(({ Action, Resource, Condition }) => [
      list(Action),
      flat(Resource),
      Condition,
    ]);
    const machine = 'arn:aws:states:us-east-1:<AWS::AccountId>';
    expect(granted).toEqual([
      [
        ['states:StartExecution'],
        `${machine}:stateMachine:holdpoint-live-job`,
        { StringEquals: { 'states:StateMachineQualifier': 'live' } },
      ],
      [['states:DescribeExecution', 'states:StopExecution'], `${machine}:execution:holdpoint-live-job:*`, undefined],
    ]);
  });

  test('a deployment only becomes the roles of the bootstrap', () => {
    const granted = statementsOfRole(service, role('deploy')[0]);
    expect(granted.flatMap(({ Action }) => list(Action))).toEqual(['sts:AssumeRole']);
    for (const resource of granted.flatMap(({ Resource }) => list(Resource)))
      expect(flat(resource)).toMatch(/:role\/cdk-hnb659fds-(deploy|file-publishing|lookup)-role-<AWS::AccountId>-us-east-1$/);
  });

  test('no role of GitHub is there for who did not name a repository', () => {
    expect(JSON.stringify(synthesized('dev').service)).not.toContain('token.actions.githubusercontent.com');
  });
});

describe('an environment with live calls', () => {
  const { service } = synthesized('live');
  const variables = (name: string) =>
    (
      named(service, 'AWS::Lambda::Function', 'FunctionName', `holdpoint-live-${name}`)['Environment'] as {
        Variables: Record<string, unknown>;
      }
    ).Variables;

  test('serves its own domain and closes the address of API Gateway', () => {
    expect(only(service, 'AWS::ApiGatewayV2::DomainName').Properties).toMatchObject({
      DomainName: 'holdpoint.example.com',
      DomainNameConfigurations: [{ SecurityPolicy: 'TLS_1_2' }],
    });
    expect(only(service, 'AWS::ApiGatewayV2::Api').Properties['DisableExecuteApiEndpoint']).toBe(true);
    expect(variables('checkpoint')['HOLDPOINT_ORIGIN']).toBe('https://holdpoint.example.com');
  });

  test('only functions that tell people know where to', () => {
    const names = ofType(service, 'AWS::Lambda::Function').map(([, { Properties }]) =>
      String(Properties['FunctionName']).slice('holdpoint-live-'.length),
    );
    const having = (variable: string) => names.filter((name) => variable in variables(name)).sort();
    expect(having('HOLDPOINT_NOTIFY_TOPIC_ARN')).toEqual(['checkpoint', 'reconcile']);
    expect(having('HOLDPOINT_NOTIFY_SECRET_ARN')).toEqual(['checkpoint', 'reconcile']);
    expect(having('HOLDPOINT_APPROVAL_POLICY')).toEqual(['checkpoint', 'reconcile']);
    expect(having('HOLDPOINT_LLM_KEYS_SECRET_ARN')).toEqual(['intent', 'report', 'smoke', 'stop']);
    expect(having('HOLDPOINT_LLM_MODEL_1')).toEqual(['checkpoint', 'intent', 'report', 'smoke', 'stop']);
    expect(having('HOLDPOINT_LLM_DISABLE_NETWORK')).toEqual(['checkpoint']);
  });
});
