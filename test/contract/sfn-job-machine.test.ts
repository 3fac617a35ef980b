import { readFileSync } from 'node:fs';
import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  SendTaskFailureCommand,
  SendTaskSuccessCommand,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { describe, expect, it } from 'vitest';
import { arn, eventually, type Functions, failing, functionArn, startSfn } from './sfn-fixtures.ts';

const source = readFileSync(new URL('../../statemachines/job.asl.json', import.meta.url), 'utf8');
const job: object = JSON.parse(source.replaceAll(/"\$\{(\w+)Function\}"/g, (_, name: string) => `"${functionArn(name)}"`));

type Payload = { state: string; step?: string; task_token?: string; run_id: string; input: Record<string, unknown> };

/** The real machine over functions that hand on what they got; `answer` decides at each hold. */
async function run(input: object, answer: (payload: Payload, nth: number) => 'approve' | 'revise' | 'reject', functions: Functions = {}) {
  let holds = 0;
  const stage = ({ state, input: got }: Payload) => ({ from: state, kind: got['kind'] ?? null, guard: 'passed', gates: 'passed' });
  const checkpoint = async (payload: Payload) => {
    const choice = answer(payload, holds++);
    const taskToken = payload.task_token;
    const cause = JSON.stringify({ revised: payload.state });
    if (choice === 'approve') {
      await sfn.client.send(new SendTaskSuccessCommand({ taskToken, output: JSON.stringify({ approved: payload.state }) }));
    } else {
      await sfn.client.send(new SendTaskFailureCommand({ taskToken, error: choice === 'revise' ? 'Revise' : 'rejected', cause }));
    }
  };
  const stages = ['Intake', 'Intent', 'Compile', 'Run', 'Gates', 'Registry', 'Report', 'Finish'].map((name) => [name, stage]);
  const Stop = () => ({ outcome: 'rejected', cause: 'a person said no' });
  const all = { ...Object.fromEntries(stages), Checkpoint: checkpoint, Stop, ...functions };
  const sfn = await startSfn({ machines: { job }, functions: all });
  const request = { stateMachineArn: `${arn('stateMachine', 'job')}:live`, name: 'run-1', input: JSON.stringify(input) };
  const { executionArn } = await sfn.client.send(new StartExecutionCommand(request));
  const described = await eventually(async () => {
    const now = await sfn.client.send(new DescribeExecutionCommand({ executionArn }));
    return now.status !== 'RUNNING' && now;
  });
  const { events = [] } = await sfn.client.send(new GetExecutionHistoryCommand({ executionArn, maxResults: 1000 }));
  const states = events.flatMap(({ stateEnteredEventDetails: entered }) => (entered?.name ? [entered.name] : []));
  return { ...described, states, calls: sfn.calls };
}

const approve = () => 'approve' as const;

describe('job.asl.json, as it is', () => {
  it('takes an idea from intake to finish', async () => {
    const { status, states, calls } = await run({ kind: 'idea' }, approve);
    expect([status, states.join(' ')]).toEqual([
      'SUCCEEDED',
      'Intake Route ConfirmLive Intent IntentGuard HoldBlueprint Compile HoldRunspec Run Gates Registry Report Verdict Finish',
    ]);
    expect(calls[0]?.payload).toEqual({ state: 'Intake', run_id: 'run-1', input: { kind: 'idea' } });
    expect(calls[2]?.payload).toEqual({ state: 'Intent', run_id: 'run-1', input: { approved: 'ConfirmLive' } });
  });

  it('sends a revised blueprint back to the agent with the answer as its context', async () => {
    const answer = (payload: Payload, nth: number) => (payload.state === 'HoldBlueprint' && nth < 3 ? 'revise' : 'approve');
    const { status, states, calls } = await run({ kind: 'idea' }, answer);
    expect([status, states.filter((state) => /Intent$|Blueprint$/.test(state)).join(' ')]).toEqual([
      'SUCCEEDED',
      'Intent HoldBlueprint ReviseBlueprint Intent HoldBlueprint ReviseBlueprint Intent HoldBlueprint',
    ]);
    expect(calls.filter(({ name }) => name === 'Intent')[1]?.payload['input']).toEqual({ context: { revised: 'HoldBlueprint' } });
  });

  it('ends a rejected job with its outcome as the error', async () => {
    const { status, error, cause, states } = await run({ kind: 'blueprint' }, () => 'reject');
    expect([status, error, cause]).toEqual(['FAILED', 'rejected', 'a person said no']);
    expect(states).toEqual(['Intake', 'Route', 'Compile', 'HoldRunspec', 'Stop', 'Stopped']);
  });

  it('fails with the error of an intake that refused, having tried once', async () => {
    const { error, cause, calls } = await run({ kind: 'no' }, approve, { Intake: failing('InvalidInput', 'kind must be idea') });
    expect([error, JSON.parse(cause ?? ''), calls.length]).toEqual([
      'InvalidInput',
      { errorType: 'InvalidInput', errorMessage: 'kind must be idea' },
      1,
    ]);
  });

  it('ends without a trace where another execution owns the job', async () => {
    const { error, states } = await run({ kind: 'blueprint' }, approve, { Gates: failing('Superseded', 'by run-2') });
    expect([error, states.slice(-2)]).toEqual(['Superseded', ['Gates', 'Refused']]);
  });

  it('tries again, after a random pause, what may succeed later', async () => {
    let tries = 0;
    const throttled = ({ state }: Payload) => (tries++ === 0 ? failing('Lambda.TooManyRequestsException')() : { from: state });
    const { status, calls } = await run({ kind: 'blueprint' }, approve, { Compile: throttled });
    expect([status, calls.filter(({ name }) => name === 'Compile').length]).toEqual(['SUCCEEDED', 2]);
  });
});
