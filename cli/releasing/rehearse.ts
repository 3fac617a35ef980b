import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import type { World } from '../world.ts';

// A path, not an import: the command line must work without the local cloud, and starts it as another program.
const REHEARSAL = fileURLToPath(new URL('../../infra/local/rehearse-rollback.ts', import.meta.url));

const Rehearsed = z.object({ rule: z.string(), ok: z.boolean(), found: z.string() });
export type Rehearsed = z.infer<typeof Rehearsed>;

/** An emergency on a local cloud of its own: every rule that must hold, with what was found. Empty where it did not run at all. */
export const rehearse = async ({ run }: World): Promise<Rehearsed[]> => {
  const lines: string[] = [];
  const exit = await run(['--disable-warning=ExperimentalWarning', REHEARSAL], (line) => lines.push(line));
  const done = lines.map((line) => Rehearsed.parse(JSON.parse(line)));
  const whole = exit === 0 || done.some(({ ok }) => !ok);
  return whole ? done : [...done, { rule: 'the rehearsal runs to its end', ok: false, found: `it ended with exit code ${exit}` }];
};
