import type { Parts } from '../world.ts';
import { createBuilds } from './builds.ts';
import { createRunner } from './runner.ts';

/** For functions that run a command instead of asking a model. */
export const CHECKS = {
  checks: ({ env, artifacts, timer }) =>
    createRunner({ config: env.HOLDPOINT_RUNNER, artifacts, secrets: env.knownSecrets, clock: timer, builds: createBuilds(env) }),
} satisfies Parts;
