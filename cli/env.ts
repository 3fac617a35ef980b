import * as z from 'zod';
import { usage } from './exit.ts';

export const Variables = z.object({
  HOLDPOINT_URL: z.url({ protocol: /^https?$/ }).optional(),
  HOLDPOINT_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]+$/)
    .optional(),
  NO_COLOR: z.string().optional(),
  TERM: z.string().optional(),
});

export type CliEnv = { url: string | null; token: string | null; noColor: boolean; dumb: boolean };

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
  const { HOLDPOINT_URL, HOLDPOINT_TOKEN, NO_COLOR, TERM } = parsed.data;
  return {
    url: HOLDPOINT_URL ?? null,
    token: HOLDPOINT_TOKEN ?? null,
    noColor: NO_COLOR !== undefined || TERM === 'dumb',
    dumb: TERM === 'dumb',
  };
};
