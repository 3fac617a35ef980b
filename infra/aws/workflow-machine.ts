import { readFileSync } from 'node:fs';
import { Aws, RemovalPolicies } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  CfnStateMachineAlias,
  CfnStateMachineVersion,
  DefinitionBody,
  LogLevel,
  StateMachine,
  StateMachineType,
} from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { Environment } from '../environments.ts';
import { LIVE, type MachineId, machineName } from '../names.ts';
import { acknowledge, acknowledgeWildcards } from './acknowledge.ts';
import type { HandlerFunction } from './handler-function.ts';
import { logGroup } from './log-group.ts';

type Props = {
  readonly environment: Environment;
  readonly machineId: MachineId;
  readonly handlers: readonly HandlerFunction[];
  /** Path of the file with the definition. */
  readonly definition: string;
};

/** Placeholders of functions that a definition calls. */
const calledBy = (definition: string): Set<string> => new Set(readFileSync(definition, 'utf8').match(/(?<=\$\{)\w+(?=\})/g));

/** A placeholder that a removed state left behind: the function would be deleted under the executions that wait to call it. */
export const refuseUncalled = (definitions: readonly string[], handlers: readonly HandlerFunction[]): void => {
  const called = definitions.map(calledBy);
  const unused = handlers.flatMap(({ spec: { placeholder, retired } }) =>
    placeholder && !retired && !called.some((names) => names.has(placeholder)) ? [placeholder] : [],
  );
  if (unused.length > 0) {
    throw new Error(
      `${definitions.join(' and ')} no longer call ${unused.join(', ')}: set "retired: true" in infra/functions.ts, so that waiting jobs keep it`,
    );
  }
};

/** The current functions that a definition calls. One that nobody fills would only fail in CloudFormation. */
const currentOf = (definition: string, stages: readonly HandlerFunction[]): HandlerFunction[] => {
  const called = calledBy(definition);
  const current = stages.filter(({ spec }) => !spec.retired && called.has(spec.placeholder ?? ''));
  const missing = [...called].filter((placeholder) => !current.some(({ spec }) => spec.placeholder === placeholder));
  if (missing.length > 0)
    throw new Error(`${definition} calls ${missing.join(', ')}, which no current function of infra/functions.ts stands for`);
  return current;
};

/**
 * A state machine, its versions and the alias executions start through. Retained: deleting a machine ends every job
 * that waits in it. The alias moves at once, since its executions last days and each keeps the version it began with.
 */
export class WorkflowMachine extends Construct {
  readonly machine: StateMachine;

  constructor(scope: Construct, id: string, { environment, machineId, handlers, definition }: Props) {
    super(scope, id);
    const stages = handlers.filter(({ spec }) => spec.placeholder);
    const current = currentOf(definition, stages);
    // A retired stage is called by versions that are still running, and by no new one.
    const called = [...current, ...stages.filter(({ spec }) => spec.retired)];
    const machine = new StateMachine(this, 'Machine', {
      stateMachineName: machineName(environment, machineId),
      stateMachineType: StateMachineType.STANDARD,
      definitionBody: DefinitionBody.fromFile(definition),
      definitionSubstitutions: Object.fromEntries(current.map(({ spec, version }) => [spec.placeholder ?? '', version.functionArn])),
      role: this.#role(machineId, called),
      tracingEnabled: true,
      logs: {
        // The prefix keeps CloudWatch's resource policy from growing with every log group.
        destination: logGroup(this, 'Logs', `/aws/vendedlogs/states/${machineName(environment, machineId)}`, environment),
        level: LogLevel.ALL,
        // Payloads and task tokens stay out of the logs.
        includeExecutionData: false,
      },
    });
    this.machine = machine;
    const version = new CfnStateMachineVersion(this, 'Version', {
      stateMachineArn: machine.stateMachineArn,
      stateMachineRevisionId: machine.stateMachineRevisionId,
    });
    new CfnStateMachineAlias(this, 'Live', {
      name: LIVE,
      routingConfiguration: [{ stateMachineVersionArn: version.attrArn, weight: 100 }],
    });
    acknowledge(this, {
      'AwsSolutions-IAM5[Resource::*]': 'log delivery and X-Ray have no resource to name: their actions take only *',
    });
    RemovalPolicies.of(this).retain();
  }

  /** May invoke its own functions, in every version that an execution may still call. */
  #role(machineId: MachineId, stages: readonly HandlerFunction[]): Role {
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('states.amazonaws.com', { conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } } }),
      description: `The ${machineId} machine: invokes its stages`,
    });
    const invoke = new PolicyStatement({
      sid: 'InvokeStages',
      actions: ['lambda:InvokeFunction'],
      resources: stages.map(({ lambda }) => `${lambda.functionArn}:*`),
    });
    role.addToPolicy(invoke);
    acknowledgeWildcards(
      role,
      invoke,
      'all versions of this stage: an execution that waits goes on with the version it started with, whatever was deployed since',
    );
    return role;
  }
}
