import { requireConfirmed } from '../../functions/lib/live-plan.ts';
import { secretKeys } from '../aws/provider-keys.ts';
import type { Env } from '../env.ts';
import type { Parts } from '../world.ts';
import { createModel } from './call-model.ts';
import { environmentKeys } from './keys.ts';
import { createReplayModel } from './replay.ts';

const providerKeys = (env: Env) =>
  env.HOLDPOINT_LLM_KEYS_SECRET_ARN
    ? secretKeys({ arn: env.HOLDPOINT_LLM_KEYS_SECRET_ARN, region: env.AWS_REGION, now: () => performance.now() })
    : environmentKeys(env.providerKeys);

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
        keys: providerKeys(env),
        secrets: env.knownSecrets,
        ...awsCredentials(env),
        limits: async (scope) => scope.limits ?? env.llm.budget,
      }),
    requireConfirmed,
  },
} satisfies Parts;
