import type { DigestSigner } from '../../contracts/digest.ts';
import { clientConfig, type RequestHandler } from '../aws/clients.ts';
import type { Env } from '../env.ts';
import { fileSigner } from './file.ts';
import { kmsSigner } from './kms.ts';

const noKey = async (): Promise<never> => {
  throw new Error('neither HOLDPOINT_DIGEST_KEY_ARN nor HOLDPOINT_DIGEST_KEY_FILE is set: digests can be neither signed nor verified');
};

/** The key of this environment's digests. It is asked for only when it is used. */
export const createDigestSigner = (env: Env, requestHandler?: RequestHandler): DigestSigner => {
  if (env.HOLDPOINT_DIGEST_KEY_FILE !== undefined) return fileSigner(env.HOLDPOINT_DIGEST_KEY_FILE);
  if (env.HOLDPOINT_DIGEST_KEY_ARN !== undefined)
    return kmsSigner({ keyArn: env.HOLDPOINT_DIGEST_KEY_ARN, config: clientConfig(env, requestHandler) });
  return { algorithm: 'Ed25519', publicKey: noKey, sign: noKey };
};
