import { createDigestIndex } from '../aws/digest-index.ts';
import { createDigests } from '../aws/digests.ts';
import { createStoredLogs } from '../aws/stored-logs.ts';
import type { Parts } from '../world.ts';
import { createDigestSigner } from './signer.ts';

/** For functions that sign digests or verify logs: `handler(countedPass, PROVES)`. */
export const PROVES = {
  proves: ({ env, requestHandler, clients: { s3, unchecked, dynamo } }) => ({
    digests: createDigests(s3, unchecked, env.HOLDPOINT_EVENTS_BUCKET),
    index: createDigestIndex(dynamo, env.HOLDPOINT_TABLE),
    logs: createStoredLogs(unchecked, env.HOLDPOINT_EVENTS_BUCKET),
    signer: createDigestSigner(env, requestHandler),
  }),
} satisfies Parts;
