import { secretKeys } from '../aws/provider-keys.ts';
import type { Env } from '../env.ts';

/** Looks a provider's key up by the name of the variable that holds it. Null when there is none. */
export type ApiKeys = (name: string) => Promise<string | null>;

/** Keys from the process's variables: on a developer's machine. */
export const environmentKeys =
  (variables: Readonly<Record<string, string | undefined>>): ApiKeys =>
  async (name) => {
    const key = variables[name]?.trim();
    return key ? key : null;
  };

/** Keys of a function: from Secrets Manager where the environment names a secret. */
export const keysOf = (env: Env): ApiKeys =>
  env.HOLDPOINT_LLM_KEYS_SECRET_ARN
    ? secretKeys({ arn: env.HOLDPOINT_LLM_KEYS_SECRET_ARN, region: env.AWS_REGION, now: () => performance.now() })
    : environmentKeys(env.providerKeys);
