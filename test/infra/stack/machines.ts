import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { ROOT } from '../../../infra/aws/bundle.ts';
import { ENVIRONMENTS } from '../../../infra/environments.ts';
import { FUNCTIONS } from '../../../infra/functions.ts';
import { Asl, walk } from '../../../infra/local/sfn/asl.ts';
import { MACHINES, type MachineId } from '../../../infra/names.ts';
import { describe, test } from '../proving.ts';
import { flat, list, ofType, type Resource, statementsOfRole, synthesized, type Template } from '../synth.ts';

const shippedAs = (id: MachineId): Asl => Asl.parse(JSON.parse(readFileSync(path.join(ROOT, `statemachines/${id}.asl.json`), 'utf8')));
const STAGES = FUNCTIONS.filter(({ placeholder }) => placeholder);

/** A resource of one of the machines, by its logical id. */
const ofMachine = (template: Template, type: string, id: MachineId): [string, Resource] =>
  ofType(template, `AWS::StepFunctions::${type}`).find(([logical]) => logical.toLowerCase().startsWith(`${id}machine`)) ??
  expect.fail(`the ${id} machine has no ${type}`);

const CASES = ENVIRONMENTS.flatMap(({ name, retention }) => MACHINES.map((id) => ({ name, id, retention })));

describe.each(CASES)('the $id machine of $name', ({ name: env, id, retention }) => {
  const { service, assets } = synthesized(env);
  const shipped = shippedAs(id);
  const called = JSON.stringify(shipped);
  const stages = STAGES.filter(({ placeholder }) => called.includes(`\${${placeholder}}`));
  const [machineId, machine] = ofMachine(service, 'StateMachine', id);
  const substitutions = machine.Properties['DefinitionSubstitutions'] as Record<string, { Ref: string }>;
  const machineRole = flat(machine.Properties['RoleArn']).slice(1, -'.Arn>'.length);

  test('deploys its file in statemachines/ as it is', () => {
    const { Key } = machine.Properties['DefinitionS3Location'] as { Key: string };
    expect(assets.get(Key)).toEqual(shipped);
    expect(machine.Properties).not.toHaveProperty('DefinitionString');
  });

  test('every placeholder of the definition is a published version of its function', () => {
    const used = new Set(JSON.stringify(shipped).match(/(?<=\$\{)\w+(?=\})/g));
    expect(new Set(Object.keys(substitutions))).toEqual(used);
    for (const { name, placeholder } of stages) {
      const version = service.Resources[substitutions[placeholder ?? '']?.Ref ?? ''];
      expect(version?.Type).toBe('AWS::Lambda::Version');
      const target = service.Resources[flat(version?.Properties['FunctionName']).slice(1, -1)];
      expect(target?.Properties['FunctionName']).toBe(`holdpoint-${env}-${name}`);
    }
  });

  test('is STANDARD, traced, and logs every event without its payload', () => {
    expect(machine.Properties).toMatchObject({
      StateMachineName: `holdpoint-${env}-${id}`,
      StateMachineType: 'STANDARD',
      TracingConfiguration: { Enabled: true },
      LoggingConfiguration: { Level: 'ALL', IncludeExecutionData: false },
    });
    const [, logs] = ofType(service, 'AWS::Logs::LogGroup').find(([logical]) => logical.toLowerCase().startsWith(`${id}machine`)) ?? [];
    expect(logs?.Properties).toEqual(
      expect.objectContaining({ LogGroupName: `/aws/vendedlogs/states/holdpoint-${env}-${id}`, RetentionInDays: retention.logDays }),
    );
  });

  test('may invoke every version of its stages, and no other function', () => {
    const invoke = statementsOfRole(service, machineRole).filter(({ Action }) => list(Action).includes('lambda:InvokeFunction'));
    const targets = invoke.flatMap(({ Resource }) => list(Resource)).map(flat);
    const named = targets.map((target) => {
      const [, fn] = /^<(\w+)\.Arn>:\*$/.exec(target) ?? [];
      return String(service.Resources[fn ?? '']?.Properties['FunctionName']);
    });
    expect(named.sort()).toEqual(stages.map(({ name }) => `holdpoint-${env}-${name}`).sort());
  });

  test('the alias "live" leads to a published version, and all of it outlives the stack', () => {
    const [versionId, version] = ofMachine(service, 'StateMachineVersion', id);
    expect(version.Properties['StateMachineRevisionId']).toBeDefined();
    expect(ofMachine(service, 'StateMachineAlias', id)[1].Properties).toEqual({
      Name: 'live',
      RoutingConfiguration: [{ StateMachineVersionArn: { 'Fn::GetAtt': [versionId, 'Arn'] }, Weight: 100 }],
    });
    for (const type of ['StateMachine', 'StateMachineVersion', 'StateMachineAlias']) {
      expect(ofMachine(service, type, id)[1]).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    }
    expect(service.Resources[machineRole]).toMatchObject({ DeletionPolicy: 'Retain' });
  });

  test('no function refers to the machine, or the template would be circular', () => {
    for (const type of ['AWS::Lambda::Function', 'AWS::IAM::Policy', 'AWS::IAM::Role']) {
      expect(JSON.stringify(ofType(service, type))).not.toContain(`"${machineId}"`);
    }
  });
});

test.each(MACHINES)('the %s machine and every Task give up some day, a Task not before its function does', (id) => {
  const shipped = shippedAs(id);
  expect(shipped.TimeoutSeconds).toBeGreaterThan(0);
  for (const { name, state } of walk(shipped)) {
    if (state.Type !== 'Task') continue;
    const fn = STAGES.find(({ placeholder }) => Object(state['Parameters']).FunctionName === `\${${placeholder}}`);
    expect(fn, `${name} calls a function of infra/functions.ts`).toBeDefined();
    expect(state['TimeoutSeconds'], name).toBeGreaterThanOrEqual(fn?.timeoutSeconds ?? Number.POSITIVE_INFINITY);
  }
});

test.each(MACHINES)('another definition publishes another version of the %s machine: the version follows the revision', (id) => {
  const { service } = synthesized('dev');
  const [machineId] = ofMachine(service, 'StateMachine', id);
  expect(ofMachine(service, 'StateMachineVersion', id)[1].Properties).toMatchObject({
    StateMachineArn: { Ref: machineId },
    StateMachineRevisionId: { 'Fn::GetAtt': [machineId, 'StateMachineRevisionId'] },
  });
});
