import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { asError } from '../../contracts/errors.ts';
import type { Ending } from '../../functions/lib/runner/outcome.ts';
import { type Capture, createCapture } from './capture.ts';
import { endWithThisProcess, killGroup, MARK, sweep } from './processes.ts';

export type Command = {
  /** Program and arguments. No shell reads them. */
  argv: readonly string[];
  cwd: string;
  env: Readonly<Record<string, string>>;
  seconds: number;
  /** Names this run: what an earlier process left of it is killed first. */
  mark: string;
  signal?: AbortSignal | undefined;
};
export type CommandEnd = { ending: Ending; capture: Capture };

/** Between SIGTERM and SIGKILL. */
const GRACE_MS = 2000;
/** For output still in the pipe when everything that could write has been killed. */
const DRAIN_MS = 1000;

type Stop = Extract<Ending, { kind: 'timeout' | 'aborted' }>;

/** Ends a group at its time or when asked: SIGTERM, and SIGKILL for what stays. Says which, if either. */
const limit = (leader: number, { seconds, signal }: Command) => {
  let stopped: Stop | null = null;
  let killer: NodeJS.Timeout | undefined;
  const stop = (why: Stop): void => {
    if (stopped) return;
    stopped = why;
    killGroup(leader, 'SIGTERM');
    killer = setTimeout(() => killGroup(leader, 'SIGKILL'), GRACE_MS);
  };
  const abort = (): void => stop({ kind: 'aborted' });
  const timer = setTimeout(() => stop({ kind: 'timeout', seconds }), seconds * 1000);
  signal?.addEventListener('abort', abort, { once: true });
  if (signal?.aborted) abort();
  return {
    end: (): Stop | null => {
      clearTimeout(timer);
      clearTimeout(killer);
      signal?.removeEventListener('abort', abort);
      return stopped;
    },
  };
};

const startedOrError = (child: ChildProcess): Promise<Error | null> =>
  new Promise((resolve) => {
    child.once('spawn', () => resolve(null));
    child.once('error', resolve);
  });

/** Nobody who could still write is left, or the pipes are given up. */
const drain = async (child: ChildProcess, closed: Promise<unknown>): Promise<void> => {
  const waiting = new AbortController();
  await Promise.race([closed, pause(DRAIN_MS, undefined, { signal: waiting.signal }).catch(() => undefined)]);
  waiting.abort();
  child.stdout?.destroy();
  child.stderr?.destroy();
};

const endingOf = (code: number | null, signal: NodeJS.Signals | null): Ending =>
  code === null ? { kind: 'signal', signal: signal ?? 'an unknown signal' } : { kind: 'exited', code };

const attend = async (child: ChildProcess, leader: number, command: Command): Promise<Ending> => {
  const release = endWithThisProcess(leader);
  const closed = new Promise((resolve) => child.once('close', resolve));
  const limits = limit(leader, command);
  try {
    const exit = once(child, 'exit');
    const [code, signal]: (number | null | NodeJS.Signals)[] = await exit;
    const stopped = limits.end();
    return stopped ?? endingOf(typeof code === 'number' ? code : null, typeof signal === 'string' ? signal : null);
  } finally {
    limits.end();
    // What the command leaves behind goes with it, whatever its verdict: it may hold the pipes, ports or locks.
    killGroup(leader, 'SIGKILL');
    await sweep(command.mark);
    await drain(child, closed);
    release();
  }
};

/**
 * Runs a command in a process group of its own. Nothing it started outlives this call: not in its group, and on Linux not outside of it
 * either. Never throws.
 */
export const runCommand = async (command: Command): Promise<CommandEnd> => {
  const capture = createCapture();
  try {
    await sweep(command.mark);
    const [program = '', ...args] = command.argv;
    const child = spawn(program, args, {
      cwd: command.cwd,
      env: { ...command.env, [MARK]: command.mark },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.on('data', (chunk: Buffer) => capture.write(chunk));
    child.stderr.on('data', (chunk: Buffer) => capture.write(chunk));
    const error = await startedOrError(child);
    if (error || child.pid === undefined) return { ending: { kind: 'spawn_failed', message: error?.message ?? 'no process' }, capture };
    return { ending: await attend(child, child.pid, command), capture };
  } catch (thrown) {
    return { ending: { kind: 'spawn_failed', message: asError(thrown).message }, capture };
  }
};
