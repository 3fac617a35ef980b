import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { CONTRACT_FILE, RunnerResult } from '../../contracts/runner.ts';
import { sha256Hex } from '../../functions/lib/hash.ts';
import { executeCheck } from './execute.ts';
import { MARK, markedProcesses } from './processes.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdpoint-execute-'));
afterAll(() => rmSync(folder, { recursive: true }));

const request = { purpose: 'test', repository: 'app', attempt: 2, prefix: 'jobs/0123456789ab/outputs/runner/test/1/attempt-2' } as const;
let checkouts = 0;
const execute = (
  check: Record<string, unknown>,
  variables: Record<string, string> = {},
  prepare: (checkout: string) => void = () => undefined,
) => {
  const checkout = join(folder, String(checkouts++));
  mkdirSync(checkout);
  prepare(checkout);
  const contract = { schema_version: 'test_contract_v1', checks: [{ purpose: 'test', timeout_seconds: 8, ...check }] };
  writeFileSync(join(checkout, CONTRACT_FILE), JSON.stringify(contract));
  return executeCheck(request, {
    ...{ checkout, secrets: ['planted-secret-value'], scope: folder, clock: () => new Date('2026-01-01T00:00:00Z') },
    variables: { PATH: process.env['PATH'] ?? '', ...variables },
  });
};

describe('executeCheck', () => {
  it('writes what a reader of runner_result_v1 reads, and no secret', async () => {
    const result = await execute({ command: ['sh', '-c', 'echo planted-secret-value token=abcdefgh; exit 2', 'planted-secret-value'] });
    expect(RunnerResult.parse(result)).toMatchObject({ result: 'FAIL', exit_code: 2, attempt: 2, at: '2026-01-01T00:00:00.000Z' });
    expect(JSON.stringify(result)).not.toMatch(/planted-secret|abcdefgh/);
  });

  it('shows a command the variables of its contract, and no others', async () => {
    const variables = { LISTED: 'yes', UNLISTED: 'no', AWS_SESSION_TOKEN: 'no', HOME: '/home/x' };
    const result = await execute({ command: ['env'], env: ['LISTED', 'ABSENT'] }, variables);
    if (result.result !== 'PASS') expect.fail(result.message);
    const names = result.output.text
      .trim()
      .split('\n')
      .map((line) => line.split('=')[0]);
    expect(names.toSorted()).toEqual(['HOLDPOINT_RUNNER_RUN', 'HOME', 'LISTED', 'NO_COLOR', 'PATH']);
  });

  it('does not follow a link out of the repository', async () => {
    const out = (checkout: string) => symlinkSync(tmpdir(), join(checkout, 'out'));
    expect(await execute({ command: ['true'], cwd: 'out' }, {}, out)).toMatchObject({
      ...{ result: 'DEFER', reason: 'spawn_failed' },
      message: expect.stringContaining('leads out of the repository'),
    });
    expect(await execute({ command: ['true'], cwd: 'none' })).toMatchObject({ result: 'DEFER', reason: 'spawn_failed' });
  });

  it('takes a PASS back when the smoke has no answer', async () => {
    const smoke = { url_env: 'HOLDPOINT_URL', timeout_seconds: 1 };
    const result = await execute({ command: ['true'], smoke, env: ['HOLDPOINT_URL'] }, { HOLDPOINT_URL: 'http://127.0.0.1:1' });
    expect(result).toMatchObject({ result: 'DEFER', reason: 'smoke_unanswered' });
    expect(await execute({ command: ['false'], smoke })).toMatchObject({ result: 'FAIL', smoke: null });
  });

  it.runIf(process.platform === 'linux')('ends first what a runner that was killed left of the same attempt', async () => {
    const mark = sha256Hex(`${folder}\n${request.prefix}`).slice(0, 32);
    const orphan = spawn('sleep', ['600'], { detached: true, stdio: 'ignore', env: { ...process.env, [MARK]: mark } });
    const ended = new Promise((resolve) => orphan.once('exit', (_, signal) => resolve(signal)));
    while (markedProcesses(mark).length === 0) await pause(20);
    const gone = `! grep -q 'State:.[RSD]' /proc/${orphan.pid}/status 2>/dev/null`;
    expect(await execute({ command: ['sh', '-c', gone] })).toMatchObject({ result: 'PASS' });
    expect(await ended).toBe('SIGKILL');
    expect(existsSync(`/proc/${orphan.pid}/environ`)).toBe(false);
  });
});
