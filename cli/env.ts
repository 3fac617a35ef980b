import { isAbsolute, join } from 'node:path';
import * as z from 'zod';
import { usage } from './exit.ts';

export const Variables = z.object({
  HOLDPOINT_URL: z.url({ protocol: /^https?$/ }).optional(),
  HOLDPOINT_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]+$/)
    .optional(),
  XDG_CONFIG_HOME: z.string().optional(),
  HOME: z.string().optional(),
  NO_COLOR: z.string().optional(),
  TERM: z.string().optional(),
});

export type CliEnv = {
  url: string | null;
  token: string | null;
  /** Folder of this user's settings; null where there is none. */
  configDir: string | null;
  noColor: boolean;
  dumb: boolean;
};

/** By the XDG Base Directory Specification, which ignores a path that is not absolute. */
const configDirOf = (xdg: string | undefined, home: string | undefined): string | null => {
  if (xdg !== undefined && isAbsolute(xdg)) return xdg;
  return home === undefined ? null : join(home, '.config');
};

const ALLOWED: Record<string, string> = {
  HOLDPOINT_URL: 'an address that starts with http:// or https://',
  HOLDPOINT_TOKEN: 'a token of printable ASCII characters',
};

/**
 * Reads the variables the command line heeds; an empty one counts as unset.
 * @throws CliError (exit 2) naming the variable, its value (never a secret) and what is allowed
 */
export const readCliEnv = (variables: Record<string, string | undefined>): CliEnv => {
  const set = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''));
  const parsed = Variables.safeParse(set);
  if (!parsed.success) {
    const name = String(parsed.error.issues[0]?.path[0]);
    const shown = name.endsWith('TOKEN') ? '(hidden)' : JSON.stringify(set[name]);
    throw usage(`${name} is ${shown}, not ${ALLOWED[name] ?? 'a usable value'}`, `set or unset ${name}`);
  }
  const { HOLDPOINT_URL, HOLDPOINT_TOKEN, XDG_CONFIG_HOME, HOME, NO_COLOR, TERM } = parsed.data;
  return {
    url: HOLDPOINT_URL ?? null,
    token: HOLDPOINT_TOKEN ?? null,
    configDir: configDirOf(XDG_CONFIG_HOME, HOME),
    noColor: NO_COLOR !== undefined || TERM === 'dumb',
    dumb: TERM === 'dumb',
  };
};
