import { Buffer, isUtf8 } from 'node:buffer';
import { Logger } from '@aws-lambda-powertools/logger';
import type { Hono } from 'hono';
import { handle, type LambdaContext, type LambdaEvent } from 'hono/aws-lambda';
import * as z from 'zod';
import type { RequestHandler } from '../../adapters/aws/clients.ts';
import type { Env } from '../../adapters/env.ts';
import { TELLS } from '../../adapters/notify/parts.ts';
import { issuerOnUse } from '../../adapters/oidc/issuer-on-use.ts';
import { admissionOf } from '../../adapters/oidc/settings.ts';
import { PROVES } from '../../adapters/sign/parts.ts';
import { createWorld, type World } from '../../adapters/world.ts';
import { Refusal } from '../../contracts/commands.ts';
import { ActorId } from '../../contracts/ids.ts';
import { Claims } from '../../contracts/session.ts';
import { recordAudit } from '../stage/audit.ts';
import { createCommands } from '../stage/commands.ts';
import { createSnapshots } from '../stage/snapshots.ts';
import { createSwitchCommands, haltable } from '../stage/switches.ts';
import { digestPage, verifyJob, verifyPage } from '../stage/verification.ts';
import { createWeb } from './app.ts';
import type { WebDeps } from './deps.ts';
import { EVERYBODY, type Operators } from './http/operator.ts';
import { type Caller, callerOfClaims } from './session/person.ts';
import { createSignIn, type SignIn } from './session/sign-in.ts';
import { vaultOnUse } from './session/vault-on-use.ts';

/** Locally the caller says who they are; on this machine only, and the log says that nobody checked. */
const USER_HEADER = 'x-holdpoint-user';
const LOCAL_USER = 'local-user';
/** Set by this handler from the verified token, after removing whatever the caller sent under that name. */
const CLAIMS_HEADER = 'x-holdpoint-verified-claims';

type Identify = (request: Request) => Caller | Refusal;

/** A header is bytes: where they are UTF-8, that is what was written. */
const written = (header: string): string => {
  const bytes = Buffer.from(header, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : header;
};

const identifyLocal: Identify = (request) => {
  const id = ActorId.safeParse(written(request.headers.get(USER_HEADER) ?? LOCAL_USER));
  if (!id.success) return new Refusal('INVALID_INPUT', `${USER_HEADER}: ${id.error.issues[0]?.message}`);
  return { actor: { type: 'user', id: id.data, identity: 'local' }, groups: [] };
};

/** Claims that the authorizer in front of this function verified. */
const verifiedClaims = (request: Request): Claims | null => {
  const header = request.headers.get(CLAIMS_HEADER);
  return header === null ? null : Claims.parse(JSON.parse(decodeURIComponent(header)));
};

const identifyVerified =
  (env: Env): Identify =>
  (request) => {
    const claims = verifiedClaims(request);
    return claims
      ? callerOfClaims(claims, admissionOf(env))
      : new Refusal('UNAUTHENTICATED', 'no verified identity; sign in with "holdpoint login" or send HOLDPOINT_TOKEN');
  };

/** Sign-in as configured; null where it is off. Sessions and tokens run out in real time, whatever the world's clock says. */
const signInOf = (env: Env, world: World, identify: Identify, local: boolean): SignIn | null => {
  const config = env.signIn;
  if (!config) return null;
  return createSignIn({
    config,
    issuer: issuerOnUse(config, { region: env.AWS_REGION, now: Date.now }),
    vault: vaultOnUse({ ring: world.keyRing, audience: `${env.HOLDPOINT_ENV} ${config.issuer} ${config.client_id}`, now: Date.now }),
    verified: local ? () => null : verifiedClaims,
    otherwise: identify,
  });
};

/** Who runs the environment, by name or by a group; everybody who is let in where neither is configured. */
const operatorsOf = (env: Env, callerOf: Identify): Operators => {
  const { HOLDPOINT_OPERATORS: people, HOLDPOINT_OPERATOR_GROUPS: groups } = env;
  if (people === undefined && groups === undefined) return EVERYBODY;
  return {
    named: { people: people ?? [], groups: groups ?? [] },
    includes: (request) => {
      const caller = callerOf(request);
      if (caller instanceof Refusal) return false;
      // A session may be older than the configuration.
      return people?.includes(caller.actor.id) === true || caller.groups.some((group) => groups?.includes(group));
    },
  };
};

export type AppOptions = { requestHandler?: RequestHandler; local: boolean } & Pick<WebDeps, 'counted'>;

/** The web application over a world: the same in Lambda and on this machine. */
export const createApp = (env: Env, options: AppOptions): { app: Hono; world: World } => {
  const world = createWorld(env, { ...TELLS, ...PROVES, requestHandler: options.requestHandler });
  const logger = new Logger({ serviceName: 'holdpoint', logLevel: env.HOLDPOINT_LOG_LEVEL });
  const identify = options.local ? identifyLocal : identifyVerified(env);
  const signIn = signInOf(env, world, identify, options.local);
  const callerOf = signIn?.caller ?? identify;
  const app = createWeb({
    env: env.HOLDPOINT_ENV,
    commands: haltable(world, createCommands(world)),
    switches: createSwitchCommands(world),
    index: world.index,
    artifacts: world.artifacts,
    cassettes: world.cassettes,
    snapshots: createSnapshots(world),
    clock: world.clock,
    keyRing: world.keyRing,
    linkOf: world.linkOf,
    budget: env.llm.budget,
    budgetUse: world.budgets.use,
    identify: (request) => {
      const caller = callerOf(request);
      return caller instanceof Refusal ? caller : caller.actor;
    },
    operators: operatorsOf(env, callerOf),
    noteRefusal: (refused) => recordAudit(world, { event_type: 'DECISION_REFUSED', ...refused }),
    signIn,
    linkApproval: env.HOLDPOINT_LINK_APPROVAL === 'on',
    proof: {
      verify: (jobId) => verifyJob(world, jobId),
      logs: (after, limit) => verifyPage(world, after, limit),
      digests: (after, limit) => digestPage(world, after, limit),
      digest: world.proof.digests.text,
      key: world.proof.signer.publicKey,
    },
    flow: async () => (await import('../../statemachines/job.asl.json', { with: { type: 'json' } })).default,
    counted: options.counted,
    history: (kind, runId) => world.executions(kind).counted(runId),
    local: options.local,
    holdEvents: options.local,
    report: (error, request) => logger.error('unexpected', { ...request, error: { name: error.name, message: error.message } }),
  });
  return { app, world };
};

const Verified = z.object({
  requestContext: z.object({ authorizer: z.object({ jwt: z.object({ claims: Claims }) }) }),
});

/** What the JWT authorizer verified of the caller, as a header may carry it; null on routes without one. */
const claimsHeader = (event: unknown): string | null => {
  const claims = Verified.safeParse(event).data?.requestContext.authorizer.jwt.claims;
  return claims ? encodeURIComponent(JSON.stringify(claims)) : null;
};

/** The Lambda handler behind API Gateway: identity comes from the JWT authorizer's claims alone. */
export const create = (env: Env) => {
  const { app, world } = createApp(env, { local: false });
  const serve = handle(app);
  return async (event: LambdaEvent, context: LambdaContext) => {
    const { [CLAIMS_HEADER]: _, ...headers } = event.headers ?? {};
    const claims = claimsHeader(event);
    const answer = await serve(
      Object.assign(event, { headers: claims === null ? headers : { ...headers, [CLAIMS_HEADER]: claims } }),
      context,
    );
    world.meter.flush(context.awsRequestId);
    return answer;
  };
};
