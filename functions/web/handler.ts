import { Logger } from '@aws-lambda-powertools/logger';
import type { Hono } from 'hono';
import { handle, type LambdaContext, type LambdaEvent } from 'hono/aws-lambda';
import * as z from 'zod';
import type { RequestHandler } from '../../adapters/aws/clients.ts';
import type { Env } from '../../adapters/env.ts';
import { createWorld, type World } from '../../adapters/world.ts';
import { Refusal } from '../../contracts/commands.ts';
import type { Actor } from '../../contracts/events.ts';
import { ActorId } from '../../contracts/ids.ts';
import jobMachine from '../../statemachines/job.asl.json' with { type: 'json' };
import { verifyChain } from '../lib/event.ts';
import { createCommands } from '../stage/commands.ts';
import { createSnapshots } from '../stage/snapshots.ts';
import { createWeb } from './app.ts';

/** Locally the caller says who they are; on this machine only, and the log says that nobody checked. */
const USER_HEADER = 'x-holdpoint-user';
const LOCAL_USER = 'local-user';
/** Set by this handler from the verified token, after removing whatever the caller sent under that name. */
const SUBJECT_HEADER = 'x-holdpoint-verified-subject';

const identifyLocal = (request: Request): Actor | Refusal => {
  const id = ActorId.safeParse(request.headers.get(USER_HEADER) ?? LOCAL_USER);
  if (!id.success) return new Refusal('INVALID_INPUT', `${USER_HEADER}: ${id.error.issues[0]?.message}`);
  return { type: 'user', id: id.data, identity: 'local' };
};

const identifyVerified = (request: Request): Actor | Refusal => {
  const id = ActorId.safeParse(request.headers.get(SUBJECT_HEADER));
  if (!id.success) return new Refusal('UNAUTHENTICATED', 'no verified identity; sign in with "holdpoint login" or send HOLDPOINT_TOKEN');
  return { type: 'user', id: id.data, identity: 'oidc' };
};

export type AppOptions = { requestHandler?: RequestHandler; local: boolean };

/** The web application over a world: the same in Lambda and on this machine. */
export const createApp = (env: Env, options: AppOptions): { app: Hono; world: World } => {
  const world = createWorld(env, options.requestHandler);
  const logger = new Logger({ serviceName: 'holdpoint', logLevel: env.HOLDPOINT_LOG_LEVEL });
  const app = createWeb({
    env: env.HOLDPOINT_ENV,
    commands: createCommands(world),
    index: world.index,
    artifacts: world.artifacts,
    cassettes: world.cassettes,
    snapshots: createSnapshots(world),
    clock: world.clock,
    budget: env.llm.budget,
    budgetUse: world.budgets.use,
    identify: options.local ? identifyLocal : identifyVerified,
    verify: async (jobId) => {
      const report = verifyChain(await world.log.read(jobId));
      return { job_id: jobId, ...report };
    },
    flow: jobMachine,
    local: options.local,
    holdEvents: options.local,
    report: (error, request) => logger.error('unexpected', { ...request, error: { name: error.name, message: error.message } }),
  });
  return { app, world };
};

const Verified = z.object({
  requestContext: z.object({ authorizer: z.object({ jwt: z.object({ claims: z.record(z.string(), z.unknown()) }) }) }),
});

/** Who the JWT authorizer says the caller is; undefined on routes without one. */
const verifiedSubject = (event: unknown): string | undefined => {
  const claims = Verified.safeParse(event).data?.requestContext.authorizer.jwt.claims;
  const subject = claims?.['email'] ?? claims?.['sub'];
  return typeof subject === 'string' ? subject : undefined;
};

/** The Lambda handler behind API Gateway: identity comes from the JWT authorizer's claims alone. */
export const create = (env: Env) => {
  const serve = handle(createApp(env, { local: false }).app);
  return (event: LambdaEvent, context: LambdaContext) => {
    const { [SUBJECT_HEADER]: _, ...headers } = event.headers ?? {};
    const subject = verifiedSubject(event);
    return serve(Object.assign(event, { headers: subject ? { ...headers, [SUBJECT_HEADER]: subject } : headers }), context);
  };
};
