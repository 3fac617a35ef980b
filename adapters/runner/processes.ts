import { readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';

/** Names the run that a process belongs to. Every process inherits it, also one that left the group of the run. */
export const MARK = 'HOLDPOINT_RUNNER_RUN';

/** Looks again for what was forked while others were killed. */
const PASSES = 20;
const BETWEEN_MS = 25;

const kill = (pid: number, signal: NodeJS.Signals): boolean => {
  try {
    return process.kill(pid, signal);
  } catch {
    // Gone already, or another user's.
    return false;
  }
};

/** Signals a process group. */
export const killGroup = (leader: number, signal: NodeJS.Signals): boolean => kill(-leader, signal);

const readOrNull = (file: string): string | null => {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return null;
  }
};

/** Processes that carry a mark, wherever they went. Linux tells; elsewhere the group is all there is to go by. */
export const markedProcesses = (mark: string): number[] => {
  if (process.platform !== 'linux') return [];
  const wanted = `\0${MARK}=${mark}\0`;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => `\0${readOrNull(`/proc/${name}/environ`) ?? ''}`.includes(wanted))
    .map(Number);
};

/** Kills everything that carries a mark, until nothing does. */
export const sweep = async (mark: string): Promise<void> => {
  for (let n = 0; n < PASSES; n++) {
    const left = markedProcesses(mark);
    if (left.length === 0) return;
    for (const pid of left) kill(pid, 'SIGKILL');
    await pause(BETWEEN_MS);
  }
};

const groups = new Set<number>();
const endAll = (): void => {
  for (const leader of groups) killGroup(leader, 'SIGKILL');
};

/** Has a group killed when this process exits. Returns what takes that back. */
export const endWithThisProcess = (leader: number): (() => void) => {
  if (groups.size === 0) process.on('exit', endAll);
  groups.add(leader);
  return () => {
    groups.delete(leader);
    if (groups.size === 0) process.off('exit', endAll);
  };
};
