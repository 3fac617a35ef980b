import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../../../infra/aws/bundle.ts';
import { ENVIRONMENTS } from '../../../infra/environments.ts';
import { FUNCTIONS } from '../../../infra/functions.ts';
import { flat, list, ofType, only, statementsOfRole, synthesized } from '../synth.ts';

const shipped: {
  TimeoutSeconds: number;
  States: Record<string, { Type: string; TimeoutSeconds?: number; Parameters?: { FunctionName?: string } }>;
} = JSON.parse(readFileSync(path.join(ROOT, 'statemachines/job.asl.json'), 'utf8'));
const STAGES = FUNCTIONS.filter(({ placeholder }) => placeholder);

describe.each(ENVIRONMENTS)('$name', ({ name: env, retention }) => {
  const { service, assets } = synthesized(env);
  const machine = only(service, 'AWS::StepFunctions::StateMachine');
  const substitutions = machine.Properties['DefinitionSubstitutions'] as Record<string, { Ref: string }>;
  const machineRole = flat(machine.Properties['RoleArn']).slice(1, -'.Arn>'.length);

  test('deploys statemachines/job.asl.json as it is', () => {
    const { Key } = machine.Properties['DefinitionS3Location'] as { Key: string };
    expect(assets.get(Key)).toEqual(shipped);
    expect(machine.Properties).not.toHaveProperty('DefinitionString');
  });

  test('every placeholder of the definition is a published version of its function', () => {
    const used = new Set(JSON.stringify(shipped).match(/(?<=\$\{)\w+(?=\})/g));
    expect(new Set(Object.keys(substitutions))).toEqual(used);
    for (const { name, placeholder } of STAGES) {
      const version = service.Resources[substitutions[placeholder ?? '']?.Ref ?? ''];
      expect(version?.Type).toBe('AWS::Lambda::Version');
      const target = service.Resources[flat(version?.Properties['FunctionName']).slice(1, -1)];
      expect(target?.Properties['FunctionName']).toBe(`holdpoint-${env}-${name}`);
    }
  });

  test('is STANDARD, traced, and logs every event without its payload', () => {
    expect(machine.Properties).toMatchObject({
      StateMachineName: `holdpoint-${env}-job`,
      StateMachineType: 'STANDARD',
      TracingConfiguration: { Enabled: true },
      LoggingConfiguration: { Level: 'ALL', IncludeExecutionData: false },
    });
    const [, logs] = ofType(service, 'AWS::Logs::LogGroup').find(([id]) => id.startsWith('JobMachine')) ?? [];
    expect(logs?.Properties).toEqual(
      expect.objectContaining({ LogGroupName: `/aws/vendedlogs/states/holdpoint-${env}-job`, RetentionInDays: retention.logDays }),
    );
  });

  test('may invoke every version of its stages, and no other function', () => {
    const invoke = statementsOfRole(service, machineRole).filter(({ Action }) => list(Action).includes('lambda:InvokeFunction'));
    const targets = invoke.flatMap(({ Resource }) => list(Resource)).map(flat);
    const named = targets.map((target) => {
      const [, id] = /^<(\w+)\.Arn>:\*$/.exec(target) ?? [];
      return String(service.Resources[id ?? '']?.Properties['FunctionName']);
    });
    expect(named.sort()).toEqual(STAGES.map(({ name }) => `holdpoint-${env}-${name}`).sort());
  });

  test('the alias "live" leads to a published version, and all of it outlives the stack', () => {
    const [[versionId] = []] = ofType(service, 'AWS::StepFunctions::StateMachineVersion');
    expect(only(service, 'AWS::StepFunctions::StateMachineVersion').Properties['StateMachineRevisionId']).toBeDefined();
    expect(only(service, 'AWS::StepFunctions::StateMachineAlias').Properties).toEqual({
      Name: 'live',
      RoutingConfiguration: [{ StateMachineVersionArn: { 'Fn::GetAtt': [versionId, 'Arn'] }, Weight: 100 }],
    });
    for (const type of ['StateMachine', 'StateMachineVersion', 'StateMachineAlias']) {
      expect(only(service, `AWS::StepFunctions::${type}`)).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    }
    expect(service.Resources[machineRole]).toMatchObject({ DeletionPolicy: 'Retain' });
  });

  test('no function refers to the machine, or the template would be circular', () => {
    const [[id] = []] = ofType(service, 'AWS::StepFunctions::StateMachine');
    for (const type of ['AWS::Lambda::Function', 'AWS::IAM::Policy', 'AWS::IAM::Role']) {
      expect(JSON.stringify(ofType(service, type))).not.toContain(`"${id}"`);
    }
  });
});

test('the machine and every Task give up some day, a Task not before its function does', () => {
  expect(shipped.TimeoutSeconds).toBeGreaterThan(0);
  for (const [name, state] of Object.entries(shipped.States)) {
    if (state.Type !== 'Task') continue;
    const fn = STAGES.find(({ placeholder }) => state.Parameters?.FunctionName === `\${${placeholder}}`);
    expect(fn, `${name} calls a function of infra/functions.ts`).toBeDefined();
    expect(state.TimeoutSeconds, name).toBeGreaterThanOrEqual(fn?.timeoutSeconds ?? Number.POSITIVE_INFINITY);
  }
});

test('another definition publishes another version: the version follows the revision of the machine', () => {
  const { service } = synthesized('dev');
  const [[machineId] = []] = ofType(service, 'AWS::StepFunctions::StateMachine');
  expect(only(service, 'AWS::StepFunctions::StateMachineVersion').Properties).toMatchObject({
    StateMachineArn: { Ref: machineId },
    StateMachineRevisionId: { 'Fn::GetAtt': [machineId, 'StateMachineRevisionId'] },
  });
});
