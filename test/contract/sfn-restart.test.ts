import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  RedriveExecutionCommand,
  SendTaskFailureCommand,
  SendTaskSuccessCommand,
  type SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { describe, expect, it, onTestFinished } from 'vitest';
import { arn, clientFor, eventually, hold, machine, startSfn, task, temporaryFolder, types } from './sfn-fixtures.ts';

const m = arn('stateMachine', 'm');
const executionArn = arn('execution', 'm:e');
const script = new URL('./sfn-child.ts', import.meta.url).pathname;

type LoggedCall = { name: string; life: string; payload: Record<string, unknown> };
type Life = { client: SFNClient };
type Mortal = Life & { kill(): Promise<void> };

/** A data folder and the processes that live on it one after the other. */
function mortal(definition: object) {
  const dataDir = temporaryFolder();
  const callsFile = join(dataDir, 'calls');
  let lives = 0;
  const live = async (): Promise<Mortal> => {
    const child = spawn(process.execPath, [script, dataDir, callsFile, JSON.stringify(definition), String(++lives)]);
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    onTestFinished(async () => {
      child.kill('SIGKILL');
      await gone;
    });
    const client = clientFor(await portOf(child));
    const kill = async () => {
      child.kill('SIGKILL');
      await gone;
      client.destroy();
    };
    return { client, kill };
  };
  const calls = (): LoggedCall[] =>
    existsSync(callsFile)
      ? readFileSync(callsFile, 'utf8')
          .trim()
          .split('\n')
          .map((line): LoggedCall => JSON.parse(line))
      : [];
  const call = (index: number) => eventually(() => calls()[index]);
  return { live, calls, call };
}

const portOf = (child: ChildProcess): Promise<number> =>
  new Promise((resolve, reject) => {
    let errors = '';
    child.stderr?.on('data', (chunk) => {
      errors += String(chunk);
    });
    child.stdout?.on('data', (chunk) => resolve(Number(/port (\d+)/.exec(String(chunk))?.[1])));
    child.once('exit', () => reject(new Error(`the child ended: ${errors}`)));
  });

const start = ({ client }: Life) => client.send(new StartExecutionCommand({ stateMachineArn: m, name: 'e', input: '{}' }));
const describeIt = ({ client }: Life) => client.send(new DescribeExecutionCommand({ executionArn }));
const ended = (life: Life) =>
  eventually(async () => {
    const described = await describeIt(life);
    return described.status !== 'RUNNING' && described;
  });
const succeed = ({ client }: Life, token: unknown, output: unknown) =>
  client.send(new SendTaskSuccessCommand({ taskToken: String(token), output: JSON.stringify(output) }));
const history = async ({ client }: Life) =>
  (await client.send(new GetExecutionHistoryCommand({ executionArn, maxResults: 1000 }))).events ?? [];
const submitted = (life: Life) => eventually(async () => types(await history(life)).includes('TaskSubmitted'));

describe('after kill -9', () => {
  it('a function that was running is invoked again, one that had answered is not', async () => {
    const world = mortal(machine({ A: task('done', { Next: 'B' }), B: task('hang', { Next: 'C' }), C: task('last', { End: true }) }));
    const first = await world.live();
    await start(first);
    await world.call(1);
    await first.kill();
    const second = await world.live();
    expect(await ended(second)).toMatchObject({ status: 'SUCCEEDED', output: '{"from":"last"}' });
    expect(world.calls().map(({ name, life }) => name + life)).toEqual(['done1', 'hang1', 'hang2', 'last2']);
    const events = await history(second);
    expect(events.map(({ id }) => id)).toEqual(events.map((_, index) => index + 1));
    expect(types(events).filter((type) => type === 'TaskScheduled')).toHaveLength(3);
  });

  it('a wait goes on under the same token, and is not asked again', async () => {
    const world = mortal(machine({ H: hold('ask', { Next: 'L' }), L: task('last', { End: true }) }));
    const first = await world.live();
    await start(first);
    const { payload } = await world.call(0);
    await submitted(first);
    const before = await history(first);
    await first.kill();
    const second = await world.live();
    expect(await history(second)).toEqual(before);
    expect(await describeIt(second)).toMatchObject({ status: 'RUNNING' });
    await succeed(second, payload['token'], 'yes');
    expect(await ended(second)).toMatchObject({ status: 'SUCCEEDED' });
    expect(world.calls().map(({ name }) => name)).toEqual(['ask', 'last']);
  });

  it('a wait whose function was still running is asked again under the same token', async () => {
    const world = mortal(machine({ H: hold('hang', { End: true }) }));
    const first = await world.live();
    await start(first);
    const { payload } = await world.call(0);
    await first.kill();
    const second = await world.live();
    expect((await world.call(1)).payload).toEqual(payload);
    await succeed(second, payload['token'], 'yes');
    expect(await ended(second)).toMatchObject({ output: '"yes"' });
  });

  it('an answer that was acknowledged counts, a failure as well', async () => {
    const caught = { Catch: [{ ErrorEquals: ['Revise'], ResultPath: '$.error', Next: 'H2' }] };
    const world = mortal(
      machine({ H1: hold('ask', { Next: 'H2', ...caught }), H2: hold('ask', { Next: 'L' }), L: task('last', { End: true }) }),
    );
    const first = await world.live();
    await start(first);
    const one = await world.call(0);
    await first.client.send(new SendTaskFailureCommand({ taskToken: String(one.payload['token']), error: 'Revise', cause: 'again' }));
    await first.kill();
    const second = await world.live();
    await expect(succeed(second, one.payload['token'], 1)).rejects.toMatchObject({ name: 'TaskTimedOut' });
    const two = await eventually(() => world.calls().findLast(({ payload }) => payload['token'] !== one.payload['token']));
    expect(two.payload['input']).toEqual({ error: { Error: 'Revise', Cause: 'again' } });
    await succeed(second, two.payload['token'], 2);
    await second.kill();
    const third = await world.live();
    expect(await ended(third)).toMatchObject({ status: 'SUCCEEDED', output: '{"from":"last"}' });
    expect(world.calls().filter(({ payload }) => payload['token'] === one.payload['token'])).toHaveLength(1);
  });

  it('a retry goes on after its pause, with the attempts it had', async () => {
    const retry = { Retry: [{ ErrorEquals: ['RetryableError'], IntervalSeconds: 1, MaxAttempts: 2, BackoffRate: 1 }] };
    const world = mortal(machine({ A: task('weak', { End: true, ...retry }) }));
    const first = await world.live();
    await start(first);
    await world.call(0);
    await eventually(async () => types(await history(first)).includes('TaskFailed'));
    await first.kill();
    const second = await world.live();
    expect(await ended(second)).toMatchObject({ status: 'SUCCEEDED' });
    expect(world.calls().map(({ life }) => life)).toEqual(['1', '2']);
    expect(types(await history(second)).filter((type) => type === 'TaskFailed')).toHaveLength(1);
  });

  it('branches and items stand where they stood', async () => {
    const item = machine({ Ask: hold('ask', { Next: 'Then' }), Then: task('after', { End: true }) });
    const each = { Type: 'Map', ItemProcessor: { ProcessorConfig: { Mode: 'INLINE' }, ...item }, End: true };
    const fan = { Type: 'Parallel', Branches: [machine({ Each: each }), machine({ Work: task('hang', { End: true }) })], End: true };
    const world = mortal(machine({ Items: { Type: 'Pass', Result: ['a', 'b'], Next: 'Fan' }, Fan: fan }));
    const first = await world.live();
    await start(first);
    await world.call(2);
    const asks = () => world.calls().filter(({ name }) => name === 'ask');
    await eventually(async () => types(await history(first)).filter((type) => type === 'TaskSubmitted').length === 2);
    const [a, b] = asks();
    await succeed(first, b?.payload['token'], 'B');
    await eventually(() => world.calls().some(({ name }) => name === 'after'));
    await eventually(async () => types(await history(first)).includes('MapIterationSucceeded'));
    await first.kill();
    const second = await world.live();
    await succeed(second, a?.payload['token'], 'A');
    expect(JSON.parse((await ended(second)).output ?? '')).toEqual([[{ from: 'after' }, { from: 'after' }], { from: 'hang' }]);
    expect(asks()).toHaveLength(2);
    expect(world.calls().filter(({ name }) => name === 'after')).toHaveLength(2);
    const events = await history(second);
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
    expect(types(events).filter((type) => type === 'MapIterationStarted')).toHaveLength(2);
  });

  it('what ended stays ended: described, listed, its name taken, and redriven where it may be', async () => {
    const world = mortal(machine({ H: hold('ask', { End: true }) }));
    const first = await world.live();
    await start(first);
    await world.call(0);
    await first.client.send(new StopExecutionCommand({ executionArn, error: 'cancelled' }));
    await first.kill();
    const second = await world.live();
    expect(await describeIt(second)).toMatchObject({ status: 'ABORTED', error: 'cancelled' });
    const listed = await second.client.send(new ListExecutionsCommand({ stateMachineArn: m, statusFilter: 'ABORTED' }));
    expect(listed.executions?.map(({ name }) => name)).toEqual(['e']);
    await expect(start(second)).rejects.toMatchObject({ name: 'ExecutionAlreadyExists' });
    await second.client.send(new RedriveExecutionCommand({ executionArn }));
    const again = await world.call(1);
    await second.kill();
    const third = await world.live();
    await succeed(third, again.payload['token'], 1);
    expect(await ended(third)).toMatchObject({ status: 'SUCCEEDED', redriveCount: 1 });
  });
});

describe('a crash after any byte of the journal', () => {
  const item = machine({ Ask: hold('ask', { Next: 'Then' }), Then: task('after', { End: true }) });
  const states = {
    Intake: task('intake', {
      Next: 'Hold',
      Retry: [{ ErrorEquals: ['Weak'], IntervalSeconds: 1, MaxDelaySeconds: 1, JitterStrategy: 'FULL' }],
    }),
    Hold: hold('ask', { Next: 'Items', ResultPath: '$.answer', Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Items' }] }),
    Items: { Type: 'Pass', Result: ['a', 'b'], Next: 'Each' },
    Each: { Type: 'Map', ItemProcessor: { ProcessorConfig: { Mode: 'INLINE' }, ...item }, End: true },
  };
  const definition = machine(states, { TimeoutSeconds: 3600 });

  it('ends as it would have, invoking again only what had no outcome', { timeout: 120_000 }, async () => {
    const whole = temporaryFolder();
    const reference = await live(whole, []);
    const file = journalOf(whole);
    const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
    for (let kept = 0; kept <= lines.length; kept++) {
      const dataDir = temporaryFolder();
      cpSync(whole, dataDir, { recursive: true });
      writeFileSync(join(dataDir, 'closed.jsonl'), '');
      const half = (lines[kept] ?? '').slice(0, Math.floor((lines[kept]?.length ?? 0) / 2));
      writeFileSync(journalOf(dataDir), [...lines.slice(0, kept), half].join('\n'));
      const again = await live(dataDir, lines.slice(0, kept));
      expect(again.output, `after ${kept} records`).toEqual(reference.output);
      expect(again.types, `after ${kept} records`).toEqual(reference.types);
      expect(again.calls, `after ${kept} records`).toBeLessThanOrEqual(reference.calls - outcomes(lines.slice(0, kept)));
    }
  });

  const journalOf = (dataDir: string) => {
    const executions = join(dataDir, 'executions', 'm');
    return join(executions, readdirSync(executions)[0] ?? '');
  };
  type Line = { t: string; id?: string; token?: string; state?: string };
  const parsed = (lines: string[]) => lines.map((line): Line => JSON.parse(line));
  /** Calls that must not be made again: tasks with an outcome, and waits that were submitted. */
  const outcomes = (lines: string[]) => {
    const functions = new Set(parsed(lines).flatMap(({ t, id, state }) => (t === 'task' && state !== 'Each' ? [id] : [])));
    return new Set(parsed(lines).flatMap(({ t, id }) => ((t === 'done' || t === 'submitted') && functions.has(id) ? [id] : []))).size;
  };

  /** Starts or continues the execution; every ask is answered, those from before the crash too. */
  async function live(dataDir: string, before: string[]) {
    let calls = 0;
    let weak = !parsed(before).some(({ t, id }) => t === 'done' && id === '0');
    // A token from before the crash may have been answered already.
    const answer = (token: unknown) => succeed(life, token, { ok: 1 }).catch(() => {});
    const functions = {
      intake: () => {
        calls++;
        if (!weak) return {};
        weak = false;
        throw Object.assign(new Error('the first attempt fails'), { name: 'Weak' });
      },
      ask: ({ token }: { token: string }) => {
        calls++;
        void answer(token);
      },
      after: () => {
        calls++;
        return 'after';
      },
    };
    const life = await startSfn({ machines: { m: definition }, functions, dataDir });
    if (before.length === 0) await start(life);
    for (const { token } of parsed(before)) if (token) void answer(token);
    const described = await ended(life);
    const events = await history(life);
    expect(events.map(({ id }) => id)).toEqual(events.map((_, index) => index + 1));
    await life.close();
    // An answer that is there before the function has returned leaves no TaskSubmitted.
    const seen = types(events).filter((type) => type !== 'TaskSubmitted');
    return { output: described.output, types: seen.sort(), calls };
  }
});
