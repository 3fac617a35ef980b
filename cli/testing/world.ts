import { setTimeout as delay } from 'node:timers/promises';
import { runCli } from '../program.ts';
import type { World } from '../world.ts';

export type Ran = { exit: number; stdout: string; stderr: string };

/** A world without a terminal, network address or keyboard; what is printed is kept. */
export const fakeWorld = (more: Partial<World> & { columns?: number } = {}): World & { printed: { out: string; err: string } } => {
  const printed = { out: '', err: '' };
  const tty = more.columns !== undefined;
  const columns = more.columns ?? 80;
  return {
    printed,
    env: { url: null, token: null, configDir: null, noColor: true, dumb: false },
    version: '0.0.0',
    stdout: { write: (text) => void (printed.out += text), tty, columns },
    stderr: { write: (text) => void (printed.err += text), tty, columns },
    stdin: { tty: false, chunks: (async function* () {})() },
    now: () => Date.UTC(2026, 0, 1, 1),
    // Short pauses are not waited out; what takes a minute never comes.
    sleep: (ms, signal) => delay(ms < 60_000 ? Math.min(ms, 5) : ms, undefined, { signal }).catch(() => {}),
    every: () => () => {},
    interrupted: new AbortController().signal,
    become: () => Promise.resolve(0),
    run: () => Promise.resolve(0),
    ...more,
  };
};

/** Runs one command line in a fake world. */
export const cli = async (argv: readonly string[], more: Partial<World> & { columns?: number } = {}): Promise<Ran> => {
  const world = fakeWorld(more);
  const exit = await runCli(argv, world);
  return { exit, stdout: world.printed.out, stderr: world.printed.err };
};
