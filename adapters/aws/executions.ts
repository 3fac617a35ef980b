import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  SendTaskFailureCommand,
  SendTaskSuccessCommand,
  type SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import type { Executions, Waits } from '../../contracts/ports.ts';
import { hasName } from './aws-errors.ts';

/** `arn:…:stateMachine:name[:alias]` → ARN of an execution of that machine. */
export const executionArn = (machineArn: string, runId: string): string => {
  const [, partition, , region, account, , machine] = machineArn.split(':');
  return `arn:${partition}:states:${region}:${account}:execution:${machine}:${runId}`;
};

/** AWS says `TaskTimedOut` for "already closed" too; a token of another account or machine is `InvalidToken`. */
const closed = (error: unknown): boolean => hasName(error, 'TaskTimedOut', 'TaskDoesNotExist', 'InvalidToken');

const delivered = async (send: Promise<unknown>): Promise<boolean> => {
  try {
    await send;
    return true;
  } catch (error) {
    if (closed(error)) return false;
    throw error;
  }
};

/** Answers to task tokens: a token says itself which machine it is of. */
export const createWaits = (sfn: SFNClient): Waits => ({
  succeed: (token, output) => delivered(sfn.send(new SendTaskSuccessCommand({ taskToken: token, output: JSON.stringify(output) }))),
  fail: (token, error, cause) => delivered(sfn.send(new SendTaskFailureCommand({ taskToken: token, error, cause }))),
});

/** The most that one request gives. */
const PAGE = 1_000;

/** States entered, and a retry for each call of a function beyond the first of a state: the transitions that AWS bills. */
const countHistory = async (sfn: SFNClient, arn: string): Promise<{ transitions: number; invocations: number }> => {
  let [entered, tasks, invocations] = [0, 0, 0];
  let nextToken: string | undefined;
  do {
    const page = await sfn.send(
      new GetExecutionHistoryCommand({ executionArn: arn, maxResults: PAGE, includeExecutionData: false, nextToken }),
    );
    const types = (page.events ?? []).map(({ type }) => type);
    entered += types.filter((type) => type?.endsWith('StateEntered')).length;
    tasks += types.filter((type) => type === 'TaskStateEntered').length;
    invocations += types.filter((type) => type === 'TaskScheduled').length;
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return { transitions: entered + Math.max(0, invocations - tasks), invocations };
};

/** Step Functions, for one machine. `machineArn` is the alias: on AWS nothing may start the bare machine. */
export const createExecutions = (sfn: SFNClient, machineArn: string): Executions => {
  return {
    start: async (runId, input) => {
      try {
        await sfn.send(new StartExecutionCommand({ stateMachineArn: machineArn, name: runId, input }));
      } catch (error) {
        if (!hasName(error, 'ExecutionAlreadyExists')) throw error;
      }
    },
    status: async (runId) => {
      try {
        const { status } = await sfn.send(new DescribeExecutionCommand({ executionArn: executionArn(machineArn, runId) }));
        return status ?? 'NOT_FOUND';
      } catch (error) {
        if (hasName(error, 'ExecutionDoesNotExist')) return 'NOT_FOUND';
        throw error;
      }
    },
    history: async (runId) => {
      // Events are numbered from 1, so the newest says how many there are.
      const newest = { executionArn: executionArn(machineArn, runId), reverseOrder: true, maxResults: 1, includeExecutionData: false };
      const { events } = await sfn.send(new GetExecutionHistoryCommand(newest));
      const [last] = events ?? [];
      return { events: last?.id ?? 0, newest_at: last?.timestamp?.toISOString() ?? null };
    },
    counted: async (runId) => {
      try {
        return await countHistory(sfn, executionArn(machineArn, runId));
      } catch (error) {
        // Histories are kept for 90 days.
        if (hasName(error, 'ExecutionDoesNotExist')) return null;
        throw error;
      }
    },
    stop: async (runId, error, cause) => {
      try {
        await sfn.send(new StopExecutionCommand({ executionArn: executionArn(machineArn, runId), error, cause }));
      } catch (failure) {
        if (!hasName(failure, 'ExecutionDoesNotExist', 'ValidationException')) throw failure;
      }
    },
  };
};
