import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { serveHttp } from '../../infra/local/wire.ts';
import { arn, eventually, failing, hold, machine, startSfn, task } from './sfn-fixtures.ts';

const installed = spawnSync('aws', ['--version']).status === 0;
if (!installed) console.warn('skipped: the aws CLI is not installed, so it was not tried against the local Step Functions');

it.skipIf(!installed)('the aws CLI starts, answers, reads, stops and is told of errors by their names', { timeout: 60_000 }, async () => {
  const states = { H: hold('ask', { Next: 'A' }), A: task('fails', { End: true }) };
  const { service, calls, dataDir } = await startSfn({ machines: { m: machine(states) }, functions: { fails: failing('Broken', 'x') } });
  const server = await serveHttp((request) => service.handle(request), { port: 0, host: '127.0.0.1' });
  const env = {
    PATH: process.env['PATH'],
    AWS_ENDPOINT_URL: `http://127.0.0.1:${server.port}`,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_CONFIG_FILE: join(dataDir, 'none'),
    AWS_SHARED_CREDENTIALS_FILE: join(dataDir, 'none'),
  };
  const aws = (...args: string[]) =>
    new Promise<string>((resolve) => {
      execFile('aws', ['stepfunctions', ...args], { env }, (error, stdout, stderr) => resolve(error ? stderr : stdout));
    });
  const live = `${arn('stateMachine', 'm')}:live`;
  const executionArn = arn('execution', 'm:cli');

  expect(JSON.parse(await aws('start-execution', '--state-machine-arn', live, '--name', 'cli', '--input', '{"a":1}'))).toMatchObject({
    executionArn,
  });
  const { payload } = await eventually(() => calls[0]);
  expect(payload['input']).toEqual({ a: 1 });
  const answers = ['--task-token', String(payload['token']), '--task-output', '{}'];
  expect(await aws('send-task-success', ...answers)).toBe('');
  const [again, described, failures, listed, unknown] = await Promise.all([
    aws('send-task-success', ...answers),
    aws('describe-execution', '--execution-arn', executionArn),
    aws('get-execution-history', '--execution-arn', executionArn, '--query', 'events[?type==`TaskFailed`].taskFailedEventDetails.error'),
    aws('list-executions', '--state-machine-arn', live, '--status-filter', 'FAILED', '--query', 'executions[].name'),
    aws('start-execution', '--state-machine-arn', arn('stateMachine', 'none')),
  ]);
  expect(again).toContain('(TaskTimedOut)');
  expect(JSON.parse(described)).toMatchObject({ status: 'FAILED', error: 'Broken', stateMachineAliasArn: live });
  expect([JSON.parse(failures), JSON.parse(listed)]).toEqual([['Broken'], ['cli']]);
  expect(unknown).toContain('(StateMachineDoesNotExist)');
  await server.close();
});
