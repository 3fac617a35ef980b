import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { isatty } from 'node:tty';
import * as z from 'zod';
import { becomeNode, runNode } from './child.ts';
import { type CliEnv, readCliEnv } from './env.ts';
import { EXIT } from './exit.ts';
import { runCli } from './program.ts';
import { reportError } from './runner.ts';
import type { Sink, World } from './world.ts';

const sink = (stream: NodeJS.WriteStream & { fd: number }): Sink => ({
  write: (text) => void stream.write(text),
  tty: isatty(stream.fd),
  get columns() {
    return stream.columns || 80;
  },
});

/** Fires once on the first polite signal; a second one ends the process at once. */
const interruption = (): AbortSignal => {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(EXIT.interrupted);
      controller.abort();
    });
  }
  return controller.signal;
};

const every = (ms: number, tick: () => void): (() => void) => {
  const timer = setInterval(tick, ms);
  return () => clearInterval(timer);
};

const version = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))).version;

const createWorld = (env: CliEnv): World => ({
  env,
  version,
  stdout: sink(process.stdout),
  stderr: sink(process.stderr),
  stdin: { tty: isatty(process.stdin.fd), chunks: process.stdin },
  now: Date.now,
  sleep: (ms, signal) => delay(ms, undefined, { signal }).catch(() => {}),
  every,
  interrupted: interruption(),
  become: (args) => becomeNode(args, process.env),
  run: runNode,
});

// A reader that has seen enough ("… | head") is no error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? EXIT.good : EXIT.deferred));
}

const start = async (): Promise<number> => {
  const argv = process.argv.slice(2);
  try {
    return await runCli(argv, createWorld(readCliEnv(process.env)));
  } catch (error) {
    const plain: CliEnv = { url: null, token: null, configDir: null, noColor: true, dumb: true };
    return reportError(createWorld(plain), error, argv.includes('--json'));
  }
};

process.exitCode = await start();
