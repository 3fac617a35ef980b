import * as z from 'zod';
import { digestPass } from '../stage/digest.ts';
import { handler } from '../stage/handlers.ts';
import { parsePayload } from '../stage/run-stage.ts';

const Options = z.object({ thorough: z.boolean().default(false), limit: z.int().min(1).default(1_000_000) });

export const create = handler((world, payload) => digestPass(world, parsePayload(Options, payload ?? {})));
