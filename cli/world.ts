import type { CliEnv } from './env.ts';

export type Sink = { write(text: string): void; tty: boolean; columns: number };

/** Everything outside a verb: handed in once, so that a test can stand in for all of it. */
export type World = {
  env: CliEnv;
  version: string;
  stdout: Sink;
  stderr: Sink;
  stdin: { tty: boolean; chunks: AsyncIterable<Uint8Array> };
  /** Milliseconds since 1970. */
  now: () => number;
  /** Ends early, without an error, when the signal fires. */
  sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Calls `tick` every `ms` until the returned function is called. */
  every: (ms: number, tick: () => void) => () => void;
  /** Fires on CTRL-C or a polite kill. */
  interrupted: AbortSignal;
  /** Becomes, or runs, another Node program; the answer is its exit code. */
  become: (args: readonly string[]) => Promise<number>;
  /** Runs another Node program and reads its standard output line by line; its errors go to standard error. */
  run: (args: readonly string[], onLine: (line: string) => void) => Promise<number>;
};
