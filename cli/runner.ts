import pc from 'picocolors';
import * as z from 'zod';
import { type Api, createApi } from './api.ts';
import { DEFAULT_DATA, findEndpoint } from './endpoint.ts';
import { CliError, EXIT, type ExitCode } from './exit.ts';
import { clean, safeJson, widthOf, wrap } from './text.ts';
import { credentialFor } from './tokens.ts';
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
  /** A line for people on standard output, wrapped to the terminal; nothing with `--json`. */
  say: (line?: string) => void;
  /** An aside on standard error, out of the way of pipes. */
  note: (line: string) => void;
  /** Address of the server. @throws CliError when none is named and no local cloud runs */
  endpoint: () => Promise<string>;
  /** @throws CliError as `endpoint` does */
  connect: () => Promise<Api>;
  data: string;
};

export type Run = (options: CommonOptions, verb: (context: Context) => Promise<Result>) => Promise<void>;

const NARROWEST = 24;

const createContext = (world: World, options: CommonOptions): Context => {
  const json = options.json === true;
  const live = world.stdout.tty && !json;
  const width = live ? Math.max(NARROWEST, world.stdout.columns) : Number.POSITIVE_INFINITY;
  const find = () => findEndpoint({ option: options.endpoint, variable: world.env.url, data: options.data ?? DEFAULT_DATA });
  return {
    world,
    json,
    live,
    paint: pc.createColors(live && !world.env.noColor),
    width,
    say(line = '') {
      if (json) return;
      const lines = widthOf(line) <= width ? [line] : wrap(line, width);
      for (const part of lines) world.stdout.write(`${part}\n`);
    },
    note: (line) => world.stderr.write(`${line}\n`),
    endpoint: find,
    connect: async () => {
      const base = await find();
      const credential = await credentialFor(world, base);
      return createApi({ base, find, user: options.as, ...credential, version: world.version, signal: world.interrupted });
    },
    data: options.data ?? DEFAULT_DATA,
  };
};

const printDoc = (world: World, doc: unknown): void => world.stdout.write(`${safeJson(doc, world.stdout.tty ? 2 : 0)}\n`);

/** Every wrong place of a document, as the server lists them. */
const Places = z.array(z.object({ pointer: z.string(), message: z.string() }));

const placesOf = ({ details }: CliError): string[] => {
  const places = Places.safeParse(details['errors']).data ?? [];
  return places.length < 2 ? [] : places.map(({ pointer, message }) => `  ${clean(pointer) || 'all of it'}: ${clean(message)}`);
};

/** A reason, and under it what to do, on standard error. */
const explain = ({ stderr }: World, reason: string | null, next: string | null, places: readonly string[] = []): void => {
  const width = stderr.tty ? Math.max(NARROWEST, stderr.columns) : Number.POSITIVE_INFINITY;
  if (reason !== null) for (const line of wrap(reason, width)) stderr.write(`${line}\n`);
  for (const place of places) stderr.write(`${place}\n`);
  if (next !== null) for (const line of wrap(`next: ${clean(next)}`, width - 2)) stderr.write(`  ${line}\n`);
};

/** Reason and next step on standard error; with `--json` the same as one document on standard output. */
export const reportError = (world: World, thrown: unknown, json: boolean): ExitCode => {
  const error =
    thrown instanceof CliError
      ? thrown
      : new CliError('BUG', EXIT.deferred, `holdpoint failed: ${thrown instanceof Error ? thrown.message : String(thrown)}`, {
          next: 'this is a fault of the command itself; please report it with what you ran',
        });
  const paint = pc.createColors(world.stderr.tty && !world.env.noColor);
  explain(world, `${paint.red('error:')} ${clean(error.message)}`, error.next, placesOf(error));
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
      explain(world, reason === undefined ? null : clean(reason), next ?? null);
      onExit(exit);
    } catch (thrown) {
      onExit(reportError(world, thrown, json));
    }
  };
