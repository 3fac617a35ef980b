import { expect } from 'vitest';
import { readEnv } from '../../../adapters/env.ts';
import { ENVIRONMENTS } from '../../../infra/environments.ts';
import { FUNCTIONS } from '../../../infra/functions.ts';
import { GRANTS } from '../../../infra/grants.ts';
import { describe, test } from '../proving.ts';
import {
  CLIENT_SECRET,
  flat,
  ISSUER,
  list,
  ofType,
  type Properties,
  rolesOfFunctions,
  type Statement,
  statementsOfRole,
  synthesized,
  type Template,
} from '../synth.ts';

const VALID = {
  HOLDPOINT_ENV: 'signed',
  ...{ HOLDPOINT_EVENTS_BUCKET: 'e', HOLDPOINT_ARTIFACTS_BUCKET: 'a', HOLDPOINT_CASSETTES_BUCKET: 'c', HOLDPOINT_TELEMETRY_BUCKET: 't' },
  ...{ HOLDPOINT_TABLE: 'jobs', HOLDPOINT_JOB_MACHINE_ARN: 'arn:aws:states:::x', HOLDPOINT_ROLLOUT_MACHINE_ARN: 'arn:aws:states:::y' },
};

/** Variables of a function, with something of the right kind where a deployment knows the value. */
const variablesOf = (properties: Properties): Record<string, string> => {
  const { Variables } = properties['Environment'] as { Variables: Record<string, unknown> };
  const known = (name: string, value: unknown): string =>
    name === 'HOLDPOINT_ORIGIN'
      ? 'https://api.example.com'
      : flat(value)
          .replace(/^holdpoint/, 'arn:aws:secretsmanager:')
          .replaceAll('<AWS::AccountId>', ACCOUNT);
  return Object.fromEntries(
    Object.entries(Variables).map(([name, value]) => [name, typeof value === 'string' ? value : known(name, value)]),
  );
};

const ACCOUNT = '123456789012';

const NAMES = FUNCTIONS.map(({ name }) => name);

const allowed = (template: Template): Statement[] =>
  ofType(template, 'AWS::IAM::Policy').flatMap(
    ([, { Properties }]) => (Properties['PolicyDocument'] as { Statement: Statement[] }).Statement,
  );

const actionsOf = (statements: Statement[]): string[] => statements.flatMap(({ Action }) => list(Action));

/** Names of the functions some statement of which matches. */
const holders = (template: Template, matches: (statement: Statement) => boolean): string[] =>
  [...rolesOfFunctions(template)].filter(([, role]) => statementsOfRole(template, role).some(matches)).map(([name]) => name);

const may = (action: string) => (statement: Statement) => list(statement.Action).includes(action);

describe.each(ENVIRONMENTS)('$name', ({ name: env, retention }) => {
  const { service } = synthesized(env);
  const functions = ofType(service, 'AWS::Lambda::Function');

  test('every function of infra/functions.ts is deployed under its name', () => {
    expect(functions.map(([, { Properties }]) => String(Properties['FunctionName'])).sort()).toEqual(
      NAMES.map((name) => `holdpoint-${env}-${name}`).sort(),
    );
  });

  test('every function has a role of its own', () => {
    const roles = rolesOfFunctions(service);
    expect(roles.size).toBe(NAMES.length);
    expect(new Set(roles.values()).size).toBe(NAMES.length);
  });

  test('functions run Node 24 on arm64, are traced, and log into a group that forgets', () => {
    const groups = new Map(ofType(service, 'AWS::Logs::LogGroup'));
    for (const [, { Properties }] of functions) {
      expect(Properties).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'], TracingConfig: { Mode: 'Active' } });
      const group = groups.get(flat((Properties['LoggingConfig'] as { LogGroup: unknown }).LogGroup).slice(1, -1));
      expect(group?.Properties).toMatchObject({
        LogGroupName: `/aws/lambda/${String(Properties['FunctionName'])}`,
        RetentionInDays: retention.logDays,
      });
    }
  });

  test('the environment of every function is one it accepts, and names the alias, not the machine', () => {
    for (const [, { Properties }] of functions) {
      expect(readEnv(variablesOf(Properties))).toMatchObject({
        HOLDPOINT_ENV: env,
        HOLDPOINT_TABLE: `holdpoint-${env}-jobs`,
        HOLDPOINT_JOB_MACHINE_ARN: `arn:aws:states:us-east-1:${ACCOUNT}:stateMachine:holdpoint-${env}-job:live`,
      });
    }
  });

  test('no resource is a bare wildcard but for X-Ray and log delivery', () => {
    for (const { Action, Resource } of allowed(service).filter(({ Resource }) => list(Resource).includes('*'))) {
      for (const action of list(Action)) {
        expect(action, JSON.stringify(Resource)).toMatch(
          /^xray:(Put|GetSampling)|^logs:(\w+LogDelivery|ListLogDeliveries|PutResourcePolicy|DescribeResourcePolicies|DescribeLogGroups)$/,
        );
      }
    }
  });

  test('no statement names an action by wildcard', () => {
    expect(actionsOf(allowed(service)).filter((action) => action.includes('*'))).toEqual([]);
  });

  test('no function may delete any object, version, bucket or table', () => {
    expect(
      actionsOf(allowed(service)).filter((action) =>
        /^s3:(?!GetObject$|PutObject$|GetBucketLocation$|ListBucket$|ListBucketVersions$)|^dynamodb:DeleteTable/.test(action),
      ),
    ).toEqual([]);
  });

  test('event logs are reached under jobs/, audit/ and digests/ only', () => {
    const events = allowed(service).filter(({ Resource }) => list(Resource).some((r) => flat(r).includes('-events')));
    for (const { Resource, Condition } of events) {
      const [resource] = list(Resource).map(flat);
      if (resource === `arn:aws:s3:::holdpoint-${env}-events`)
        expect([['jobs/*'], ['jobs/*', 'audit/*'], ['jobs/*', 'audit/*', 'digests/*']]).toContainEqual(
          Condition?.['StringLikeIfExists']?.['s3:prefix'],
        );
      else expect(resource).toMatch(new RegExp(`^arn:aws:s3:::holdpoint-${env}-events/(jobs|audit|digests)/\\*$`));
    }
    expect(holders(service, ({ Resource }) => list(Resource).some((r) => flat(r).endsWith('-events/jobs/*'))).sort()).toEqual(
      NAMES.filter((name) => name !== 'telemetry').toSorted(),
    );
  });

  const machine = (id: string) => `arn:aws:states:us-east-1:<AWS::AccountId>:stateMachine:holdpoint-${env}-${id}`;

  test('machines are started through the alias only, by web and reconciler; of a rollout, canaries start jobs', () => {
    expect(holders(service, may('states:StartExecution')).sort()).toEqual(['canary', 'reconcile', 'web']);
    for (const statement of allowed(service).filter(may('states:StartExecution'))) {
      expect([[machine('job')], [machine('job'), machine('rollout')]]).toContainEqual(list(statement.Resource).map(flat));
      expect(statement.Condition).toEqual({ StringEquals: { 'states:StateMachineQualifier': 'live' } });
    }
  });

  test('waits are answered by checkpoint, reconciler and web only, of these machines only', () => {
    expect(holders(service, may('states:SendTaskSuccess')).sort()).toEqual(['checkpoint', 'reconcile', 'web']);
    for (const { Resource } of allowed(service).filter(may('states:SendTaskSuccess'))) {
      expect(list(Resource).map(flat)).toEqual([machine('job'), machine('rollout')]);
    }
  });

  test('cassettes are read by the agents and the doctor and shown by the API, and written by nobody where nothing is recorded', () => {
    const onCassettes = (action: string) => (s: Statement) =>
      may(action)(s) && list(s.Resource).some((r) => flat(r).includes('-cassettes'));
    expect(holders(service, onCassettes('s3:GetObject')).sort()).toEqual(['intent', 'report', 'stop', 'web']);
    expect(holders(service, onCassettes('s3:PutObject'))).toEqual([]);
  });

  test('the registry is written by the registry only, and its trials are read by the agents only', () => {
    const onRegistry = ({ Resource }: Statement) => list(Resource).some((r) => flat(r).includes('/registry/'));
    expect(holders(service, (s) => onRegistry(s) && may('s3:PutObject')(s))).toEqual(['registry']);
    expect(holders(service, (s) => onRegistry(s) && may('s3:GetObject')(s)).sort()).toEqual(['intent', 'report']);
  });

  test('functions that only ask flags and kill switch read that one item, and no row of a job', () => {
    const flags = allowed(service).filter(({ Sid }) => Sid === 'Flags');
    expect(holders(service, ({ Sid }) => Sid === 'Flags').sort()).toEqual([
      ...['canary', 'finish', 'intake', 'intent', 'registry', 'report', 'rollback', 'runner', 'stop'],
    ]);
    for (const statement of flags) {
      expect(statement).toMatchObject({
        Action: 'dynamodb:GetItem',
        Condition: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['FLAGS'] } },
      });
    }
  });

  test('who sets flags and writes nothing else to the table may write that one item only', () => {
    expect(holders(service, ({ Sid }) => Sid === 'SetFlags').sort()).toEqual(['enter']);
    for (const { Condition } of allowed(service).filter(({ Sid }) => Sid === 'SetFlags'))
      expect(Condition).toEqual({ 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['FLAGS'] } });
  });

  test('the audit log is written by the API and by rollouts, which set flags', () => {
    const onAudit = ({ Resource }: Statement) => list(Resource).some((r) => flat(r).endsWith('-events/audit/*'));
    expect(holders(service, (s) => onAudit(s) && may('s3:PutObject')(s)).sort()).toEqual(['enter', 'rollback', 'web']);
    expect(holders(service, onAudit).sort()).toEqual([
      'canary',
      'checkpoint',
      'digest',
      'enter',
      'finish',
      'intake',
      'intent',
      'reconcile',
      'registry',
      'report',
      'rollback',
      'runner',
      'smoke',
      'stop',
      'web',
    ]);
  });

  test('digests are signed and written by one function, which writes no log, and verified by two that cannot sign', () => {
    const onDigests = ({ Resource }: Statement) => list(Resource).some((r) => flat(r).endsWith('-events/digests/*'));
    expect(holders(service, may('kms:Sign'))).toEqual(['digest']);
    expect(holders(service, may('kms:GetPublicKey')).sort()).toEqual(['digest', 'smoke', 'web']);
    expect(holders(service, (s) => onDigests(s) && may('s3:PutObject')(s))).toEqual(['digest']);
    expect(holders(service, onDigests).sort()).toEqual(['digest', 'smoke', 'web']);
    const onLogs = (s: Statement) => list(s.Resource).some((r) => /-events\/(jobs|audit)/.test(flat(r)));
    expect(holders(service, (s) => onLogs(s) && may('s3:PutObject')(s))).not.toContain('digest');
    expect(holders(service, may('s3:ListBucketVersions')).sort()).toEqual(['smoke', 'web']);
    expect(holders(service, (s) => onLogs(s) && may('s3:PutObject')(s))).not.toContain('smoke');
  });

  test('digests are written every hour, and a pass that fails raises an alarm', () => {
    const schedule = ofType(service, 'AWS::Scheduler::Schedule').find(([id]) => id.startsWith('DigestSchedule'));
    expect(schedule?.[1].Properties).toMatchObject({ ScheduleExpression: 'rate(1 hour)', Target: { Input: '{"thorough":true}' } });
    const alarm = ofType(service, 'AWS::CloudWatch::Alarm').find(
      ([, { Properties }]) => Properties['AlarmName'] === `holdpoint-${env}-digest-errors`,
    );
    expect(alarm?.[1].Properties).toMatchObject({
      MetricName: 'Errors',
      Threshold: 1,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
    });
    expect(JSON.stringify(alarm)).toContain('digestFunction');
  });

  test('a function stays with its versions, role, grants and log group when it leaves the template', () => {
    for (const type of ['Lambda::Function', 'Lambda::Version', 'Logs::LogGroup']) {
      const found = ofType(service, `AWS::${type}`).filter(([id]) => !id.startsWith('HttpApi'));
      expect(found.length).toBeGreaterThanOrEqual(NAMES.length);
      for (const [id, resource] of found) expect(resource, id).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    }
    for (const role of rolesOfFunctions(service).values()) {
      expect(service.Resources[role]).toMatchObject({ DeletionPolicy: 'Retain' });
      for (const [id, policy] of ofType(service, 'AWS::IAM::Policy')) {
        if (JSON.stringify(policy.Properties['Roles']).includes(`"${role}"`))
          expect(policy, id).toMatchObject({ DeletionPolicy: 'Retain' });
      }
    }
  });

  test('no function has a URL of its own', () => {
    expect(ofType(service, 'AWS::Lambda::Url')).toEqual([]);
  });
});

test('the web function alone knows where people sign in, and reads the client secret', () => {
  const { service } = synthesized('signed');
  const variables = ofType(service, 'AWS::Lambda::Function').map(([, { Properties }]) => ({
    name: String(Properties['FunctionName']),
    ...(Properties['Environment'] as { Variables: Record<string, unknown> }).Variables,
  }));
  expect(variables.filter((of) => 'HOLDPOINT_OIDC_ISSUER' in of).map(({ name }) => name)).toEqual(['holdpoint-signed-web']);
  const web = variables.find(({ name }) => name === 'holdpoint-signed-web');
  const settings = Object.entries(web ?? {}).filter(([name]) => /SIGN_IN|OIDC|OPERATOR/.test(name));
  expect(readEnv({ ...VALID, ...Object.fromEntries(settings) }).signIn).toEqual({
    ...{ mode: 'required', issuer: ISSUER, client_id: 'holdpoint', cli_client_id: 'holdpoint-cli', secret: { arn: CLIENT_SECRET } },
    ...{
      audiences: ['holdpoint', 'holdpoint-cli'],
      admission: { identity: 'email', groups: ['approvers', 'operators'], operators: ['holdpoint-operators'] },
    },
  });
  expect(holders(service, ({ Resource }) => list(Resource).includes(CLIENT_SECRET))).toEqual(['web']);
});

test('agents and the doctor write cassettes where recording is on', () => {
  const { service } = synthesized('recording');
  const writes = (s: Statement) => may('s3:PutObject')(s) && flat(s.Resource) === 'arn:aws:s3:::holdpoint-recording-cassettes/*';
  expect(holders(service, writes).sort()).toEqual(['intent', 'report', 'stop']);
});

test('with a key of the account, every function may use that key, and two of them the one of the digests', () => {
  const { service } = synthesized('prod');
  expect(holders(service, may('kms:Decrypt'))).toHaveLength(NAMES.length);
  expect(new Set(actionsOf(allowed(service)).filter((action) => action.startsWith('kms:')))).toEqual(
    new Set(['kms:Decrypt', 'kms:GenerateDataKey', 'kms:Sign', 'kms:GetPublicKey']),
  );
  const dev = actionsOf(allowed(synthesized('dev').service)).filter((action) => action.startsWith('kms:'));
  expect(new Set(dev)).toEqual(new Set(['kms:Sign', 'kms:GetPublicKey']));
});

test('every grant has an id that is unique within its function', () => {
  for (const [name, grants] of Object.entries(GRANTS)) {
    const sids = grants.map(({ sid }) => sid);
    expect(new Set(sids).size, name).toBe(sids.length);
  }
});

test('the stack says no more and no less than infra/grants.ts', () => {
  const { service } = synthesized('dev');
  for (const [name, role] of rolesOfFunctions(service)) {
    const granted = statementsOfRole(service, role).flatMap(({ Sid }) => Sid ?? []);
    const declared = GRANTS[name as keyof typeof GRANTS].map(({ sid }) => sid);
    expect(granted.sort(), name).toEqual([...declared, 'WriteLogs'].sort());
  }
});
