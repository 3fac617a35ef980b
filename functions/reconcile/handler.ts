import * as z from 'zod';
import { handler } from '../stage/handlers.ts';
import { reconcile } from '../stage/reconcile.ts';
import { parsePayload } from '../stage/run-stage.ts';

const Options = z.object({ restartWaiters: z.boolean().default(false), all: z.boolean().default(false) });

export const create = handler((world, payload) => reconcile(world, parsePayload(Options, payload ?? {})));
