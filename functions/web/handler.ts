import { Logger } from '@aws-lambda-powertools/logger';
import type { Hono } from 'hono';
import type { RequestHandler } from '../../adapters/aws/clients.ts';
import type { Env } from '../../adapters/env.ts';
import { TELLS } from '../../adapters/notify/parts.ts';
import { PROVES } from '../../adapters/sign/parts.ts';
import { createWorld, type World } from '../../adapters/world.ts';
import { Refusal } from '../../contracts/commands.ts';
import { recordAudit } from '../stage/audit.ts';
import { createCommands } from '../stage/commands.ts';
import { createSnapshots } from '../stage/snapshots.ts';
import { createSwitchCommands, haltable } from '../stage/switches.ts';
import { digestPage, verifyJob, verifyPage } from '../stage/verification.ts';
import { createWeb } from './app.ts';
import type { WebDeps } from './deps.ts';
import { EVERYBODY, type Operators } from './http/operator.ts';
import { identityOf } from './session/identify.ts';
import { served } from './session/served.ts';
import type { Identify } from './session/verified.ts';

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

const FLOWS = {
  job: () => import('../../statemachines/job.asl.json', { with: { type: 'json' } }),
  rollout: () => import('../../statemachines/rollout.asl.json', { with: { type: 'json' } }),
} as const;

export type AppOptions = { requestHandler?: RequestHandler; local: boolean } & Pick<WebDeps, 'counted' | 'arrivals'>;

/** The web application over a world: the same in Lambda and on this machine. */
export const createApp = (env: Env, options: AppOptions): { app: Hono; world: World } => {
  const logger = new Logger({ serviceName: 'holdpoint', logLevel: env.HOLDPOINT_LOG_LEVEL });
  const report = (error: Error, request: object = {}) =>
    logger.error('unexpected', { ...request, error: { name: error.name, message: error.message } });
  const world = createWorld(env, { ...TELLS, ...PROVES, requestHandler: options.requestHandler, report: (error) => report(error) });
  const { signIn, callerOf } = identityOf(env, world, options.local);
  const app = createWeb({
    env: env.HOLDPOINT_ENV,
    commands: haltable(world, createCommands(world)),
    switches: createSwitchCommands(world),
    index: world.index,
    telemetry: world.telemetry,
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
    flow: async (machine) => (await FLOWS[machine]()).default,
    openCanaries: async (state, events) => (await import('../stage/open-canaries.ts')).openCanaries(world, state, events),
    counted: options.counted,
    history: (kind, runId) => world.executions(kind).counted(runId),
    local: options.local,
    arrivals: options.arrivals,
    report,
  });
  return { app, world };
};

/** The Lambda handler behind API Gateway: identity comes from the JWT authorizer's claims alone. */
export const create = (env: Env) => {
  const { app, world } = createApp(env, { local: false });
  return served(app, world);
};
