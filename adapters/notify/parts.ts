import { clientConfig } from '../aws/clients.ts';
import type { Env } from '../env.ts';
import type { Parts } from '../world.ts';
import type { NotifyConfig } from './config.ts';
import { heldWhileHalted } from './held-outbox.ts';
import { createNotifier } from './notifier.ts';
import { createOutbox } from './outbox.ts';
import { secretNotifyConfig } from './secret-config.ts';

/** Addresses of the environment, and those of its secret, which win. */
const notifyConfig = (env: Env): (() => Promise<NotifyConfig>) => {
  const { notify, HOLDPOINT_NOTIFY_SECRET_ARN: arn } = env;
  if (!arn) return async () => notify;
  const secret = secretNotifyConfig({ arn, region: env.AWS_REGION, variables: {}, now: () => performance.now() });
  return async () => {
    const found = await secret();
    return { ...found, addresses: new Map([...notify.addresses, ...found.addresses]) };
  };
};

/** For functions that tell people: `handler(reconcile, TELLS)`. */
export const TELLS = {
  tells: ({ env, requestHandler, artifacts, linkOf, timer, switches }) => {
    const notifier = createNotifier({ config: notifyConfig(env), sns: clientConfig(env, requestHandler), clock: timer });
    return heldWhileHalted(createOutbox({ artifacts, notifier, linkOf, clock: timer }), switches);
  },
} satisfies Parts;
