import { ArnFormat, Stack } from 'aws-cdk-lib';
import { type Conditions, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { TELEMETRY_TABLES } from '../../contracts/telemetry.ts';
import type { Environment } from '../environments.ts';
import type { Grant } from '../grants.ts';
import {
  bucketName,
  databaseName,
  LIVE,
  MACHINES,
  type MachineId,
  machineName,
  runnerProjectName,
  type TopicId,
  tableName,
  topicName,
  workgroupName,
} from '../names.ts';

/** ARNs of the state stack that grants are about and no name gives. */
export type StateArns = { contextSecret: string; digestKey: string };

type Where = { resources: string[]; conditions?: Conditions };

const statesArn = (scope: Construct, resource: 'stateMachine' | 'execution', resourceName: string): string =>
  Stack.of(scope).formatArn({ service: 'states', resource, resourceName, arnFormat: ArnFormat.COLON_RESOURCE_NAME });

/** ARN of a machine, by name: docs/decisions/0002-callback-arn-by-name.md. */
const machineArn = (scope: Construct, environment: Environment, machine: MachineId): string =>
  statesArn(scope, 'stateMachine', machineName(environment, machine));

export const topicArn = (scope: Construct, environment: Environment, topic: TopicId): string =>
  Stack.of(scope).formatArn({ service: 'sns', resource: topicName(environment, topic) });

/** What callers start: never the bare machine. */
export const aliasArn = (scope: Construct, environment: Environment, machine: MachineId): string =>
  `${machineArn(scope, environment, machine)}:${LIVE}`;

/** A model, or a profile and the model behind it: `us.anthropic.…` runs `anthropic.…` in any region of its own choice. */
const modelArns = (stack: Stack, model: string): string[] => {
  const [, profiled] = /^(?:us|eu|apac|jp|au|us-gov|global)\.(.+)$/.exec(model) ?? [];
  const foundation = (region: string, resourceName: string) =>
    stack.formatArn({ service: 'bedrock', region, account: '', resource: 'foundation-model', resourceName });
  if (profiled === undefined) return [foundation(stack.region, model)];
  return [stack.formatArn({ service: 'bedrock', resource: 'inference-profile', resourceName: model }), foundation('*', profiled)];
};

/** Only when Athena asks in the function's name. */
const VIA_ATHENA: Conditions = { 'ForAnyValue:StringEquals': { 'aws:CalledVia': ['athena.amazonaws.com'] } };

/** The catalog, the database of telemetry, and each of its tables: Glue asks for all three. */
const catalogArns = (stack: Stack, environment: Environment): string[] => {
  const glue = (resource: string, resourceName?: string) =>
    stack.formatArn({ service: 'glue', resource, ...(resourceName === undefined ? {} : { resourceName }) });
  const database = databaseName(environment);
  return [
    glue('catalog'),
    glue('database', database),
    ...Object.keys(TELEMETRY_TABLES).map((table) => glue('table', `${database}/${table}`)),
  ];
};

const where = (scope: Construct, environment: Environment, arns: StateArns, grant: Grant): Where => {
  const stack = Stack.of(scope);
  const bucketArn = (bucket: Parameters<typeof bucketName>[1]): string =>
    stack.formatArn({ service: 's3', region: '', account: '', resource: bucketName(environment, bucket) });
  const tableArn = (): string => stack.formatArn({ service: 'dynamodb', resource: 'table', resourceName: tableName(environment) });

  switch (grant.on) {
    case 'objects':
      return { resources: [`${bucketArn(grant.bucket)}/${grant.prefix}*`] };
    case 'keys':
      return {
        resources: [bucketArn(grant.bucket)],
        // IfExists: the check behind "404 or 403" of a GetObject carries no prefix, and must pass.
        ...(grant.prefixes.includes('')
          ? {}
          : { conditions: { StringLikeIfExists: { 's3:prefix': grant.prefixes.map((prefix) => `${prefix}*`) } } }),
      };
    case 'table':
      return { resources: [tableArn()] };
    case 'job-items':
      return { resources: [tableArn()], conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['JOB#*'] } } };
    case 'flags':
      return { resources: [tableArn()], conditions: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['FLAGS'] } } };
    case 'indexes':
      return { resources: grant.names.map((name) => `${tableArn()}/index/${name}`) };
    case 'context-keys':
      return { resources: [arns.contextSecret] };
    case 'digest-key':
      return { resources: [arns.digestKey] };
    case 'secret':
      return { resources: [grant.arn] };
    case 'bedrock-model':
      return { resources: modelArns(stack, grant.model) };
    case 'approvals-topic':
      return { resources: [topicArn(scope, environment, 'approvals')] };
    case 'alias':
      // Step Functions authorizes on the machine's ARN; the qualifier is a condition
      // (https://docs.aws.amazon.com/step-functions/latest/dg/auth-version-alias.html).
      return {
        resources: grant.machines.map((id) => machineArn(scope, environment, id)),
        conditions: { StringEquals: { 'states:StateMachineQualifier': LIVE } },
      };
    case 'executions':
      return { resources: grant.machines.map((id) => statesArn(scope, 'execution', `${machineName(environment, id)}:*`)) };
    case 'workgroup':
      return { resources: [stack.formatArn({ service: 'athena', resource: 'workgroup', resourceName: workgroupName(environment) })] };
    case 'telemetry-catalog':
      return { resources: catalogArns(stack, environment) };
    case 'query-answers':
      return { resources: [`${bucketArn('queries')}/*`], conditions: VIA_ATHENA };
    case 'telemetry-bucket':
      return { resources: [bucketArn('queries'), bucketArn('telemetry')], conditions: VIA_ATHENA };
    case 'runner-project':
      return { resources: [stack.formatArn({ service: 'codebuild', resource: 'project', resourceName: runnerProjectName(environment) })] };
    case 'waits':
      return { resources: MACHINES.map((id) => machineArn(scope, environment, id)) };
  }
};

/** A grant as an IAM statement of `environment`. */
export const statementOf = (scope: Construct, environment: Environment, arns: StateArns, grant: Grant): PolicyStatement =>
  new PolicyStatement({ sid: grant.sid, actions: [...grant.actions], ...where(scope, environment, arns, grant) });
