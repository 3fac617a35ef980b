import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import { CliError, EXIT } from './exit.ts';

export const DEFAULT_DATA = '.holdpoint';

/** What a running local cloud leaves in its data folder. */
export const Endpoints = z.object({ web: z.url({ protocol: /^https?$/ }), aws: z.url({ protocol: /^https?$/ }), pid: z.int().min(1) });
export type Endpoints = z.infer<typeof Endpoints>;

/** Is there a process of this id, ours or not? */
const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
};

const START = 'start one with "holdpoint up", or name a server with --endpoint URL or HOLDPOINT_URL';

const absent = (what: string): CliError => new CliError('UNREACHABLE', EXIT.unavailable, what, { next: START });

/** @throws CliError (exit 69) when no local cloud runs on that folder */
export const readEndpoints = async (data: string): Promise<Endpoints> => {
  const file = join(resolve(data), 'endpoints.json');
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null) throw absent(`no local cloud runs on ${resolve(data)} (there is no endpoints.json)`);
  const parsed = z
    .string()
    .transform((raw, context) => {
      try {
        return JSON.parse(raw) as unknown;
      } catch {
        context.addIssue('is not JSON');
        return z.NEVER;
      }
    })
    .pipe(Endpoints)
    .safeParse(text);
  if (!parsed.success) throw absent(`${file} is not what a local cloud writes (${parsed.error.issues[0]?.message})`);
  if (!alive(parsed.data.pid)) throw absent(`no local cloud runs on ${resolve(data)} (process ${parsed.data.pid} is gone)`);
  return parsed.data;
};

/** Address of the server, without a trailing slash: option, else variable, else the running local cloud. */
export const findEndpoint = async (from: { option: string | undefined; variable: string | null; data: string }): Promise<string> =>
  (from.option ?? from.variable ?? (await readEndpoints(from.data)).web).replace(/\/+$/, '');
