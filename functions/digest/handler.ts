import * as z from 'zod';
import { digestPass, LogTampered } from '../stage/digest.ts';
import { handler } from '../stage/handlers.ts';
import { parsePayload } from '../stage/run-stage.ts';

const Options = z.object({ thorough: z.boolean().default(false), limit: z.int().min(1).default(1_000_000) });

export const create = handler(async (world, payload) => {
  try {
    return await digestPass(world, parsePayload(Options, payload ?? {}));
  } catch (error) {
    if (error instanceof LogTampered) world.meter.add('VerificationFailures', 1);
    throw error;
  }
});
