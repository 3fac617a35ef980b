import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { usage } from './exit.ts';
import type { World } from './world.ts';

/** A sign-in of this user at one server. */
const StoredToken = z.object({ token: z.string().regex(/^[\x21-\x7e]+$/), expires_at: z.iso.datetime(), id: z.string() });
export type StoredToken = z.infer<typeof StoredToken>;

const File = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue('is not JSON');
      return z.NEVER;
    }
  })
  .pipe(z.object({ tokens: z.record(z.string(), StoredToken) }));

const fileIn = (configDir: string): string => join(configDir, 'holdpoint', 'tokens.json');

/** Servers are told apart by their whole address, in one spelling. */
const keyOf = (endpoint: string): string => new URL(endpoint).href.replace(/\/+$/, '');

const readAll = async (file: string): Promise<Record<string, StoredToken>> => {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw usage(`${file} cannot be read (${error.code})`, 'make it readable, or set HOLDPOINT_TOKEN');
  });
  if (text === null) return {};
  const parsed = File.safeParse(text);
  // The values are secret: only the place and the rule are named.
  if (!parsed.success) throw usage(`${file} is not what "holdpoint login" writes`, `delete it and run "holdpoint login"`);
  return parsed.data.tokens;
};

/** Replaced as a whole, readable by its owner only from its first byte on. */
const writeAll = async (file: string, tokens: Record<string, StoredToken>): Promise<void> => {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const fresh = `${file}.${process.pid}.new`;
  await writeFile(fresh, `${JSON.stringify({ tokens }, null, 2)}\n`, { mode: 0o600 });
  await chmod(fresh, 0o600);
  await rename(fresh, file);
};

const needDir = ({ env }: World): string => {
  if (env.configDir === null)
    throw usage('there is no folder to keep the sign-in in', 'set HOME or XDG_CONFIG_HOME, or use HOLDPOINT_TOKEN');
  return env.configDir;
};

/** @returns the file it is kept in */
export const storeToken = async (world: World, endpoint: string, stored: StoredToken): Promise<string> => {
  const file = fileIn(needDir(world));
  await writeAll(file, { ...(await readAll(file)), [keyOf(endpoint)]: stored });
  return file;
};

/** @returns whether there was one */
export const forgetToken = async (world: World, endpoint: string): Promise<boolean> => {
  const file = fileIn(needDir(world));
  const { [keyOf(endpoint)]: found, ...others } = await readAll(file);
  if (found) await writeAll(file, others);
  return found !== undefined;
};

/** What to send to a server: HOLDPOINT_TOKEN, else the sign-in kept for it; `ended` says when that one ran out. */
export const credentialFor = async ({ env, now }: World, endpoint: string): Promise<{ token: string | null; ended: string | null }> => {
  if (env.token !== null) return { token: env.token, ended: null };
  if (env.configDir === null) return { token: null, ended: null };
  const tokens = await readAll(fileIn(env.configDir));
  const found = Object.hasOwn(tokens, keyOf(endpoint)) ? tokens[keyOf(endpoint)] : undefined;
  if (!found) return { token: null, ended: null };
  return Date.parse(found.expires_at) > now() ? { token: found.token, ended: null } : { token: null, ended: found.expires_at };
};
