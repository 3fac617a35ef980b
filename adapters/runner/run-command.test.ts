import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { verdictOf } from '../../functions/lib/runner/outcome.ts';
import { killGroup, markedProcesses } from './processes.ts';
import { runCommand } from './run-command.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdpoint-runner-'));
afterAll(() => rmSync(folder, { recursive: true }));

let runs = 0;
let mark = '';
const started: number[] = [];

/** A zombie waits for its parent to look; it does nothing any more. */
const works = (pid: number): boolean => {
  try {
    const state = /^\d+ \(.*\) (\w)/s.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.[1];
    return state !== 'Z' && state !== 'X';
  } catch {
    return false;
  }
};

const run = (argv: string[], more: Partial<Parameters<typeof runCommand>[0]> = {}) => {
  mark = `test-${process.pid}-${runs++}`;
  return runCommand({ argv, cwd: folder, env: { PATH: process.env['PATH'] ?? '' }, seconds: 8, mark, ...more });
};
const sh = (script: string, more: Partial<Parameters<typeof runCommand>[0]> = {}) => run(['sh', '-c', script], more);

/** Process ids that a script wrote down, one a line. */
const pidsIn = (file: string): number[] => {
  const pids = readFileSync(join(folder, file), 'utf8').trim().split('\n').map(Number);
  started.push(...pids);
  return pids;
};

afterEach(async () => {
  // No process survives, however the run ended.
  expect(markedProcesses(mark)).toEqual([]);
  // What was killed may still be on its way out where nobody waited for it.
  await expect.poll(() => started.filter(works), { timeout: 5000 }).toEqual([]);
  started.length = 0;
});

describe('what a command comes to', () => {
  it.each([
    ['exit 0', 'exit 0', 'PASS', undefined],
    ['exit 1', 'exit 1', 'FAIL', 'exit_code'],
    ['exit 2', 'exit 2', 'FAIL', 'exit_code'],
    ['exit 75', 'exit 75', 'DEFER', 'exit_75'],
    ['a signal to itself', 'kill -SEGV $$', 'DEFER', 'signal'],
    ['a command that a shell does not find', 'holdpoint-no-such-command', 'DEFER', 'spawn_failed'],
  ])('%s', async (_, script, result, reason) => {
    const verdict = verdictOf((await sh(script)).ending);
    expect([verdict.result, 'reason' in verdict ? verdict.reason : undefined]).toEqual([result, reason]);
  });

  it.each([
    ['a program that does not exist', ['holdpoint-no-such-program'], {}],
    ['a folder that does not exist', ['true'], { cwd: '/nonexistent/folder' }],
    ['an argument the system cannot pass', ['true', 'a\0b'], {}],
    ['more arguments than the system can pass', ['true', ...Array.from({ length: 40 }, () => 'x'.repeat(127 * 1024))], {}],
  ])('%s is a DEFER, not a throw', async (_, argv, more) => {
    const { ending } = await run(argv, more);
    expect(verdictOf(ending)).toMatchObject({ result: 'DEFER', reason: 'spawn_failed' });
  });

  it('passes a command only what it is given, and reads no shell into it', async () => {
    const { capture } = await run(['printf', '%s', '$HOME `id` ; exit 1'], { env: { PATH: process.env['PATH'] ?? '' } });
    expect(capture.end([]).text).toBe('$HOME `id` ; exit 1');
    const seen = await run(['env'], { env: { PATH: process.env['PATH'] ?? '', GIVEN: 'yes' } });
    const names = seen.capture
      .end([])
      .text.trim()
      .split('\n')
      .map((line) => line.split('=')[0]);
    expect(names.toSorted()).toEqual(['GIVEN', 'HOLDPOINT_RUNNER_RUN', 'PATH']);
  });
});

describe('nothing survives', () => {
  it('kills grandchildren that ignore SIGTERM when the time is up', async () => {
    const stubborn = `trap '' TERM; sh -c 'trap "" TERM; echo $$ >> stubborn; while :; do sleep 1; done' & echo $$ >> stubborn; while :; do sleep 1; done`;
    const { ending } = await sh(stubborn, { seconds: 1.5 });
    expect(ending).toEqual({ kind: 'timeout', seconds: 1.5 });
    expect(pidsIn('stubborn')).toHaveLength(2);
  });

  it('is a timeout also where the command answers SIGTERM with exit 0', async () => {
    const { ending } = await sh(`trap 'exit 0' TERM; while :; do sleep 0.1; done`, { seconds: 0.5 });
    expect(verdictOf(ending)).toMatchObject({ result: 'DEFER', reason: 'timeout' });
  });

  it('does not wait for a grandchild that holds the output after its parent ended', async () => {
    const { ending, capture } = await sh(
      "sh -c 'echo $$ >> holder; sleep 600' & while [ ! -s holder ]; do sleep 0.05; done; echo said; exit 1",
    );
    expect(ending).toEqual({ kind: 'exited', code: 1 });
    expect(capture.end([]).text).toBe('said\n');
    expect(pidsIn('holder')).toHaveLength(1);
  });

  it.runIf(process.platform === 'linux')('finds a grandchild that left the group and the session', async () => {
    const { ending } = await sh("setsid sh -c 'echo $$ >> escaped; sleep 600' & while [ ! -s escaped ]; do sleep 0.05; done; exit 0");
    expect(ending).toEqual({ kind: 'exited', code: 0 });
    expect(pidsIn('escaped')).toHaveLength(1);
  });

  it('ends everything when the runner is told to stop', async () => {
    const stop = new AbortController();
    const running = sh('echo $$ >> aborted; sleep 600', { signal: stop.signal });
    while (!existsSync(join(folder, 'aborted'))) await new Promise((resolve) => setTimeout(resolve, 20));
    stop.abort();
    expect((await running).ending).toEqual({ kind: 'aborted' });
    expect(pidsIn('aborted')).toHaveLength(1);
    expect((await sh('exit 0', { signal: AbortSignal.abort() })).ending).toEqual({ kind: 'aborted' });
  });

  it('ends with the process of the runner, when that exits', async () => {
    const command = {
      argv: ['sh', '-c', 'echo $$ >> left; sleep 600'],
      cwd: folder,
      env: { PATH: process.env['PATH'] },
      seconds: 8,
      mark: 'left',
    };
    const script = `
      import { existsSync } from 'node:fs';
      import { runCommand } from ${JSON.stringify(new URL('run-command.ts', import.meta.url).href)};
      void runCommand(${JSON.stringify(command)});
      setInterval(() => existsSync('left') && process.exit(0), 20);`;
    await run([process.execPath, '--input-type=module-typescript', '-e', script]);
    expect(pidsIn('left')).toHaveLength(1);
  });

  it('reports a group that is gone as gone', () => {
    expect(killGroup(2 ** 22 - 1, 'SIGTERM')).toBe(false);
  });
});

describe('output', () => {
  it('keeps both ends of 10 MB and counts the rest', async () => {
    const { ending, capture } = await sh('echo first; yes 0123456789abcdef | head -c 10485760; echo last');
    expect(ending).toEqual({ kind: 'exited', code: 0 });
    const { text, bytes, truncated } = capture.end([]);
    expect({ bytes, truncated }).toEqual({ bytes: 10_485_760 + 11, truncated: true });
    expect(text.length).toBeLessThan(40_000);
    expect(text.startsWith('first\n')).toBe(true);
    expect(text.endsWith('last\n')).toBe(true);
  });

  it('shows no secret, whole or halved, wherever the cut falls', async () => {
    const secret = 'S3cr3tValueThatIsLongEnoughToBeHalved';
    const line = `${secret} filler text `;
    const { capture } = await run(['node', '-e', `process.stdout.write(${JSON.stringify(line)}.repeat(20000))`]);
    const { text, redactions, truncated } = capture.end([secret]);
    expect(truncated).toBe(true);
    expect(redactions).toBeGreaterThan(10);
    for (const part of [secret.slice(0, 8), secret.slice(-8)]) expect(text).not.toContain(part);
  });

  it('shows no colours, and no secret that they divide', async () => {
    const { capture } = await sh(String.raw`printf '\033[31mhush-\033[0mhush-secret\n'`);
    expect(capture.end(['hush-hush-secret']).text).not.toMatch(/\u001b|hush/);
  });
});
