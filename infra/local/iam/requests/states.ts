import * as z from 'zod';
import { machineArn } from '../../sfn/arns.ts';
import { readToken } from '../../sfn/execution.ts';
import type { AwsRequest } from '../../wire.ts';
import type { Call } from '../evaluate.ts';

const Body = z.object({
  stateMachineArn: z.string().optional(),
  stateMachineAliasArn: z.string().optional(),
  executionArn: z.string().optional(),
  taskToken: z.string().optional(),
});

const ON_MACHINE = new Set([
  'StartExecution',
  'ListExecutions',
  'DescribeStateMachine',
  'ListStateMachineVersions',
  'ListStateMachineAliases',
  'DescribeStateMachineAlias',
]);
const ON_EXECUTION = new Set([
  'DescribeExecution',
  'GetExecutionHistory',
  'StopExecution',
  'RedriveExecution',
  'DescribeStateMachineForExecution',
]);
const ON_TASK = new Set(['SendTaskSuccess', 'SendTaskFailure', 'SendTaskHeartbeat']);

type Target = Pick<Call, 'resource' | 'context'>;

/** Step Functions authorizes on the machine; alias or version is the qualifier. */
const machine = (arn: string): Target => {
  const [, bare = arn, qualifier] = /^(arn:[^:]+:states:[^:]*:[^:]*:stateMachine:[^:]+)(?::(.+))?$/.exec(arn) ?? [];
  return { resource: bare, context: qualifier === undefined ? {} : { 'states:statemachinequalifier': [qualifier] } };
};

const targetOf = (name: string, body: z.infer<typeof Body>): Target | null => {
  const arn = body.stateMachineArn ?? body.stateMachineAliasArn;
  if (name === 'ListStateMachines') return { resource: '*', context: {} };
  if (ON_MACHINE.has(name) && arn !== undefined) return machine(arn);
  if (ON_EXECUTION.has(name) && body.executionArn !== undefined) return { resource: body.executionArn, context: {} };
  // A token belongs to a machine; one that was made up belongs to none, and nobody may answer it.
  if (ON_TASK.has(name) && body.taskToken !== undefined) {
    return { resource: machineArn(readToken(body.taskToken)?.machine ?? ''), context: {} };
  }
  return null;
};

const parse = ({ body }: AwsRequest): z.infer<typeof Body> | null => {
  try {
    return Body.parse(JSON.parse(body.toString('utf8') || '{}'));
  } catch {
    return null;
  }
};

/** What a request asks permission for. Null: nobody knows. */
export const askOfStates = (request: AwsRequest): Call[] | null => {
  const name = (request.headers['x-amz-target'] ?? '').replace(/^AWSStepFunctions\./, '');
  const body = parse(request);
  const target = body && targetOf(name, body);
  return (
    target && [{ action: `states:${name}`, resource: target.resource, context: { 'aws:securetransport': ['true'], ...target.context } }]
  );
};
