import * as z from 'zod';
import { type NotifyConfig, readNotifyConfig } from './config.ts';

/** How long a fetched secret serves, in ms: changed addresses are picked up within this. */
const FRESH_MS = 5 * 60_000;

const Members = z.record(z.string(), z.string());

const fetchMembers = async (arn: string, region: string): Promise<Record<string, string>> => {
  const { GetSecretValueCommand, SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager');
  const { SecretString } = await new SecretsManagerClient({ region }).send(new GetSecretValueCommand({ SecretId: arn }));
  try {
    return Members.parse(JSON.parse(SecretString ?? ''));
  } catch {
    // The parser's own message would quote the secret.
    throw new Error(`the notification addresses in ${arn} are not usable: a JSON object such as {"SLACK_WEBHOOK_URL": "…"} is expected`);
  }
};

/**
 * Addresses from variables and one Secrets Manager secret, a JSON object by variable name; cached.
 * @param now monotonic clock, in ms
 */
export const secretNotifyConfig = (options: {
  arn: string;
  region: string;
  variables: Readonly<Record<string, string | undefined>>;
  now: () => number;
}): (() => Promise<NotifyConfig>) => {
  const { arn, region, variables, now } = options;
  let cached: { config: Promise<NotifyConfig>; at: number } | undefined;
  return () => {
    if (!cached || now() - cached.at > FRESH_MS) {
      const config = fetchMembers(arn, region).then((members) => readNotifyConfig({ ...variables, ...members }));
      cached = { config, at: now() };
      config.catch(() => (cached = undefined));
    }
    return cached.config;
  };
};
