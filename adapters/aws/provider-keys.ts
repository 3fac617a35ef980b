import * as z from 'zod';
import type { ApiKeys } from '../model/keys.ts';

/** How long fetched keys serve, in ms: a rotated key is picked up within this. */
const FRESH_MS = 5 * 60_000;

const Keys = z.record(z.string(), z.string());

const fetchKeys = async (arn: string, region: string): Promise<Record<string, string>> => {
  const { GetSecretValueCommand, SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager');
  const { SecretString } = await new SecretsManagerClient({ region }).send(new GetSecretValueCommand({ SecretId: arn }));
  try {
    return Keys.parse(JSON.parse(SecretString ?? ''));
  } catch {
    // The parser's own message would quote the secret.
    throw new Error(`the provider keys in ${arn} are not usable: a JSON object such as {"ANTHROPIC_API_KEY": "…"} is expected`);
  }
};

/**
 * Provider keys from one Secrets Manager secret, a JSON object by variable name; cached.
 * @param now monotonic clock, in ms
 */
export const secretKeys = ({ arn, region, now }: { arn: string; region: string; now: () => number }): ApiKeys => {
  let cached: { keys: Promise<Record<string, string>>; at: number } | undefined;
  return async (name) => {
    if (!cached || now() - cached.at > FRESH_MS) {
      const keys = fetchKeys(arn, region);
      cached = { keys, at: now() };
      keys.catch(() => (cached = undefined));
    }
    const keys = await cached.keys;
    return (Object.hasOwn(keys, name) ? keys[name] : null) ?? null;
  };
};
