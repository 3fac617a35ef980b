import { expect } from 'vitest';
import { RunnerConfig } from '../../../adapters/runner/config.ts';
import { runnerVariables } from '../../../infra/environment/runner.ts';
import { ENVIRONMENTS } from '../../../infra/environments.ts';
import { describe, test } from '../proving.ts';
import { flat, list, ofType, only, RUNNER_ENVIRONMENTS, rolesOfFunctions, statementsOfRole, synthesized } from '../synth.ts';

const PROJECT = 'AWS::CodeBuild::Project';

test.each(ENVIRONMENTS)('$name ships without a build project, and its runner says so', ({ name }) => {
  expect(ofType(synthesized(name).service, PROJECT)).toEqual([]);
  expect(runnerVariables({ name })).toEqual({});
});

describe.each(RUNNER_ENVIRONMENTS)('$name', (environment) => {
  const { name, customerKeys, retention } = environment;
  const { service } = synthesized(name);
  const { Properties: project } = only(service, PROJECT);
  const roleId = flat(project['ServiceRole']).slice(1, -'.Arn>'.length);

  test('the project builds the deployed tree with the runner of that tree, unprivileged', () => {
    const { Source, Artifacts, Environment } = project as Record<string, Record<string, unknown>>;
    expect(Source).toMatchObject({ Type: 'S3' });
    const spec = JSON.parse(String(Source?.['BuildSpec']));
    expect(spec.phases.build.commands).toEqual(['node_modules/.bin/node adapters/runner/main.ts']);
    expect(Artifacts).toEqual({ Type: 'NO_ARTIFACTS' });
    expect(Environment).toMatchObject({ Type: 'ARM_CONTAINER' });
    expect(Environment).not.toHaveProperty('PrivilegedMode');
    expect(Environment?.['EnvironmentVariables']).toEqual([
      { Name: 'HOLDPOINT_ARTIFACTS_BUCKET', Type: 'PLAINTEXT', Value: `holdpoint-${name}-artifacts` },
    ]);
  });

  test('its role reads that one object and writes results of checks and its own log; nothing else', () => {
    const statements = statementsOfRole(service, roleId);
    const may = statements.flatMap(({ Action, Resource }) => list(Action).map((action) => `${action} ${list(Resource).map(flat).join()}`));
    expect(may.filter((line) => !line.startsWith('kms:')).map((line) => line.replace(/<[^>]+>|[0-9a-f]{64}/g, '_'))).toEqual([
      expect.stringMatching(/^s3:GetObject arn:aws:s3:::.*_\.zip$/),
      expect.stringMatching(/^s3:GetObjectVersion arn:aws:s3:::.*_\.zip$/),
      expect.stringMatching(/^s3:GetBucketAcl arn:aws:s3:::[^/]*$/),
      expect.stringMatching(/^s3:GetBucketLocation arn:aws:s3:::[^/]*$/),
      `s3:PutObject arn:aws:s3:::holdpoint-${name}-artifacts/jobs/*/outputs/runner/*`,
      'logs:CreateLogStream _',
      'logs:PutLogEvents _',
    ]);
    expect(may.some((line) => line.startsWith('kms:'))).toBe(customerKeys);
  });

  test('only CodeBuild of this account becomes it', () => {
    const role = service.Resources[roleId]?.Properties['AssumeRolePolicyDocument'] as { Statement: unknown[] };
    expect(role.Statement).toEqual([
      expect.objectContaining({
        Principal: { Service: 'codebuild.amazonaws.com' },
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
      }),
    ]);
  });

  test('its log forgets as the others do, and its key is the one of the environment', () => {
    const [, log] = ofType(service, 'AWS::Logs::LogGroup').find(
      ([, { Properties }]) => Properties['LogGroupName'] === `/aws/codebuild/holdpoint-${name}-runner`,
    ) ?? [expect.fail('no log group'), expect.fail('no log group')];
    expect(log.Properties['RetentionInDays']).toBe(retention.logDays);
    expect(JSON.stringify(project['EncryptionKey'] ?? '').includes('DataKey')).toBe(customerKeys);
  });

  test('who starts builds waits longer than one can take, and asks for the project by its name', () => {
    const variables = runnerVariables(environment);
    const config = JSON.parse(variables['HOLDPOINT_RUNNER'] ?? '');
    expect(config).toMatchObject({ kind: 'codebuild', project: project['Name'] });
    expect(config.wait_seconds).toBeGreaterThan((Number(project['TimeoutInMinutes']) + Number(project['QueuedTimeoutInMinutes'])) * 60);
    expect(RunnerConfig.parse(config)).toEqual(config);
  });

  test('builds are started and looked at by the runner alone, and of this project alone', () => {
    const builders = [...rolesOfFunctions(service)].flatMap(([fn, role]) =>
      statementsOfRole(service, role)
        .filter(({ Action }) => list(Action).some((action) => action.startsWith('codebuild:')))
        .map(({ Action, Resource }) => ({ fn, actions: list(Action), resource: flat(Resource) })),
    );
    expect(builders).toEqual([
      {
        fn: 'runner',
        actions: ['codebuild:BatchGetBuilds', 'codebuild:StartBuild'],
        resource: expect.stringMatching(new RegExp(`:project/${String(project['Name'])}$`)),
      },
    ]);
  });
});
