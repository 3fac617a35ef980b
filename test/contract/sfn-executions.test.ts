import {
  DescribeExecutionCommand,
  DescribeStateMachineAliasCommand,
  DescribeStateMachineCommand,
  DescribeStateMachineForExecutionCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  ListStateMachineAliasesCommand,
  ListStateMachinesCommand,
  ListStateMachineVersionsCommand,
  SendTaskSuccessCommand,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { describe, expect, it } from 'vitest';
import { arn, eventually, failing, hold, machine, startSfn, task, types } from './sfn-fixtures.ts';

const chain = machine({ First: task('first', { Next: 'Second' }), Second: task('second', { End: true }) }, { TimeoutSeconds: 7_776_000 });
const functions = { first: () => ({ n: 1 }), second: ({ input }: { input: { n: number } }) => ({ n: input.n + 1 }) };
const chainArn = arn('stateMachine', 'chain');
const held = machine({ Hold: hold('ask', { End: true }) });
const heldArn = arn('stateMachine', 'held');

const ended = ({ client }: Awaited<ReturnType<typeof startSfn>>, executionArn: string | undefined) =>
  eventually(async () => {
    const described = await client.send(new DescribeExecutionCommand({ executionArn }));
    return described.status !== 'RUNNING' && described;
  });

describe('an execution', () => {
  it('runs to its output and shows every field of its description', async () => {
    const sfn = await startSfn({ machines: { chain }, functions });
    const started = await sfn.client.send(
      new StartExecutionCommand({ stateMachineArn: `${chainArn}:live`, name: 'one', input: '{"a":1}' }),
    );
    expect(started.executionArn).toBe(arn('execution', 'chain:one'));
    expect(await ended(sfn, started.executionArn)).toMatchObject({
      status: 'SUCCEEDED',
      stateMachineArn: chainArn,
      stateMachineAliasArn: `${chainArn}:live`,
      stateMachineVersionArn: `${chainArn}:1`,
      input: '{"a":1}',
      output: '{"n":2}',
      redriveCount: 0,
      redriveStatus: 'NOT_REDRIVABLE',
      startDate: started.startDate,
    });
    expect(sfn.calls.map(({ name, payload }) => [name, payload['input']])).toEqual([
      ['first', { a: 1 }],
      ['second', { n: 1 }],
    ]);
  });

  it('writes the history AWS would write, numbered and linked', async () => {
    const sfn = await startSfn({ machines: { chain }, functions });
    const { executionArn } = await sfn.client.send(new StartExecutionCommand({ stateMachineArn: chainArn, name: 'h' }));
    await ended(sfn, executionArn);
    const { events = [] } = await sfn.client.send(new GetExecutionHistoryCommand({ executionArn }));
    const one = ['TaskStateEntered', 'TaskScheduled', 'TaskStarted', 'TaskSucceeded', 'TaskStateExited'];
    expect(types(events)).toEqual(['ExecutionStarted', ...one, ...one, 'ExecutionSucceeded']);
    expect(events.map(({ id, previousEventId }) => [id, previousEventId])).toEqual(
      events.map((_, index) => [index + 1, index === 1 ? 0 : index]),
    );
    expect(events[2]?.taskScheduledEventDetails).toMatchObject({ resourceType: 'lambda', resource: 'invoke', timeoutInSeconds: 60 });
    expect(events.at(-1)?.executionSucceededEventDetails?.output).toBe('{"n":2}');
  });

  it('pages its history, also backwards and without data', async () => {
    const sfn = await startSfn({ machines: { chain }, functions });
    const { executionArn } = await sfn.client.send(new StartExecutionCommand({ stateMachineArn: chainArn }));
    await ended(sfn, executionArn);
    const ids: (number | undefined)[] = [];
    let nextToken: string | undefined;
    do {
      const page = await sfn.client.send(
        new GetExecutionHistoryCommand({ executionArn, maxResults: 5, reverseOrder: true, includeExecutionData: false, nextToken }),
      );
      ids.push(...(page.events ?? []).map(({ id }) => id));
      expect(JSON.stringify(page.events)).not.toContain('\\"n\\"');
      nextToken = page.nextToken;
    } while (nextToken);
    expect(ids).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    const wrong = sfn.client.send(new GetExecutionHistoryCommand({ executionArn, nextToken: 'bm8=' }));
    await expect(wrong).rejects.toMatchObject({ name: 'InvalidToken' });
  });

  it('is the same one for the same name and input while it runs, and a conflict otherwise', async () => {
    const sfn = await startSfn({ machines: { held, chain }, functions });
    const start = (input: string) => sfn.client.send(new StartExecutionCommand({ stateMachineArn: heldArn, name: 'same', input }));
    const racers = await Promise.all(Array.from({ length: 8 }, () => start('{"a":1}')));
    expect(new Set(racers.map(({ executionArn, startDate }) => `${executionArn} ${startDate?.getTime()}`)).size).toBe(1);
    const call = await eventually(() => sfn.calls[0]);
    await expect(start('{"a":2}')).rejects.toMatchObject({ name: 'ExecutionAlreadyExists' });
    await sfn.client.send(new SendTaskSuccessCommand({ taskToken: String(call.payload['token']), output: '{}' }));
    await ended(sfn, racers[0]?.executionArn);
    await expect(start('{"a":1}')).rejects.toMatchObject({ name: 'ExecutionAlreadyExists' });
    expect(sfn.calls).toHaveLength(1);
  });

  it.each([
    ['a name with a space', { name: 'a b' }, 'InvalidName'],
    ['a name with a colon', { name: 'a:b' }, 'InvalidName'],
    ['a name of 81 characters', { name: 'n'.repeat(81) }, 'InvalidName'],
    ['an input that is not JSON', { input: '{' }, 'InvalidExecutionInput'],
    ['an input above 262,144 bytes', { input: JSON.stringify('é'.repeat(131_072)) }, 'InvalidExecutionInput'],
    ['an input above 262,144 characters', { input: JSON.stringify('e'.repeat(262_143)) }, 'ValidationException'],
    ['an input nested 100,000 deep', { input: '['.repeat(100_000) + ']'.repeat(100_000) }, 'InvalidExecutionInput'],
    ['an unknown machine', { stateMachineArn: arn('stateMachine', 'none') }, 'StateMachineDoesNotExist'],
    ['an unknown version', { stateMachineArn: `${chainArn}:7` }, 'StateMachineDoesNotExist'],
    ['an unknown alias', { stateMachineArn: `${chainArn}:prod` }, 'StateMachineDoesNotExist'],
    ['another account', { stateMachineArn: chainArn.replace('000000000000', '111111111111') }, 'StateMachineDoesNotExist'],
    ['what is no ARN', { stateMachineArn: 'chain' }, 'InvalidArn'],
  ])('is refused for %s', async (_case, request, name) => {
    const sfn = await startSfn({ machines: { chain }, functions });
    await expect(sfn.client.send(new StartExecutionCommand({ stateMachineArn: chainArn, ...request }))).rejects.toMatchObject({ name });
    expect(await sfn.client.send(new ListExecutionsCommand({ stateMachineArn: chainArn }))).toMatchObject({ executions: [] });
  });

  it('takes the largest input and any name AWS takes', async () => {
    const sfn = await startSfn({ machines: { quick: machine({ Done: { Type: 'Succeed' } }) } });
    for (const name of ['..', 'Ünïcode-名前', '名'.repeat(80), '(=+@)']) {
      const request = { stateMachineArn: arn('stateMachine', 'quick'), name, input: JSON.stringify('e'.repeat(262_142)) };
      const { executionArn } = await sfn.client.send(new StartExecutionCommand(request));
      expect(await ended(sfn, executionArn)).toMatchObject({ name, status: 'SUCCEEDED' });
    }
  });

  it('that is unknown does not exist', async () => {
    const { client } = await startSfn({ machines: { chain } });
    const gone = { name: 'ExecutionDoesNotExist' };
    for (const executionArn of [arn('execution', 'chain:x'), arn('execution', 'chain:x').replace('us-east-1', 'eu-west-1')]) {
      await expect(client.send(new DescribeExecutionCommand({ executionArn }))).rejects.toMatchObject(gone);
      await expect(client.send(new GetExecutionHistoryCommand({ executionArn }))).rejects.toMatchObject(gone);
      await expect(client.send(new StopExecutionCommand({ executionArn }))).rejects.toMatchObject(gone);
    }
    await expect(client.send(new DescribeExecutionCommand({ executionArn: 'x' }))).rejects.toMatchObject({ name: 'InvalidArn' });
  });

  it('stops as ABORTED with the given reason, once, and its token is worth nothing', async () => {
    const sfn = await startSfn({ machines: { held } });
    const { executionArn } = await sfn.client.send(new StartExecutionCommand({ stateMachineArn: heldArn, name: 's' }));
    const call = await eventually(() => sfn.calls[0]);
    const stops = await Promise.all(
      [1, 2].map((n) => sfn.client.send(new StopExecutionCommand({ executionArn, error: `E${n}`, cause: 'enough' }))),
    );
    expect(stops[0]?.stopDate).toEqual(stops[1]?.stopDate);
    const described = await sfn.client.send(new DescribeExecutionCommand({ executionArn }));
    expect(described).toMatchObject({ status: 'ABORTED', cause: 'enough', stopDate: stops[0]?.stopDate, redriveStatus: 'REDRIVABLE' });
    const late = sfn.client.send(new SendTaskSuccessCommand({ taskToken: String(call.payload['token']), output: '{}' }));
    await expect(late).rejects.toMatchObject({ name: 'TaskTimedOut' });
    const { events } = await sfn.client.send(new GetExecutionHistoryCommand({ executionArn }));
    expect(types(events).filter((type) => type === 'ExecutionAborted')).toHaveLength(1);
  });

  it('fails with the error and cause of its Fail state', async () => {
    const fail = { Type: 'Fail', ErrorPath: '$.outcome', CausePath: '$.cause' };
    const sfn = await startSfn({ machines: { fails: machine({ Stopped: fail }), bare: machine({ Stopped: { Type: 'Fail' } }) } });
    const input = JSON.stringify({ outcome: 'rejected', cause: 'not today' });
    const start = (name: string) => sfn.client.send(new StartExecutionCommand({ stateMachineArn: arn('stateMachine', name), input }));
    const { executionArn } = await start('fails');
    expect(await ended(sfn, executionArn)).toMatchObject({ status: 'FAILED', error: 'rejected', cause: 'not today' });
    const { events } = await sfn.client.send(new GetExecutionHistoryCommand({ executionArn }));
    expect(types(events)).toEqual(['ExecutionStarted', 'FailStateEntered', 'ExecutionFailed']);
    expect(events?.at(-1)?.executionFailedEventDetails).toEqual({ error: 'rejected', cause: 'not today' });
    const bare = await ended(sfn, (await start('bare')).executionArn);
    expect([bare.status, bare.error, bare.cause]).toEqual(['FAILED', undefined, undefined]);
  });

  it('fails with the error of a task nobody catches, its cause as AWS Lambda writes it', async () => {
    const sfn = await startSfn({ machines: { chain }, functions: { ...functions, second: failing('DuplicateJob', 'job x runs') } });
    const { executionArn } = await sfn.client.send(new StartExecutionCommand({ stateMachineArn: chainArn }));
    const described = await ended(sfn, executionArn);
    expect(described).toMatchObject({ status: 'FAILED', error: 'DuplicateJob' });
    expect(JSON.parse(described.cause ?? '')).toEqual({ errorType: 'DuplicateJob', errorMessage: 'job x runs' });
  });

  it('times out as a whole, by its own clock', async () => {
    const clock = { ms: Date.parse('2026-01-01T00:00:00Z') };
    const brief = machine({ Hold: hold('ask', { End: true }) }, { TimeoutSeconds: 86_400 });
    const sfn = await startSfn({ machines: { brief }, now: () => new Date(clock.ms) });
    const { executionArn } = await sfn.client.send(new StartExecutionCommand({ stateMachineArn: arn('stateMachine', 'brief') }));
    clock.ms += 86_399_000;
    sfn.service.kick();
    expect(await sfn.client.send(new DescribeExecutionCommand({ executionArn }))).toMatchObject({ status: 'RUNNING' });
    clock.ms += 1000;
    sfn.service.kick();
    expect(await ended(sfn, executionArn)).toMatchObject({ status: 'TIMED_OUT', error: 'States.Timeout' });
    const { events } = await sfn.client.send(new GetExecutionHistoryCommand({ executionArn }));
    expect(types(events).at(-1)).toBe('ExecutionTimedOut');
  });

  it('that never ends by itself ends at 25,000 events', async () => {
    const never = { Type: 'Choice', Choices: [{ Variable: '$.a', IsPresent: true, Next: 'Done' }], Default: 'Spin' };
    const spin = machine({ Spin: never, Done: { Type: 'Succeed' } });
    const sfn = await startSfn({ machines: { spin } });
    const { executionArn } = await sfn.client.send(new StartExecutionCommand({ stateMachineArn: arn('stateMachine', 'spin') }));
    expect(await ended(sfn, executionArn)).toMatchObject({ status: 'FAILED', error: 'States.Runtime' });
    const { events } = await sfn.client.send(new GetExecutionHistoryCommand({ executionArn, reverseOrder: true, maxResults: 1 }));
    expect(events?.[0]).toMatchObject({ id: 25_000, type: 'ExecutionFailed' });
  });
});

describe('lists', () => {
  it('executions newest first, by status, paged, and by the alias they were started through', async () => {
    let at = 0;
    const sfn = await startSfn({ machines: { held, quick: machine({ Done: { Type: 'Succeed' } }) }, now: () => new Date(1e12 + at++) });
    const quick = arn('stateMachine', 'quick');
    for (let n = 0; n < 7; n++) {
      await sfn.client.send(new StartExecutionCommand({ stateMachineArn: n % 2 ? quick : `${quick}:live`, name: `q${n}` }));
    }
    await sfn.client.send(new StartExecutionCommand({ stateMachineArn: heldArn, name: 'h' }));
    const names = async (request: object) => {
      const found: (string | undefined)[] = [];
      let nextToken: string | undefined;
      do {
        const page = await sfn.client.send(new ListExecutionsCommand({ stateMachineArn: quick, maxResults: 3, nextToken, ...request }));
        found.push(...(page.executions ?? []).map(({ name }) => name));
        nextToken = page.nextToken;
      } while (nextToken);
      return found;
    };
    await eventually(async () => (await names({ statusFilter: 'SUCCEEDED' })).length === 7);
    expect(await names({})).toEqual(['q6', 'q5', 'q4', 'q3', 'q2', 'q1', 'q0']);
    expect(await names({ stateMachineArn: `${quick}:live` })).toEqual(['q6', 'q4', 'q2', 'q0']);
    expect(await names({ statusFilter: 'RUNNING' })).toEqual([]);
    expect(await names({ stateMachineArn: heldArn, statusFilter: 'RUNNING' })).toEqual(['h']);
    const wrong = sfn.client.send(new ListExecutionsCommand({ stateMachineArn: quick, statusFilter: 'NONE' as never }));
    await expect(wrong).rejects.toMatchObject({ name: 'ValidationException' });
  });

  it('machines, versions and the alias', async () => {
    const { client } = await startSfn({ machines: { chain, held } });
    const { stateMachines = [] } = await client.send(new ListStateMachinesCommand({}));
    expect(stateMachines.map(({ name }) => name)).toEqual(['chain', 'held']);
    const described = await client.send(new DescribeStateMachineCommand({ stateMachineArn: chainArn }));
    expect(JSON.parse(described.definition ?? '')).toEqual(chain);
    const { stateMachineVersions = [] } = await client.send(new ListStateMachineVersionsCommand({ stateMachineArn: chainArn }));
    expect(stateMachineVersions.map((version) => version.stateMachineVersionArn)).toEqual([`${chainArn}:1`]);
    const { stateMachineAliases = [] } = await client.send(new ListStateMachineAliasesCommand({ stateMachineArn: chainArn }));
    expect(stateMachineAliases[0]?.stateMachineAliasArn).toBe(`${chainArn}:live`);
    const alias = await client.send(new DescribeStateMachineAliasCommand({ stateMachineAliasArn: `${chainArn}:live` }));
    expect(alias.routingConfiguration).toEqual([{ stateMachineVersionArn: `${chainArn}:1`, weight: 100 }]);
  });

  it('a changed definition as the next version, while executions go on with theirs', async () => {
    const first = await startSfn({ machines: { held } });
    const { executionArn } = await first.client.send(new StartExecutionCommand({ stateMachineArn: `${heldArn}:live`, name: 'old' }));
    const call = await eventually(() => first.calls[0]);
    await first.close();
    const changed = machine({ Renamed: hold('ask', { Next: 'More' }), More: task('more', { End: true }) });
    const second = await startSfn({ machines: { held: changed }, functions: { more: () => 'new' }, dataDir: first.dataDir });
    const alias = await second.client.send(new DescribeStateMachineAliasCommand({ stateMachineAliasArn: `${heldArn}:live` }));
    expect(alias.routingConfiguration?.[0]?.stateMachineVersionArn).toBe(`${heldArn}:2`);
    await second.client.send(new SendTaskSuccessCommand({ taskToken: String(call.payload['token']), output: '"old"' }));
    expect(await ended(second, executionArn)).toMatchObject({ output: '"old"', stateMachineVersionArn: `${heldArn}:1` });
    const { definition = '' } = await second.client.send(new DescribeStateMachineForExecutionCommand({ executionArn }));
    expect(JSON.parse(definition)).toEqual(held);
    const started = await second.client.send(new StartExecutionCommand({ stateMachineArn: `${heldArn}:1`, name: 'by-version' }));
    expect((await second.client.send(new DescribeExecutionCommand(started))).stateMachineVersionArn).toBe(`${heldArn}:1`);
  });
});

it('answers 501 for what it does not do, and 400 for a body that is not JSON', async () => {
  const { service } = await startSfn({ machines: { chain } });
  const post = (target: string, body: string) =>
    service.handle({
      method: 'POST',
      path: '/',
      query: new URLSearchParams(),
      headers: { 'x-amz-target': `AWSStepFunctions.${target}` },
      body: Buffer.from(body),
    });
  expect(await post('CreateStateMachine', '{}')).toMatchObject({ status: 501, body: expect.stringContaining('NotImplemented') });
  expect(await post('DescribeExecution', '{')).toMatchObject({ status: 400, body: expect.stringContaining('SerializationException') });
  expect(await post('DescribeExecution', '{}')).toMatchObject({ status: 400, body: expect.stringContaining('executionArn') });
});

it.each([
  ['another service', { Resource: 'arn:aws:states:::sqs:sendMessage' }, 'would call AWS'],
  ['a function ARN as resource', { Resource: 'arn:aws:lambda:us-east-1:000000000000:function:f' }, 'would call AWS'],
  ['a placeholder left over', { Parameters: { FunctionName: '${F}' } }, 'placeholder'],
  ['no timeout', { TimeoutSeconds: undefined }, 'TimeoutSeconds is missing'],
  ['a heartbeat', { HeartbeatSeconds: 5 }, 'HeartbeatSeconds'],
])('does not start with %s', async (_case, fields, message) => {
  const started = startSfn({ machines: { bad: machine({ A: task('f', { End: true, ...fields }) }) } });
  await expect(started).rejects.toThrow(message);
});
