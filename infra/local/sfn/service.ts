import type { AwsRequest, AwsResponse } from '../wire.ts';
import { type Counted, countExecutions } from './counting.ts';
import { answer, notImplemented, refusal, SfnError } from './errors.ts';
import { describeExecution, listExecutions, redriveExecution, stopExecution } from './operations/executions.ts';
import { getExecutionHistory } from './operations/history.ts';
import {
  describeAlias,
  describeForExecution,
  describeStateMachine,
  listAliases,
  listStateMachines,
  listVersions,
} from './operations/machines.ts';
import type { Operation } from './operations/operation.ts';
import { startExecution } from './operations/start.ts';
import { sendTaskFailure, sendTaskHeartbeat, sendTaskSuccess } from './operations/tasks.ts';
import { openSfn } from './sfn.ts';
import type { Invoke } from './world.ts';

export type SfnOptions = {
  /** Journals, machine versions and the index of closed executions; one process at a time. */
  dataDir: string;
  /** `definition`: parsed ASL, placeholders already substituted by function ARNs. */
  machines: { name: string; definition: unknown }[];
  region: 'us-east-1';
  account: '000000000000';
  invoke: Invoke;
  now?: () => Date;
};

export type SfnService = {
  /** AWS JSON 1.0. Never rejects. */
  handle(request: AwsRequest): Promise<AwsResponse>;
  /** What executions of these names were billed so far. */
  counted(names: readonly string[]): Promise<Counted>;
  /** Lets deadlines fire that `now` has passed: for clocks that are moved by hand. */
  kick(): void;
  /** Stops in memory; everything is on the disk when it resolves, and goes on at the next start. */
  close(): Promise<void>;
};

const OPERATIONS = new Map<string, Operation>([
  ['StartExecution', startExecution],
  ['DescribeExecution', describeExecution],
  ['ListExecutions', listExecutions],
  ['GetExecutionHistory', getExecutionHistory],
  ['StopExecution', stopExecution],
  ['RedriveExecution', redriveExecution],
  ['SendTaskSuccess', sendTaskSuccess],
  ['SendTaskFailure', sendTaskFailure],
  ['SendTaskHeartbeat', sendTaskHeartbeat],
  ['DescribeStateMachine', describeStateMachine],
  ['DescribeStateMachineForExecution', describeForExecution],
  ['ListStateMachines', listStateMachines],
  ['ListStateMachineVersions', listVersions],
  ['ListStateMachineAliases', listAliases],
  ['DescribeStateMachineAlias', describeAlias],
]);

/**
 * Step Functions on this machine. What ran when the folder was left goes on in the next turn of the event loop, so that the
 * caller can put the service in its place first. Rejects when a machine cannot run here or the folder cannot be read.
 */
export async function createSfn(options: SfnOptions): Promise<SfnService> {
  const { dataDir, machines, invoke, now = () => new Date() } = options;
  const sfn = await openSfn({ dataDir, machines, invoke, now: () => now().getTime() });
  let closed = false;
  const handle = async (request: AwsRequest): Promise<AwsResponse> => {
    try {
      if (closed) throw new SfnError('ServiceUnavailable', 'the local Step Functions is closing; try again', 503);
      return answer(200, await operationOf(request)(sfn, bodyOf(request)));
    } catch (error) {
      return refusal(error);
    }
  };
  const resume = () => {
    for (const execution of sfn.store.allRunning()) if (!execution.run) sfn.run(execution);
  };
  const close = async () => {
    closed = true;
    clearImmediate(resumption);
    const running = sfn.store.allRunning();
    for (const execution of running) execution.run?.halt();
    sfn.deadlines.clear();
    await Promise.allSettled(running.map((execution) => execution.journal.flush()));
  };
  const resumption = setImmediate(resume);
  return { handle, counted: (names) => countExecutions(sfn, names), kick: () => sfn.deadlines.kick(), close };
}

function operationOf(request: AwsRequest): Operation {
  const target = request.headers['x-amz-target'] ?? '';
  const operation = OPERATIONS.get(target.replace(/^AWSStepFunctions\./, ''));
  if (!operation) throw notImplemented(target || 'a request without the header x-amz-target');
  return operation;
}

function bodyOf({ body }: AwsRequest): unknown {
  try {
    return JSON.parse(body.toString('utf8') || '{}');
  } catch {
    throw new SfnError('SerializationException', 'the request body is not JSON');
  }
}
