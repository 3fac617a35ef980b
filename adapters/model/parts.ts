import { requireConfirmed } from '../../functions/lib/live-plan.ts';
import type { Env } from '../env.ts';
import type { Parts } from '../world.ts';
import { createModel } from './call-model.ts';
import { keysOf } from './keys.ts';
import { createReplayModel } from './replay.ts';

/** The function's own credentials sign calls to Bedrock. */
const awsCredentials = ({
  AWS_ACCESS_KEY_ID: accessKeyId,
  AWS_SECRET_ACCESS_KEY: secretAccessKey,
  AWS_SESSION_TOKEN: sessionToken,
}: Env) =>
  accessKeyId && secretAccessKey
    ? { credentials: async () => ({ accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) }) }
    : {};

/** For functions that ask models: `stage(report, ASKS)`. */
export const ASKS = {
  asks: {
    model: ({ env, cassettes, artifacts, budgets, clock }) =>
      createModel({
        config: env.llm,
        replay: (secrets) => createReplayModel({ cassettes, secrets }),
        ...{ cassettes, artifacts, budgets, clock },
        keys: keysOf(env),
        secrets: env.knownSecrets,
        ...awsCredentials(env),
        limits: async (scope) => scope.limits ?? env.llm.budget,
      }),
    requireConfirmed,
  },
} satisfies Parts;
