import type { SFNClient } from '@aws-sdk/client-sfn';
import type { Budgets } from '../contracts/budget.ts';
import type { DigestIndex, DigestSigner, Digests, StoredLogs } from '../contracts/digest.ts';
import type { JobFacts } from '../contracts/job-state.ts';
import type { LinkOf } from '../contracts/notification.ts';
import type {
  Artifacts,
  AuditLog,
  Cassettes,
  Clock,
  EventLog,
  Executions,
  FlagStore,
  JobIndex,
  KeyRing,
  LinkIndex,
  ModelPort,
  ReadKeyRing,
  SwitchReader,
  TaskTokens,
  Telemetry,
  Waits,
} from '../contracts/ports.ts';
import type { RunnerPort } from '../contracts/runner.ts';
import type { Probes } from '../contracts/smoke.ts';
import { capabilityOf } from '../functions/lib/capability.ts';
import type { requireConfirmed } from '../functions/lib/live-plan.ts';
import { createArtifacts } from './aws/artifacts.ts';
import { createAuditLog } from './aws/audit-log.ts';
import { createBudgets } from './aws/budgets.ts';
import { createCassettes } from './aws/cassettes.ts';
import { type Clients, createClients, type RequestHandler } from './aws/clients.ts';
import { createEventLog } from './aws/event-log.ts';
import { createExecutions, createWaits } from './aws/executions.ts';
import { createFlagStore } from './aws/flags.ts';
import { createJobIndex } from './aws/job-index.ts';
import { createKeyRing } from './aws/key-ring.ts';
import { createLinkIndex } from './aws/link-index.ts';
import { createTaskTokens } from './aws/task-tokens.ts';
import { createTelemetry } from './aws/telemetry.ts';
import type { Env } from './env.ts';
import { createMeter, type Meter } from './metrics.ts';
import type { Outbox } from './notify/outbox.ts';
import { createSwitchReader } from './switches.ts';

/** Everything a function may touch outside itself. */
export type World = {
  env: Env;
  /** What is written down. */
  clock: Clock;
  /** What is waited by: moves on also where `SOURCE_DATE_EPOCH` fixes the clock. */
  timer: Clock;
  log: EventLog;
  index: JobIndex;
  tokens: TaskTokens;
  links: LinkIndex;
  /** Executions of the machine that runs jobs of this kind. */
  executions: (kind: JobFacts['kind']) => Executions;
  waits: Waits;
  artifacts: Artifacts;
  cassettes: Cassettes;
  telemetry: Telemetry;
  budgets: Budgets;
  model: ModelPort;
  /** A live call needs an approval of exactly the plan that holds now. */
  requireConfirmed: typeof requireConfirmed;
  keyRing: ReadKeyRing;
  outbox: Outbox;
  /** A link by its name. */
  linkOf: LinkOf;
  /** Counts what operators are told of. */
  meter: Meter;
  /** Hears of failures that must not stop anything. */
  report: (error: Error) => void;
  /** What belongs to no job. */
  audit: AuditLog;
  flags: FlagStore;
  /** Flags and kill switch, for code that asks before it acts. */
  switches: SwitchReader;
  /** Runs commands. */
  runner: RunnerPort;
  /** Looks at what functions depend on. */
  probes: Probes;
  /** What proves that the logs are as they were written. */
  proof: { digests: Digests; index: DigestIndex; logs: StoredLogs; signer: DigestSigner };
};

/** `SOURCE_DATE_EPOCH` fixes time (https://reproducible-builds.org/specs/source-date-epoch/). */
const createClock = ({ SOURCE_DATE_EPOCH: epoch }: Env): Clock => (epoch === undefined ? () => new Date() : () => new Date(epoch * 1000));

/** Derives a link from its name and the key ring; a link whose key has left the ring leads nowhere. */
const createLinkOf =
  (env: Env, keyRing: () => Promise<KeyRing>): LinkOf =>
  async (ref) =>
    new URL(`/a/${capabilityOf(await keyRing(), ref, ref) ?? ''}`, env.HOLDPOINT_ORIGIN).href;

/** A rollout is a job of the other machine. */
const createMachines = (sfn: SFNClient, env: Env): World['executions'] => {
  const job = createExecutions(sfn, env.HOLDPOINT_JOB_MACHINE_ARN);
  const rollout = createExecutions(sfn, env.HOLDPOINT_ROLLOUT_MACHINE_ARN);
  return (kind) => (kind === 'rollout' ? rollout : job);
};

/** What the parts are made from. */
export type Given = Pick<World, 'env' | 'clock' | 'timer' | 'artifacts' | 'cassettes' | 'budgets' | 'linkOf' | 'switches'> & {
  requestHandler: RequestHandler | undefined;
  clients: Clients;
};

/** What only some functions do. Another function's bundle carries nothing of it, and its world refuses. */
export type Parts = {
  asks?: { model: (given: Given) => ModelPort; requireConfirmed: World['requireConfirmed'] };
  tells?: (given: Given) => Outbox;
  proves?: (given: Given) => World['proof'];
  checks?: (given: Given) => RunnerPort;
  probes?: (given: Given) => Probes;
};

const without = (part: string, given: string) => (): never => {
  throw new Error(`this function was made without what ${part}; give its handler ${given}`);
};
const noModel = without('asks models', 'ASKS of adapters/model/parts.ts');
const noProof = without('signs and verifies logs', 'PROVES of adapters/sign/parts.ts');
const noOutbox = without('tells people', 'TELLS of adapters/notify/parts.ts');
const noRunner = without('runs checks', 'CHECKS of adapters/runner/parts.ts');
const noProbes = without('looks at stores and providers', 'PROBES of adapters/smoke/parts.ts');

const MUTE: Outbox = { record: async () => noOutbox(), notify: async () => noOutbox(), flush: async () => noOutbox() };

export type WorldOptions = Parts & { requestHandler?: RequestHandler | undefined; report?: World['report'] };

/** The only place where ports meet their implementations. */
export const createWorld = (env: Env, options: WorldOptions = {}): World => {
  const { requestHandler, report = () => undefined, asks, tells, proves, checks, probes } = options;
  const clients = createClients(env, requestHandler);
  const { s3, dynamo, sfn } = clients;
  const audit = createAuditLog(s3, env.HOLDPOINT_EVENTS_BUCKET);
  const keyRing = createKeyRing(env, requestHandler);
  const flags = createFlagStore(dynamo, env.HOLDPOINT_TABLE);
  const given: Given = {
    ...{ env, requestHandler, clients, clock: createClock(env), timer: () => new Date() },
    artifacts: createArtifacts(s3, env.HOLDPOINT_ARTIFACTS_BUCKET),
    cassettes: createCassettes(s3, env.HOLDPOINT_CASSETTES_BUCKET),
    budgets: createBudgets(dynamo, env.HOLDPOINT_TABLE),
    linkOf: createLinkOf(env, keyRing),
    switches: createSwitchReader({ store: flags, audit, maxAgeMs: env.HOLDPOINT_FLAGS_MAX_AGE_MS, now: Date.now }),
  };
  const { requestHandler: _, clients: __, ...stores } = given;
  const proof = proves?.(given);
  return {
    ...stores,
    log: createEventLog(s3, env.HOLDPOINT_EVENTS_BUCKET),
    index: createJobIndex(dynamo, env.HOLDPOINT_TABLE),
    tokens: createTaskTokens(dynamo, env.HOLDPOINT_TABLE),
    links: createLinkIndex(dynamo, env.HOLDPOINT_TABLE),
    executions: createMachines(sfn, env),
    waits: createWaits(sfn),
    telemetry: createTelemetry(s3, env.HOLDPOINT_TELEMETRY_BUCKET),
    model: asks?.model(given) ?? { ask: async () => noModel() },
    requireConfirmed: asks?.requireConfirmed ?? noModel,
    outbox: tells?.(given) ?? MUTE,
    runner: checks?.(given) ?? { repository: '', run: async () => noRunner() },
    probes: probes?.(given) ?? { buckets: async () => noProbes(), table: async () => noProbes(), providers: async () => noProbes() },
    ...{ keyRing, report, audit, flags, meter: createMeter(env) },
    // A getter: what judges logs is asked for by the few functions that do.
    get proof() {
      return proof ?? noProof();
    },
  };
};
