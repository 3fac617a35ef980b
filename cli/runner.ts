import pc from 'picocolors';
import { type Api, createApi } from './api.ts';
import { DEFAULT_DATA, findEndpoint } from './endpoint.ts';
import { CliError, EXIT, type ExitCode } from './exit.ts';
import { clean, safeJson } from './text.ts';
import type { World } from './world.ts';

export type Paint = ReturnType<typeof pc.createColors>;

/** Options every verb takes. */
export type CommonOptions = { json?: true; endpoint?: string; data?: string; as?: string };

/**
 * What a verb came to: the document for `--json` (undefined when it is printed already), and why the exit
 * code is what it is.
 */
export type Result<T = unknown> = { doc: T; exit?: number; reason?: string; next?: string };

export type Context = {
  world: World;
  json: boolean;
  paint: Paint;
  /** Is a person watching standard output? */
  live: boolean;
  /** Columns of the terminal; Infinity without one, so that nothing is cut. */
  width: number;
  /** A line for people on standard output; nothing with `--json`. */
  say: (line?: string) => void;
  /** An aside on standard error, out of the way of pipes. */
  note: (line: string) => void;
  /** @throws CliError when no server is named and no local cloud runs */
  connect: () => Promise<Api>;
  data: string;
};

export type Run = (options: CommonOptions, verb: (context: Context) => Promise<Result>) => Promise<void>;

const NARROWEST = 24;

const createContext = (world: World, options: CommonOptions): Context => {
  const json = options.json === true;
  const live = world.stdout.tty && !json;
  const find = () => findEndpoint({ option: options.endpoint, variable: world.env.url, data: options.data ?? DEFAULT_DATA });
  return {
    world,
    json,
    live,
    paint: pc.createColors(live && !world.env.plain),
    width: live ? Math.max(NARROWEST, world.stdout.columns) : Number.POSITIVE_INFINITY,
    say: (line = '') => (json ? undefined : world.stdout.write(`${line}\n`)),
    note: (line) => world.stderr.write(`${line}\n`),
    connect: async () =>
      createApi({ base: await find(), find, user: options.as, token: world.env.token, version: world.version, signal: world.interrupted }),
    data: options.data ?? DEFAULT_DATA,
  };
};

const printDoc = (world: World, doc: unknown): void => world.stdout.write(`${safeJson(doc, world.stdout.tty ? 2 : 0)}\n`);

/** Reason and next step on standard error; with `--json` the same as one document on standard output. */
export const reportError = (world: World, thrown: unknown, json: boolean): ExitCode => {
  const error =
    thrown instanceof CliError
      ? thrown
      : new CliError('BUG', EXIT.deferred, `holdpoint failed: ${thrown instanceof Error ? thrown.message : String(thrown)}`, {
          next: 'this is a fault of the command itself; please report it with what you ran',
        });
  const paint = pc.createColors(world.stderr.tty && !world.env.plain);
  world.stderr.write(`${paint.red('error:')} ${clean(error.message)}\n`);
  if (error.next !== null) world.stderr.write(`  next: ${clean(error.next)}\n`);
  if (json) {
    const next = error.next === null ? {} : { next: error.next };
    printDoc(world, { error: { ...error.details, code: error.code, message: error.message, exit: error.exit, ...next } });
  }
  return error.exit;
};

/** Runs verbs in one world; `onExit` is told how each one ended. */
export const createRunner =
  (world: World, onExit: (exit: number) => void): Run =>
  async (options, verb) => {
    const json = options.json === true;
    try {
      const { doc, exit = EXIT.good, reason, next } = await verb(createContext(world, options));
      if (json && doc !== undefined) printDoc(world, doc);
      if (reason !== undefined) world.stderr.write(`${clean(reason)}\n`);
      if (next !== undefined) world.stderr.write(`  next: ${clean(next)}\n`);
      onExit(exit);
    } catch (thrown) {
      onExit(reportError(world, thrown, json));
    }
  };
