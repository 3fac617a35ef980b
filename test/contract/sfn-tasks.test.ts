import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  RedriveExecutionCommand,
  SendTaskFailureCommand,
  SendTaskHeartbeatCommand,
  SendTaskSuccessCommand,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { describe, expect, it } from 'vitest';
import { arn, eventually, failing, hold, machine, type Running, startSfn, task, types } from './sfn-fixtures.ts';

const m = arn('stateMachine', 'm');
const start = ({ client }: Running, input: unknown = {}, name = 'e') =>
  client.send(new StartExecutionCommand({ stateMachineArn: m, name, input: JSON.stringify(input) }));
const executionArn = arn('execution', 'm:e');
const describeIt = ({ client }: Running) => client.send(new DescribeExecutionCommand({ executionArn }));
const ended = (sfn: Running) =>
  eventually(async () => {
    const described = await describeIt(sfn);
    return described.status !== 'RUNNING' && described;
  });
const history = async ({ client }: Running) =>
  (await client.send(new GetExecutionHistoryCommand({ executionArn, maxResults: 1000 }))).events ?? [];
const succeed = ({ client }: Running, taskToken: unknown, output: unknown) =>
  client.send(new SendTaskSuccessCommand({ taskToken: String(taskToken), output: JSON.stringify(output) }));
const call = (sfn: Running, index: number) => eventually(() => sfn.calls[index]);
const retry = (errors: string[], more = {}) => ({
  Retry: [{ ErrorEquals: errors, IntervalSeconds: 1, MaxAttempts: 2, JitterStrategy: 'FULL', MaxDelaySeconds: 1, ...more }],
});

describe('a task token', () => {
  it('ends the wait with the output it was sent', async () => {
    const sfn = await startSfn({
      machines: { m: machine({ H: hold('ask', { End: true }) }) },
      functions: { ask: () => ({ ignored: true }) },
    });
    await start(sfn, { q: 1 });
    const { payload } = await call(sfn, 0);
    await eventually(async () => types(await history(sfn)).includes('TaskSubmitted'));
    await sfn.client.send(new SendTaskHeartbeatCommand({ taskToken: String(payload['token']) }));
    await succeed(sfn, payload['token'], { answer: 42 });
    expect(await ended(sfn)).toMatchObject({ status: 'SUCCEEDED', output: '{"answer":42}' });
    expect(types(await history(sfn))).toEqual([
      'ExecutionStarted',
      'TaskStateEntered',
      'TaskScheduled',
      'TaskStarted',
      'TaskSubmitted',
      'TaskSucceeded',
      'TaskStateExited',
      'ExecutionSucceeded',
    ]);
  });

  it('works before the invocation that got it has returned', async () => {
    const returned = Promise.withResolvers<void>();
    const sfn = await startSfn({ machines: { m: machine({ H: hold('ask', { End: true }) }) }, functions: { ask: () => returned.promise } });
    await start(sfn);
    await succeed(sfn, (await call(sfn, 0)).payload['token'], 'early');
    expect(await ended(sfn)).toMatchObject({ status: 'SUCCEEDED', output: '"early"' });
    returned.resolve();
  });

  it('counts once: of 32 answers at the same time one wins', async () => {
    const sfn = await startSfn({ machines: { m: machine({ H: hold('ask', { End: true }) }) } });
    await start(sfn);
    const { payload } = await call(sfn, 0);
    const answers = await Promise.allSettled(Array.from({ length: 32 }, (_, n) => succeed(sfn, payload['token'], n)));
    const won = answers.flatMap((answer, n) => (answer.status === 'fulfilled' ? [n] : []));
    expect(won).toHaveLength(1);
    for (const answer of answers) if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ name: 'TaskTimedOut' });
    expect((await ended(sfn)).output).toBe(String(won[0]));
    await expect(succeed(sfn, payload['token'], 'late')).rejects.toMatchObject({ name: 'TaskTimedOut' });
  });

  it('that was never given out is InvalidToken, an output that is not JSON InvalidOutput', async () => {
    const sfn = await startSfn({ machines: { m: machine({ H: hold('ask', { End: true }) }) } });
    await start(sfn);
    const token = String((await call(sfn, 0)).payload['token']);
    const guessed = Buffer.from(JSON.stringify(['m', 'e', 'guess'])).toString('base64');
    for (const bad of ['x', guessed, `${token}=`, Buffer.from('["m","../../m/e","x"]').toString('base64')]) {
      await expect(succeed(sfn, bad, 1)).rejects.toMatchObject({ name: 'InvalidToken' });
    }
    const send = (output: string) => sfn.client.send(new SendTaskSuccessCommand({ taskToken: token, output }));
    await expect(send('{')).rejects.toMatchObject({ name: 'InvalidOutput' });
    await expect(send(JSON.stringify('e'.repeat(262_143)))).rejects.toMatchObject({ name: 'ValidationException' });
    expect(await describeIt(sfn)).toMatchObject({ status: 'RUNNING' });
    await send(JSON.stringify('e'.repeat(262_142)));
    expect(await ended(sfn)).toMatchObject({ status: 'SUCCEEDED' });
  });

  it('fails the task by name: Catch takes it with error and cause', async () => {
    const caught = hold('ask', { End: true, Catch: [{ ErrorEquals: ['Revise'], ResultPath: '$.error', Next: 'Back' }] });
    const back = { Type: 'Pass', Parameters: { 'context.$': 'States.StringToJson($.error.Cause)' }, End: true };
    const sfn = await startSfn({ machines: { m: machine({ H: caught, Back: back }) } });
    await start(sfn, { kept: 1 });
    const cause = JSON.stringify({ seq: 7, note: 'say "no" \\ it\'s (late), {}' });
    await sfn.client.send(new SendTaskFailureCommand({ taskToken: String((await call(sfn, 0)).payload['token']), error: 'Revise', cause }));
    expect(JSON.parse((await ended(sfn)).output ?? '')).toEqual({ context: JSON.parse(cause) });
  });

  it('is a new one for each attempt when the function fails', async () => {
    let tries = 0;
    const ask = () => (++tries < 3 ? failing('RetryableError')() : null);
    const sfn = await startSfn({
      machines: { m: machine({ H: hold('ask', { End: true, ...retry(['RetryableError']) }) }) },
      functions: { ask },
    });
    await start(sfn);
    const last = await call(sfn, 2);
    const tokens = sfn.calls.map(({ payload }) => payload['token']);
    expect(new Set(tokens).size).toBe(3);
    await expect(succeed(sfn, tokens[0], 1)).rejects.toMatchObject({ name: 'TaskTimedOut' });
    await succeed(sfn, last.payload['token'], 'third');
    expect(await ended(sfn)).toMatchObject({ output: '"third"' });
    expect(types(await history(sfn)).filter((type) => type === 'TaskStateEntered')).toHaveLength(1);
  });

  it('runs out at its true deadline, beyond what a timer can hold', async () => {
    const clock = { ms: Date.parse('2026-01-01T00:00:00Z') };
    const caught = hold('ask', { End: true, Catch: [{ ErrorEquals: ['States.Timeout'], ResultPath: '$.error', Next: 'H' }] });
    const sfn = await startSfn({ machines: { m: machine({ H: caught }) }, now: () => new Date(clock.ms) });
    await start(sfn);
    const first = await call(sfn, 0);
    clock.ms += 2_592_000_000 - 1;
    sfn.service.kick();
    await sfn.client.send(new SendTaskHeartbeatCommand({ taskToken: String(first.payload['token']) }));
    clock.ms += 1;
    sfn.service.kick();
    const second = await call(sfn, 1);
    expect(second.payload['input']).toMatchObject({ error: { Error: 'States.Timeout' } });
    expect(types(await history(sfn))).toContain('TaskTimedOut');
    await expect(succeed(sfn, first.payload['token'], 1)).rejects.toMatchObject({ name: 'TaskTimedOut' });
    await succeed(sfn, second.payload['token'], 2);
    expect(await ended(sfn)).toMatchObject({ output: '2' });
  });
});

describe('states', () => {
  it('take the way a Choice says', async () => {
    const route = { Type: 'Choice', Choices: [{ Variable: '$.kind', StringEquals: 'blueprint', Next: 'B' }], Default: 'A' };
    const sfn = await startSfn({
      machines: { m: machine({ Route: route, A: { Type: 'Succeed' }, B: task('b', { End: true }) }) },
      functions: { b: () => 'b' },
    });
    await start(sfn, { kind: 'blueprint' });
    expect(await ended(sfn)).toMatchObject({ output: '"b"' });
    expect(types(await history(sfn)).slice(1, 4)).toEqual(['ChoiceStateEntered', 'ChoiceStateExited', 'TaskStateEntered']);
  });

  it('see the context object as on AWS', async () => {
    const look = {
      Type: 'Pass',
      Parameters: {
        'name.$': '$$.Execution.Name',
        'id.$': '$$.Execution.Id',
        'input.$': '$$.Execution.Input',
        'started.$': '$$.Execution.StartTime',
        'machine.$': '$$.StateMachine.Id',
        'text.$': "States.Format('{} of {}', $$.Execution.Name, $$.StateMachine.Name)",
      },
    };
    const inside = { Type: 'Parallel', Branches: [machine({ Inside: { ...look, End: true } })], End: true };
    const sfn = await startSfn({ machines: { m: machine({ Look: { ...look, ResultPath: null, Next: 'Fan' }, Fan: inside }) } });
    const { startDate } = await start(sfn, { a: [0] });
    const { output = '' } = await ended(sfn);
    const seen = { name: 'e', id: executionArn, input: { a: [0] }, started: startDate?.toISOString(), machine: m, text: 'e of m' };
    expect(JSON.parse(output)).toEqual([seen]);
  });

  it('fail with States.DataLimitExceeded above 256 KiB, which States.ALL does not catch', async () => {
    const big = () => 'e'.repeat(262_144);
    const all = { Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Saved' }], ...retry(['States.ALL']) };
    const saved = { Saved: { Type: 'Succeed' } };
    const sfn = await startSfn({ machines: { m: machine({ A: task('big', { End: true, ...all }), ...saved }) }, functions: { big } });
    await start(sfn);
    expect(await ended(sfn)).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
    expect(sfn.calls).toHaveLength(1);
  });

  it('fail when input and result together are too much for the next', async () => {
    const grow = { Type: 'Pass', Parameters: { 'a.$': '$', 'b.$': '$' }, Next: 'After' };
    const sfn = await startSfn({ machines: { m: machine({ Grow: grow, After: task('after', { End: true }) }) } });
    await start(sfn, 'e'.repeat(200_000));
    expect(await ended(sfn)).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
    expect(sfn.calls).toHaveLength(0);
  });

  it('fail with States.Runtime for a path that leads nowhere, past every Catch', async () => {
    const lost = task('f', {
      End: true,
      Parameters: { FunctionName: arn('stateMachine', 'f'), Payload: { 'x.$': '$.none' } },
      Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Saved' }],
    });
    const sfn = await startSfn({ machines: { m: machine({ Lost: lost, Saved: { Type: 'Succeed' } }) } });
    await start(sfn);
    const { error, cause } = await ended(sfn);
    expect([error, cause]).toEqual(['States.Runtime', expect.stringContaining("the state 'Lost' (entered at the event id #2)")]);
  });

  it('wait the seconds a Wait says and pass their input on', async () => {
    const clock = { ms: Date.parse('2026-01-01T00:00:00Z') };
    const states = {
      A: { Type: 'Wait', SecondsPath: '$.s', Next: 'B' },
      B: { Type: 'Wait', Timestamp: '2026-02-01T00:00:00Z', End: true },
    };
    const sfn = await startSfn({ machines: { m: machine(states) }, now: () => new Date(clock.ms) });
    await start(sfn, { s: 86_400 });
    clock.ms += 86_400_000;
    sfn.service.kick();
    await eventually(async () => types(await history(sfn)).filter((type) => type === 'WaitStateEntered').length === 2);
    clock.ms = Date.parse('2026-02-01T00:00:00Z');
    await eventually(async () => {
      sfn.service.kick();
      return (await describeIt(sfn)).status === 'SUCCEEDED';
    });
    expect((await describeIt(sfn)).output).toBe('{"s":86400}');
  });
});

describe('Parallel and Map', () => {
  const approve = machine({ Ask: hold('ask', { End: true }) });
  const each = {
    Type: 'Map',
    ItemsPath: '$.items',
    MaxConcurrency: 2,
    ItemSelector: { 'n.$': '$$.Map.Item.Index', 'v.$': '$$.Map.Item.Value', 'all.$': '$.k' },
    ItemProcessor: { ProcessorConfig: { Mode: 'INLINE' }, ...approve },
    End: true,
  };

  it('wait for a token in every branch, whatever order they are answered in', async () => {
    const other = machine({ AskToo: hold('ask', { Next: 'Then' }), Then: task('after', { End: true }) });
    const fan = { Type: 'Parallel', Branches: [approve, other], ResultPath: '$.both', End: true };
    const sfn = await startSfn({
      machines: { m: machine({ Fan: fan }) },
      functions: { after: ({ input }: { input: number }) => input + 1 },
    });
    await start(sfn, { k: 1 });
    const [first, second] = [await call(sfn, 0), await call(sfn, 1)];
    await succeed(sfn, second.payload['token'], 20);
    await succeed(sfn, first.payload['token'], 10);
    const described = await ended(sfn);
    expect(JSON.parse(described.output ?? '')).toEqual({ k: 1, both: [10, 21] });
    const seen = types(await history(sfn));
    expect([seen[1], seen[2], ...seen.slice(-3)]).toEqual([
      'ParallelStateEntered',
      'ParallelStateStarted',
      'ParallelStateSucceeded',
      'ParallelStateExited',
      'ExecutionSucceeded',
    ]);
  });

  it('give each item its own input and token, as many at once as the Map says', async () => {
    const sfn = await startSfn({ machines: { m: machine({ Each: each }) } });
    await start(sfn, { k: 'K', items: ['a', 'b', 'c'] });
    await call(sfn, 1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(sfn.calls.map(({ payload }) => payload['input'])).toEqual([
      { n: 0, v: 'a', all: 'K' },
      { n: 1, v: 'b', all: 'K' },
    ]);
    await succeed(sfn, sfn.calls[1]?.payload['token'], 'B');
    await succeed(sfn, (await call(sfn, 2)).payload['token'], 'C');
    await succeed(sfn, sfn.calls[0]?.payload['token'], 'A');
    expect(await ended(sfn)).toMatchObject({ output: '["A","B","C"]' });
    const events = await history(sfn);
    expect(events.find(({ type }) => type === 'MapStateStarted')?.mapStateStartedEventDetails).toEqual({ length: 3 });
    expect(
      events.filter(({ type }) => type === 'MapIterationSucceeded').map((event) => event.mapIterationSucceededEventDetails?.index),
    ).toEqual([1, 2, 0]);
  });

  it('fail with their first failure, and the other branches wait no more', async () => {
    const bad = machine({ Bad: task('bad', { End: true }) });
    const fan = {
      Type: 'Parallel',
      Branches: [approve, bad],
      Catch: [{ ErrorEquals: ['Broken'], ResultPath: '$.error', Next: 'Saved' }],
      End: true,
    };
    const go = Promise.withResolvers<void>();
    const functions = { bad: () => go.promise.then(failing('Broken', 'b')) };
    const sfn = await startSfn({ machines: { m: machine({ Fan: fan, Saved: { Type: 'Succeed' } }) }, functions });
    await start(sfn);
    await call(sfn, 1);
    go.resolve();
    const { status, output = '' } = await ended(sfn);
    expect([status, JSON.parse(output).error.Error]).toEqual(['SUCCEEDED', 'Broken']);
    const token = sfn.calls.find(({ name }) => name === 'ask')?.payload['token'];
    await expect(succeed(sfn, token, 1)).rejects.toMatchObject({ name: 'TaskTimedOut' });
  });

  it('take an empty list, and refuse what is none', async () => {
    const sfn = await startSfn({ machines: { m: machine({ Each: each }) } });
    await start(sfn, { k: 1, items: [] });
    expect(await ended(sfn)).toMatchObject({ output: '[]' });
    await start(sfn, { k: 1, items: 'abc' }, 'other');
    const other = () => sfn.client.send(new DescribeExecutionCommand({ executionArn: arn('execution', 'm:other') }));
    expect(await eventually(async () => (await other()).error)).toBe('States.Runtime');
  });
});

it('a deadline is kept while nothing runs', async () => {
  const clock = { ms: Date.parse('2026-01-01T00:00:00Z') };
  const now = () => new Date(clock.ms);
  const machines = { m: machine({ H: hold('ask', { End: true, TimeoutSeconds: 3600 }) }) };
  const first = await startSfn({ machines, now });
  await start(first);
  const { payload } = await call(first, 0);
  await first.close();
  clock.ms += 3_599_000;
  const second = await startSfn({ machines, now, dataDir: first.dataDir });
  await second.client.send(new SendTaskHeartbeatCommand({ taskToken: String(payload['token']) }));
  clock.ms += 1000;
  second.service.kick();
  expect(await ended(second)).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
});

it('a function cannot change the state it was called with', async () => {
  const spoil = ({ input }: { input: { list: number[] } }) => input.list.push(9);
  const sfn = await startSfn({
    machines: { m: machine({ A: task('spoil', { End: true, ResultPath: '$.n', OutputPath: '$' }) }) },
    functions: { spoil },
  });
  await start(sfn, { list: [1] });
  expect(JSON.parse((await ended(sfn)).output ?? '')).toMatchObject({ list: [1], n: { Payload: 2, StatusCode: 200 } });
});

describe('a redrive', () => {
  const redrive = ({ client }: Running, clientToken?: string) => client.send(new RedriveExecutionCommand({ executionArn, clientToken }));

  it('goes on at the state that failed, in the same execution', async () => {
    let broken = true;
    const functions = { good: () => 1, flaky: () => (broken ? failing('Down')() : 2) };
    const states = { Good: task('good', { Next: 'Flaky' }), Flaky: task('flaky', { End: true, ...retry(['Down'], { MaxAttempts: 1 }) }) };
    const sfn = await startSfn({ machines: { m: machine(states) }, functions });
    await start(sfn);
    expect(await ended(sfn)).toMatchObject({ status: 'FAILED', error: 'Down' });
    broken = false;
    const { redriveDate } = await redrive(sfn, 'once');
    expect((await redrive(sfn, 'once')).redriveDate).toEqual(redriveDate);
    expect(await ended(sfn)).toMatchObject({ status: 'SUCCEEDED', output: '2', redriveCount: 1, redriveDate });
    expect(sfn.calls.map(({ name }) => name)).toEqual(['good', 'flaky', 'flaky', 'flaky']);
    const seen = types(await history(sfn));
    expect(seen.slice(seen.indexOf('ExecutionFailed'))).toEqual([
      'ExecutionFailed',
      'ExecutionRedriven',
      'TaskScheduled',
      'TaskStarted',
      'TaskSucceeded',
      'TaskStateExited',
      'ExecutionSucceeded',
    ]);
    expect(seen.filter((type) => type === 'ExecutionStarted' || type === 'TaskStateEntered')).toHaveLength(3);
    await expect(redrive(sfn)).rejects.toMatchObject({ name: 'ExecutionNotRedrivable' });
  });

  it('asks again, with a new token, where a stop cut a wait off', async () => {
    const sfn = await startSfn({ machines: { m: machine({ H: hold('ask', { End: true }) }) } });
    await start(sfn);
    const first = await call(sfn, 0);
    await expect(redrive(sfn)).rejects.toMatchObject({ name: 'ExecutionNotRedrivable' });
    await sfn.client.send(new StopExecutionCommand({ executionArn }));
    await redrive(sfn);
    const second = await call(sfn, 1);
    await expect(succeed(sfn, first.payload['token'], 1)).rejects.toMatchObject({ name: 'TaskTimedOut' });
    await succeed(sfn, second.payload['token'], 2);
    expect(await ended(sfn)).toMatchObject({ status: 'SUCCEEDED', output: '2' });
  });

  it('keeps the branches that finished', async () => {
    let broken = true;
    const functions = { good: () => 1, flaky: () => (broken ? failing('Down')() : 2) };
    const branches = [
      machine({ Good: task('good', { End: true }) }),
      machine({ Before: task('good', { Next: 'Flaky' }), Flaky: task('flaky', { End: true }) }),
    ];
    const sfn = await startSfn({ machines: { m: machine({ Fan: { Type: 'Parallel', Branches: branches, End: true } }) }, functions });
    await start(sfn);
    expect(await ended(sfn)).toMatchObject({ status: 'FAILED' });
    broken = false;
    await redrive(sfn);
    expect(await ended(sfn)).toMatchObject({ status: 'SUCCEEDED', output: '[1,2]' });
    expect(sfn.calls.map(({ name }) => name).sort()).toEqual(['flaky', 'flaky', 'good', 'good']);
  });

  it('of a Fail state fails again, invoking nothing', async () => {
    const states = {
      A: task('a', { Next: 'F', Catch: [{ ErrorEquals: ['States.ALL'], Next: 'F' }] }),
      F: { Type: 'Fail', Error: 'Ended' },
    };
    const sfn = await startSfn({ machines: { m: machine(states) }, functions: { a: failing('X') } });
    await start(sfn);
    await ended(sfn);
    await redrive(sfn);
    expect(await eventually(async () => (await ended(sfn)).redriveCount === 1 && (await ended(sfn)).error)).toBe('Ended');
    expect(sfn.calls).toHaveLength(1);
  });
});
