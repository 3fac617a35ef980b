import type { Budgets } from '../contracts/budget.ts';
import type { DigestIndex, DigestSigner, Digests, StoredLogs } from '../contracts/digest.ts';
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
} from '../contracts/ports.ts';
import type { RunnerPort } from '../contracts/runner.ts';
import { capabilityOf } from '../functions/lib/capability.ts';
import { createArtifacts } from './aws/artifacts.ts';
import { createAuditLog } from './aws/audit-log.ts';
import { createBudgets } from './aws/budgets.ts';
import { createCassettes } from './aws/cassettes.ts';
import { clientConfig, createClients, type RequestHandler } from './aws/clients.ts';
import { createDigestIndex } from './aws/digest-index.ts';
import { createDigests } from './aws/digests.ts';
import { createEventLog } from './aws/event-log.ts';
import { createExecutions } from './aws/executions.ts';
import { createFlagStore } from './aws/flags.ts';
import { createJobIndex } from './aws/job-index.ts';
import { createKeyRing } from './aws/key-ring.ts';
import { createLinkIndex } from './aws/link-index.ts';
import { secretKeys } from './aws/provider-keys.ts';
import { createStoredLogs } from './aws/stored-logs.ts';
import { createTaskTokens } from './aws/task-tokens.ts';
import { createTelemetry } from './aws/telemetry.ts';
import type { Env } from './env.ts';
import { createMeter, type Meter } from './metrics.ts';
import { createModel } from './model/call-model.ts';
import { environmentKeys } from './model/keys.ts';
import { createReplayModel } from './model/replay.ts';
import type { NotifyConfig } from './notify/config.ts';
import { heldWhileHalted } from './notify/held-outbox.ts';
import { createNotifier } from './notify/notifier.ts';
import { createOutbox, type Outbox } from './notify/outbox.ts';
import { secretNotifyConfig } from './notify/secret-config.ts';
import { createBuilds } from './runner/builds.ts';
import { createRunner } from './runner/runner.ts';
import { createDigestSigner } from './sign/signer.ts';
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
  executions: Executions;
  artifacts: Artifacts;
  cassettes: Cassettes;
  telemetry: Telemetry;
  budgets: Budgets;
  model: ModelPort;
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
  /** What proves that the logs are as they were written. */
  proof: { digests: Digests; index: DigestIndex; logs: StoredLogs; signer: DigestSigner };
};

/** `SOURCE_DATE_EPOCH` fixes time (https://reproducible-builds.org/specs/source-date-epoch/). */
const createClock = ({ SOURCE_DATE_EPOCH: epoch }: Env): Clock => (epoch === undefined ? () => new Date() : () => new Date(epoch * 1000));

const providerKeys = (env: Env) =>
  env.HOLDPOINT_LLM_KEYS_SECRET_ARN
    ? secretKeys({ arn: env.HOLDPOINT_LLM_KEYS_SECRET_ARN, region: env.AWS_REGION, now: () => performance.now() })
    : environmentKeys(env.providerKeys);

/** The function's own credentials sign calls to Bedrock. */
const awsCredentials = ({
  AWS_ACCESS_KEY_ID: accessKeyId,
  AWS_SECRET_ACCESS_KEY: secretAccessKey,
  AWS_SESSION_TOKEN: sessionToken,
}: Env) =>
  accessKeyId && secretAccessKey
    ? { credentials: async () => ({ accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) }) }
    : {};

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

/** Derives a link from its name and the key ring; a link whose key has left the ring leads nowhere. */
const createLinkOf =
  (env: Env, keyRing: () => Promise<KeyRing>): LinkOf =>
  async (ref) =>
    new URL(`/a/${capabilityOf(await keyRing(), ref, ref) ?? ''}`, env.HOLDPOINT_ORIGIN).href;

/** The only place where ports meet their implementations. */
export const createWorld = (env: Env, requestHandler?: RequestHandler, report: World['report'] = () => undefined): World => {
  const { s3, unchecked, dynamo, sfn } = createClients(env, requestHandler);
  const cassettes = createCassettes(s3, env.HOLDPOINT_CASSETTES_BUCKET);
  const artifacts = createArtifacts(s3, env.HOLDPOINT_ARTIFACTS_BUCKET);
  const budgets = createBudgets(dynamo, env.HOLDPOINT_TABLE);
  const clock = createClock(env);
  const audit = createAuditLog(s3, env.HOLDPOINT_EVENTS_BUCKET);
  const keyRing = createKeyRing(env);
  const linkOf = createLinkOf(env, keyRing);
  const timer = () => new Date();
  const notifier = createNotifier({ config: notifyConfig(env), sns: clientConfig(env, requestHandler), clock: timer });
  const flags = createFlagStore(dynamo, env.HOLDPOINT_TABLE);
  const switches = createSwitchReader({ store: flags, audit, maxAgeMs: env.HOLDPOINT_FLAGS_MAX_AGE_MS, now: Date.now });
  return {
    env,
    clock,
    timer,
    log: createEventLog(s3, env.HOLDPOINT_EVENTS_BUCKET),
    index: createJobIndex(dynamo, env.HOLDPOINT_TABLE),
    tokens: createTaskTokens(dynamo, env.HOLDPOINT_TABLE),
    links: createLinkIndex(dynamo, env.HOLDPOINT_TABLE),
    executions: createExecutions(sfn, env.HOLDPOINT_JOB_MACHINE_ARN),
    ...{ artifacts, cassettes, budgets },
    telemetry: createTelemetry(s3, env.HOLDPOINT_TELEMETRY_BUCKET),
    model: createModel({
      config: env.llm,
      replay: (secrets) => createReplayModel({ cassettes, secrets }),
      ...{ cassettes, artifacts, budgets, clock },
      keys: providerKeys(env),
      secrets: env.knownSecrets,
      ...awsCredentials(env),
      limits: async (scope) => scope.limits ?? env.llm.budget,
    }),
    ...{ keyRing, linkOf, report, meter: createMeter(env) },
    outbox: heldWhileHalted(createOutbox({ artifacts, notifier, linkOf, clock: timer }), switches),
    proof: {
      digests: createDigests(s3, unchecked, env.HOLDPOINT_EVENTS_BUCKET),
      index: createDigestIndex(dynamo, env.HOLDPOINT_TABLE),
      logs: createStoredLogs(unchecked, env.HOLDPOINT_EVENTS_BUCKET),
      signer: createDigestSigner(env),
    },
    ...{ audit, flags, switches },
    runner: createRunner({
      config: env.HOLDPOINT_RUNNER,
      ...{ artifacts, secrets: env.knownSecrets, clock: timer, builds: createBuilds(env) },
    }),
  };
};
