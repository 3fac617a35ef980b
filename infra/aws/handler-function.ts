import { Duration, RemovalPolicies, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Key } from 'aws-cdk-lib/aws-kms';
import {
  type Alias,
  type AliasOptions,
  Architecture,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  RuntimeManagementMode,
  Tracing,
  type Version,
} from 'aws-cdk-lib/aws-lambda';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { variablesOf } from '../environment/variables.ts';
import type { Environment } from '../environments.ts';
import type { FunctionSpec } from '../functions.ts';
import { grantsOf } from '../grants.ts';
import { functionName, LIVE } from '../names.ts';
import { acknowledge, acknowledgeWildcards } from './acknowledge.ts';
import type { CodeOf } from './bundle.ts';
import { logGroup } from './log-group.ts';
import { aliasArn, statementOf, topicArn } from './policy.ts';

type Props = {
  readonly spec: FunctionSpec;
  readonly environment: Environment;
  readonly code: CodeOf;
  readonly contextSecret: Secret;
  readonly digestKey: Key;
  readonly dataKey: Key | undefined;
  /** Where people find the pages. */
  readonly origin: string;
};

/**
 * One function of `infra/functions.ts`: its role, its log group, its version. All of it is retained, since an
 * execution that waits keeps calling the version it started with (DeleteFunction deletes every version).
 */
export class HandlerFunction extends Construct {
  readonly spec: FunctionSpec;
  readonly lambda: LambdaFunction;
  readonly version: Version;

  constructor(scope: Construct, id: string, props: Props) {
    super(scope, id);
    const { spec, environment, code, contextSecret, digestKey, origin } = props;
    const name = functionName(environment, spec.name);
    const logs = logGroup(this, 'Logs', `/aws/lambda/${name}`, environment);

    this.spec = spec;
    this.lambda = new LambdaFunction(this, 'Function', {
      functionName: name,
      description: spec.description,
      runtime: Runtime.NODEJS_24_X,
      // The SDK comes with the runtime: it changes with a deployment, never under a waiting job.
      runtimeManagementMode: RuntimeManagementMode.FUNCTION_UPDATE,
      architecture: Architecture.ARM_64,
      handler: 'index.handler',
      code: code(spec, environment),
      memorySize: spec.memoryMb,
      timeout: Duration.seconds(spec.timeoutSeconds),
      role: this.#role(props, logs),
      environment: {
        ...variablesOf(spec.name, environment, {
          machineAlias: aliasArn(this, environment, 'job'),
          rolloutAlias: aliasArn(this, environment, 'rollout'),
          contextSecret: contextSecret.secretArn,
          digestKey: digestKey.keyArn,
          approvalsTopic: topicArn(this, environment, 'approvals'),
          origin,
        }),
        NODE_OPTIONS: '--enable-source-maps',
      },
      tracing: Tracing.ACTIVE,
      logGroup: logs,
      loggingFormat: LoggingFormat.JSON,
      currentVersionOptions: { removalPolicy: RemovalPolicy.RETAIN },
    });
    this.version = this.lambda.currentVersion;
    acknowledgeTracing(this);
    RemovalPolicies.of(this).retain();
  }

  /** The alias that callers other than the state machine invoke. */
  addLiveAlias(options: AliasOptions = {}): Alias {
    return this.lambda.addAlias(LIVE, options);
  }

  #role({ spec, environment, contextSecret, digestKey, dataKey }: Props, logs: LogGroup): Role {
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `${spec.name}: ${spec.description}`,
    });
    const arns = { contextSecret: contextSecret.secretArn, digestKey: digestKey.keyArn };
    for (const grant of grantsOf(spec.name, environment)) {
      const statement = statementOf(this, environment, arns, grant);
      role.addToPolicy(statement);
      acknowledgeWildcards(role, statement, grant.reason ?? '');
    }
    role.addToPolicy(
      new PolicyStatement({ sid: 'WriteLogs', actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [logs.logGroupArn] }),
    );
    if (dataKey) {
      role.addToPolicy(
        new PolicyStatement({ sid: 'DataKey', actions: ['kms:Decrypt', 'kms:GenerateDataKey'], resources: [dataKey.keyArn] }),
      );
    }
    return role;
  }
}

const acknowledgeTracing = (construct: HandlerFunction): void => {
  const reason = 'X-Ray has no resource to name: PutTraceSegments and PutTelemetryRecords take only *';
  acknowledge(construct, { 'AwsSolutions-IAM5[Resource::*]': reason });
};
