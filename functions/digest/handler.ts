import * as z from 'zod';
import { PROVES } from '../../adapters/sign/parts.ts';
import type { World } from '../../adapters/world.ts';
import { type DigestReport, digestPass, LogTampered } from '../stage/digest.ts';
import { handler } from '../stage/handlers.ts';
import { parsePayload } from '../stage/run-stage.ts';

const Options = z.object({ thorough: z.boolean().default(false), limit: z.int().min(1).default(1_000_000) });

/** A pass that finds what was tampered with is counted, and fails. */
export const countedPass = async (world: World, payload: unknown): Promise<DigestReport> => {
  try {
    return await digestPass(world, parsePayload(Options, payload ?? {}));
  } catch (error) {
    if (error instanceof LogTampered) world.meter.add('VerificationFailures', 1);
    throw error;
  }
};

export const create = handler(countedPass, PROVES);
