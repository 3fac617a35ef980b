import { join } from 'node:path';
import { createClients, type RequestHandler } from '../../../adapters/aws/clients.ts';
import { createTelemetry } from '../../../adapters/aws/telemetry.ts';
import type { Env } from '../../../adapters/env.ts';
import { WORKGROUP } from '../settings.ts';
import { type Athena, createAthena } from './service.ts';
import { createStore, type Store } from './store.ts';

/** Athena on this machine: opens its file with the first question. */
export const startAthena = (dataDir: string, env: Env, requestHandler: RequestHandler): Athena => {
  const file = join(dataDir, 'athena.sqlite');
  const { s3 } = createClients(env, requestHandler);
  let opened: Store | undefined;
  const store: Store = {
    load: () => (opened ??= createStore(file, createTelemetry(s3, env.HOLDPOINT_TELEMETRY_BUCKET))).load(),
    close: () => opened?.close(),
  };
  const athena = createAthena({ file, store, workgroup: WORKGROUP });
  return {
    handle: athena.handle,
    close: () => {
      athena.close();
      store.close();
    },
  };
};
