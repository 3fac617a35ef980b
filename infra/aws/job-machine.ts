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
import { LIVE, machineName } from '../names.ts';
import { acknowledge, acknowledgeWildcards } from './acknowledge.ts';
import type { HandlerFunction } from './handler-function.ts';
import { logGroup } from './log-group.ts';

type Props = { readonly environment: Environment; readonly handlers: readonly HandlerFunction[]; readonly definition: string };

/** A placeholder that nobody fills, or that a removed state left behind, would only fail in CloudFormation. */
const checkPlaceholders = (definition: string, stages: readonly HandlerFunction[]): void => {
  const wanted = new Set(readFileSync(definition, 'utf8').match(/(?<=\$\{)\w+(?=\})/g));
  const given = stages.map(({ spec }) => spec.placeholder ?? '');
  const missing = [...wanted].filter((placeholder) => !given.includes(placeholder));
  const unused = given.filter((placeholder) => !wanted.has(placeholder));
  if (missing.length > 0)
    throw new Error(`${definition} calls ${missing.join(', ')}, which no current function of infra/functions.ts stands for`);
  if (unused.length > 0) {
    throw new Error(
      `${definition} no longer calls ${unused.join(', ')}: set "retired: true" in infra/functions.ts, so that waiting jobs keep it`,
    );
  }
};

/**
 * The job machine, its versions and the alias executions start through. Retained: deleting a machine ends every job
 * that waits in it. The alias moves at once, since its executions last days and each keeps the version it began with.
 */
export class JobMachine extends Construct {
  readonly machine: StateMachine;

  constructor(scope: Construct, id: string, { environment, handlers, definition }: Props) {
    super(scope, id);
    const stages = handlers.filter(({ spec }) => spec.placeholder);
    // A retired stage is called by versions that are still running, and by no new one.
    const current = stages.filter(({ spec }) => !spec.retired);
    checkPlaceholders(definition, current);
    const machine = new StateMachine(this, 'Machine', {
      stateMachineName: machineName(environment),
      stateMachineType: StateMachineType.STANDARD,
      definitionBody: DefinitionBody.fromFile(definition),
      definitionSubstitutions: Object.fromEntries(current.map(({ spec, version }) => [spec.placeholder ?? '', version.functionArn])),
      role: this.#role(stages),
      tracingEnabled: true,
      logs: {
        // The prefix keeps CloudWatch's resource policy from growing with every log group.
        destination: logGroup(this, 'Logs', `/aws/vendedlogs/states/${machineName(environment)}`, environment),
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
    for (const { lambda } of stages) {
      acknowledge(lambda, {
        'Serverless-LambdaDLQ': 'the state machine waits for its answer, retries it and catches what fails: nothing is queued',
      });
    }
    RemovalPolicies.of(this).retain();
  }

  /** May invoke its own functions, in every version that an execution may still call. */
  #role(stages: readonly HandlerFunction[]): Role {
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('states.amazonaws.com', { conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } } }),
      description: 'The job machine: invokes its stages',
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
