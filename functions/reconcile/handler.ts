import * as z from 'zod';
import { TELLS } from '../../adapters/notify/parts.ts';
import { handler } from '../stage/handlers.ts';
import { reconcile } from '../stage/reconcile/pass.ts';
import { parsePayload } from '../stage/run-stage.ts';
import { restoreSwitches } from '../stage/switches.ts';

const Options = z.object({ restartWaiters: z.boolean().default(false), all: z.boolean().default(false), open: z.boolean().default(false) });

export const create = handler(async (world, payload) => {
  const options = parsePayload(Options, payload ?? {});
  await restoreSwitches(world);
  return reconcile(world, options);
}, TELLS);
