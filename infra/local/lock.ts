import { randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

const Holder = z.object({ pid: z.int(), started: z.string() });
type Holder = z.infer<typeof Holder>;

/** The data folder belongs to a process that still runs. */
export class FolderInUse extends Error {
  override name = 'FolderInUse';
}

/** When a process started, as the kernel counts it: a pid alone is reused. Empty where /proc is absent. */
const startOf = (pid: number): string => {
  try {
    // Field 22 of proc_pid_stat(5), counted after the command name, which may hold spaces.
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19] ?? '';
  } catch {
    return '';
  }
};

const alive = ({ pid, started }: Holder): boolean => {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false;
  }
  return startOf(pid) === started;
};

const readHolder = (file: string): Holder | null => {
  try {
    return Holder.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    // Torn by a crash, or removed between two looks.
    return null;
  }
};

const taken = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EEXIST';

/** Makes the lock whole at once: a file that is seen is never half-written. */
const claim = (file: string, text: string): boolean => {
  const mine = `${file}.${process.pid}-${randomUUID()}`;
  writeFileSync(mine, text);
  try {
    linkSync(mine, file);
    return true;
  } catch (error) {
    if (!taken(error)) throw error;
    return false;
  } finally {
    rmSync(mine, { force: true });
  }
};

/** Moves a dead holder's lock aside. What was moved is looked at: if it lives after all, it is put back. */
const clear = (file: string): void => {
  const aside = `${file}.${process.pid}-${randomUUID()}`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  const holder = readHolder(aside);
  if (holder && alive(holder)) linkSync(aside, file);
  rmSync(aside, { force: true });
};

/**
 * Takes the data folder for this process, and returns what gives it back. A lock left by a killed process is
 * taken over.
 * @throws FolderInUse naming the holder
 */
export const lockFolder = (folder: string): (() => void) => {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'lock.json');
  const mine = JSON.stringify({ pid: process.pid, started: startOf(process.pid) });
  for (let attempt = 0; attempt < 3; attempt++) {
    if (claim(file, mine)) return () => rmSync(file, { force: true });
    const holder = readHolder(file);
    if (holder && alive(holder))
      throw new FolderInUse(`${folder} is in use by process ${holder.pid}; stop it, or choose another folder with --data`);
    clear(file);
  }
  throw new FolderInUse(`${folder} is being taken by another process; try again`);
};
