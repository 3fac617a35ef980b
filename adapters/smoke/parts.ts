import { keysOf } from '../model/keys.ts';
import type { Parts } from '../world.ts';
import { lookAtProviders } from './providers.ts';
import { lookAtBuckets, lookAtTable } from './stores.ts';

/** For the function that looks at what all others depend on. */
export const PROBES = {
  probes: ({ env, clients: { s3, dynamo } }) => ({
    buckets: () => lookAtBuckets(s3, env),
    table: () => lookAtTable(dynamo, env.HOLDPOINT_TABLE),
    providers: () => lookAtProviders(env.llm, keysOf(env)),
  }),
} satisfies Parts;
