import * as z from 'zod';
import type { KeyRing, ReadKeyRing } from '../../contracts/ports.ts';
import type { Env } from '../env.ts';
import { type ClientConfig, clientConfig, type RequestHandler } from './clients.ts';

/** How long a fetched key ring serves before it is fetched again: a rotated key is picked up within this, in ms. */
const FRESH_MS = 5 * 60_000;
/** How often a key nobody knows may send for the ring, in ms. */
const ASK_AGAIN_MS = 2_000;

/**
 * `{"current": "k2", "k1": "…", "k2": "…"}`: flat, because Secrets Manager can generate one member of a JSON
 * secret but no nested one. `current` signs, the others still verify.
 */
const Ring = z
  .object({ current: z.string().min(1) })
  .catchall(z.string().min(32))
  .refine((ring) => ring.current !== 'current' && Object.hasOwn(ring, ring.current), {
    path: ['current'],
    message: 'must name one of the keys',
  })
  .transform(({ current, ...keys }): KeyRing => ({ current, keys }));

/** The parser's own message would quote the secret. */
const jsonOrNull = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

const parse = (text: string, where: string): KeyRing => {
  const parsed = Ring.safeParse(jsonOrNull(text));
  if (parsed.success) return parsed.data;
  // The value is secret: only the place and the rule are named.
  throw new Error(
    `the context key ring in ${where} is not usable: /${parsed.error.issues[0]?.path.join('/')} ${parsed.error.issues[0]?.message}`,
  );
};

const fromSecretsManager = async (config: ClientConfig, arn: string): Promise<KeyRing> => {
  // Loaded with the first use: a start should not wait for it.
  const { GetSecretValueCommand, SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager');
  const secret = await new SecretsManagerClient(config).send(new GetSecretValueCommand({ SecretId: arn }));
  return parse(secret.SecretString ?? '', arn);
};

/** Keys that sign and verify the context between states, cached. Retired keys stay in the ring while jobs may still wait. */
export const createKeyRing = (env: Env, requestHandler?: RequestHandler): ReadKeyRing => {
  if (env.HOLDPOINT_CONTEXT_KEYS !== undefined) {
    const ring = parse(env.HOLDPOINT_CONTEXT_KEYS, 'HOLDPOINT_CONTEXT_KEYS');
    return async () => ring;
  }
  const arn = env.HOLDPOINT_CONTEXT_SECRET_ARN;
  if (!arn) throw new Error('neither HOLDPOINT_CONTEXT_SECRET_ARN nor HOLDPOINT_CONTEXT_KEYS is set: contexts could not be signed');
  let cached: { ring: Promise<KeyRing>; at: number } | undefined;
  return ({ fresh = false } = {}) => {
    const age = cached ? Date.now() - cached.at : Number.POSITIVE_INFINITY;
    if (!cached || age > (fresh ? ASK_AGAIN_MS : FRESH_MS)) {
      const ring = fromSecretsManager(clientConfig(env, requestHandler), arn);
      cached = { ring, at: Date.now() };
      ring.catch(() => (cached = undefined));
    }
    return cached.ring;
  };
};
