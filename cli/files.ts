import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { usage } from './exit.ts';
import type { World } from './world.ts';

const WHY: Record<string, string> = {
  ENOENT: 'there is no such file',
  EACCES: 'you may not read it',
  EISDIR: 'it is a folder',
  ENOSPC: 'the disk is full',
  EROFS: 'the disk is read-only',
  ENOTDIR: 'a part of its path is no folder',
};

const why = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return ('code' in error && typeof error.code === 'string' && WHY[error.code]) || error.message;
};

const tooLarge = (what: string, bytes: string, limit: number) =>
  usage(`${what} is ${bytes} bytes; at most ${limit} are accepted`, 'send less');

const decode = (bytes: Uint8Array, what: string): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw usage(`${what} is not UTF-8 text`, 'save it as UTF-8');
  }
};

const readStdin = async ({ stdin }: World, limit: number): Promise<Uint8Array> => {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stdin.chunks) {
    size += chunk.byteLength;
    if (size > limit) throw tooLarge('standard input', `over ${limit}`, limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

/**
 * Text of a file, or of standard input for "-". A byte order mark is left out.
 * @throws CliError (exit 2) naming the file, when it cannot be read, is too large or is not UTF-8
 */
export const readInput = async (world: World, file: string, limit: number): Promise<string> => {
  if (file === '-') {
    if (world.stdin.tty) world.stderr.write('reading standard input; end it with CTRL-D\n');
    return decode(await readStdin(world, limit), 'standard input');
  }
  const path = resolve(file);
  const unreadable = (error: unknown) => usage(`${path} cannot be read: ${why(error)}`, 'name a file, or "-" for standard input');
  const { size } = await stat(path).catch((error: unknown) => Promise.reject(unreadable(error)));
  if (size > limit) throw tooLarge(path, String(size), limit);
  return decode(await readFile(path).catch((error: unknown) => Promise.reject(unreadable(error))), path);
};

/** Writes a file in one step: nobody sees half of it. @throws CliError (exit 2) naming the file */
export const writeOutput = async (file: string, text: string): Promise<void> => {
  const path = resolve(file);
  const part = `${path}.${process.pid}.part`;
  try {
    await writeFile(part, text);
    await rename(part, path);
  } catch (error) {
    throw usage(`${path} cannot be written: ${why(error)}`, 'name a file in a folder that exists');
  }
};
