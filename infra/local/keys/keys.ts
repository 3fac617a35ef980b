import { CONTEXT_SECRET_ARN, contextKeys, DIGEST_KEY_ARN, kmsKey } from '../settings.ts';
import type { Handle } from '../wire.ts';
import { createKms } from './kms.ts';
import { createSecrets } from './secrets.ts';

/** Secrets Manager and KMS over the keys of a data folder. */
export const createKeys = (dataDir: string): { secrets: Handle; kms: Handle } => ({
  secrets: createSecrets({ [CONTEXT_SECRET_ARN]: () => contextKeys(dataDir) }),
  kms: createKms({ [DIGEST_KEY_ARN]: () => kmsKey(dataDir) }),
});
