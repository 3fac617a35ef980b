import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as z from 'zod';
import { NO_UNITS, plus, UNIT_NAMES, Units } from '../../../contracts/pricing.ts';
import { type Enter, KINDS, type Kind } from './scope.ts';

const Line = z.strictObject({ job: z.string(), kind: z.enum(KINDS), units: Units.partial() });
type Line = z.infer<typeof Line>;

export type Book = {
  enter: Enter;
  read(job: string): Record<Kind, Units>;
  /** Resolves when everything entered is in the file. */
  close(): Promise<void>;
};

/** What is entered within this time, in ms, is written at once: jobs do not wait for it. */
const FLUSH_MS = 200;

const EMPTY: Record<Kind, Units> = { job: NO_UNITS, viewing: NO_UNITS, upkeep: NO_UNITS };

/** A line that was cut off by a crash is left out: counters are not worth a refusal to start. */
const parseLine = (text: string): Line[] => {
  try {
    return [Line.parse(JSON.parse(text))];
  } catch {
    return [];
  }
};

const written = (job: string, kind: Kind, units: Units): string => {
  const used = Object.fromEntries(UNIT_NAMES.flatMap((name) => (units[name] === 0 ? [] : [[name, units[name]]])));
  return `${JSON.stringify({ job, kind, units: used } satisfies Line)}\n`;
};

/**
 * What each job used, in memory and as JSON Lines in `file`. It is not flushed to the disk: a killed process loses the counts of its
 * last moments, and a full disk those that did not fit.
 */
export const openBook = (file: string): Book => {
  const jobs = new Map<string, Record<Kind, Units>>();
  const add: Enter = (job, kind, units) => {
    const before = jobs.get(job) ?? EMPTY;
    jobs.set(job, { ...before, [kind]: plus(before[kind], units) });
  };
  mkdirSync(dirname(file), { recursive: true });
  const kept = existsSync(file) ? readFileSync(file, 'utf8').split('\n').flatMap(parseLine) : [];
  for (const { job, kind, units } of kept) add(job, kind, plus(NO_UNITS, units));
  // One line per job and kind from here on: the file grows by what is done, not by how often it was started.
  const folded = [...jobs].flatMap(([job, by]) => KINDS.map((kind) => written(job, kind, by[kind])));
  writeFileSync(`${file}.new`, folded.join(''));
  renameSync(`${file}.new`, file);

  let buffer = '';
  let writing: Promise<void> = Promise.resolve();
  const write = async (): Promise<void> => {
    const chunk = buffer;
    buffer = '';
    if (chunk !== '') await appendFile(file, chunk);
  };
  const flush = (): Promise<void> => {
    writing = writing.then(write, write);
    return writing;
  };
  let closed = false;
  return {
    enter: (job, kind, units) => {
      add(job, kind, units);
      // What a function still does while the cloud stops is done without a file: the folder may be gone.
      if (closed) return;
      if (buffer === '') setTimeout(() => void flush().catch(() => undefined), FLUSH_MS).unref();
      buffer += written(job, kind, units);
    },
    read: (job) => jobs.get(job) ?? EMPTY,
    close: () => {
      closed = true;
      return flush();
    },
  };
};
