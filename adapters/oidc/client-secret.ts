import type { SignInConfig } from '../../contracts/session.ts';

/** The client's secret from where the configuration says it is; null for a public client. */
export const clientSecret = async (secret: SignInConfig['secret'], region: string): Promise<string | null> => {
  if (secret === null) return null;
  if ('value' in secret) return secret.value;
  // Loaded only on AWS: locally the secret comes with the environment.
  const { GetSecretValueCommand, SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager');
  const { SecretString } = await new SecretsManagerClient({ region }).send(new GetSecretValueCommand({ SecretId: secret.arn }));
  if (!SecretString) throw new Error(`the secret ${secret.arn} holds no text; store the OIDC client's secret there as it is`);
  return SecretString.trim();
};
