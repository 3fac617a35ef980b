import { Logger } from '@aws-lambda-powertools/logger';
import { AthenaClient } from '@aws-sdk/client-athena';
import type { Hono } from 'hono';
import { createTelemetryQueries } from '../../../adapters/aws/athena.ts';
import { clientConfig, type RequestHandler } from '../../../adapters/aws/clients.ts';
import type { Env } from '../../../adapters/env.ts';
import { createWorld, type World } from '../../../adapters/world.ts';
import { served } from '../session/served.ts';
import { type Identify, identifyVerified } from '../session/verified.ts';
import { createTelemetryApp } from './app.ts';

const needed = (name: 'HOLDPOINT_TELEMETRY_WORKGROUP' | 'HOLDPOINT_TELEMETRY_DATABASE', env: Env): string => {
  const value = env[name];
  if (value === undefined) throw new Error(`${name} is missing: the function that answers questions about telemetry needs it`);
  return value;
};

/** The telemetry API over a world: the same in Lambda and on this machine. */
export const createTelemetryApi = (
  env: Env,
  { requestHandler, callerOf }: { requestHandler?: RequestHandler /** Who asks on this machine. */; callerOf?: Identify },
): { app: Hono; world: World } => {
  const world = createWorld(env, { requestHandler });
  const logger = new Logger({ serviceName: 'holdpoint', logLevel: env.HOLDPOINT_LOG_LEVEL });
  const where = {
    workgroup: needed('HOLDPOINT_TELEMETRY_WORKGROUP', env),
    database: needed('HOLDPOINT_TELEMETRY_DATABASE', env),
  };
  const app = createTelemetryApp({
    // Behind the authorizer there are no sessions: only what it verified counts.
    callerOf: callerOf ?? identifyVerified(env),
    queries: createTelemetryQueries(new AthenaClient(clientConfig(env, requestHandler)), where),
    telemetry: world.telemetry,
    local: callerOf !== undefined,
    report: (error, request) => logger.error('unexpected', { ...request, error: { name: error.name, message: error.message } }),
  });
  return { app, world };
};

/** The Lambda handler behind `GET /telemetry`. */
export const create = (env: Env) => {
  const { app, world } = createTelemetryApi(env, {});
  return served(app, world);
};
