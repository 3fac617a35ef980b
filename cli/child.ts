import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs another Node program in front: signals go to it, and its exit code is the answer. */
export const runNode = async (args: readonly string[], onLine?: (line: string) => void): Promise<number> => {
  const child = spawn(process.execPath, [...args], { stdio: ['inherit', onLine ? 'pipe' : 'inherit', 'inherit'] });
  const forward = (signal: NodeJS.Signals) => child.kill(signal);
  for (const signal of SIGNALS) process.on(signal, forward);
  if (child.stdout && onLine) createInterface({ input: child.stdout }).on('line', onLine);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
    });
  } finally {
    for (const signal of SIGNALS) process.off(signal, forward);
  }
};

/** Becomes another Node program with the same process id, where the system can; else runs it in front. */
export const becomeNode = async (args: readonly string[], variables: Record<string, string | undefined>): Promise<number> => {
  const kept = Object.fromEntries(Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined));
  if (process.platform !== 'win32' && process.execve) process.execve(process.execPath, [process.execPath, ...args], kept);
  return runNode(args);
};
