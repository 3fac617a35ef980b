import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LOCAL_POLICY } from '../../contracts/approval-policy.ts';
import { DEFAULT_ROLLOUT_RULES, type RolloutRules } from '../../contracts/rollout.ts';
import { holdsSecret } from '../../contracts/runner.ts';
import {
  bucketName,
  contextSecretName,
  databaseName,
  digestKeyAlias,
  failedQueueName,
  LIVE,
  MACHINES,
  type MachineId,
  machineName,
  tableName,
  topicName,
  workgroupName,
} from '../names.ts';

const LOCAL = { name: 'local' };

export const REGION = 'us-east-1';
export const ACCOUNT = '000000000000';
export const WORKGROUP = workgroupName(LOCAL);
export const TABLE_NAME = tableName(LOCAL);
export const BUCKET_SETTINGS = {
  [bucketName(LOCAL, 'events')]: { versioning: true },
  [bucketName(LOCAL, 'artifacts')]: { versioning: true },
  [bucketName(LOCAL, 'cassettes')]: { versioning: true },
  [bucketName(LOCAL, 'telemetry')]: { versioning: false },
};
const localMachine = (machine: MachineId) => machineName(LOCAL, machine);
export const LOCAL_MACHINES = MACHINES.map((id) => ({ id, name: localMachine(id) }));
const machineArn = (machine: MachineId): string => `arn:aws:states:${REGION}:${ACCOUNT}:stateMachine:${localMachine(machine)}`;
export const JOB_MACHINE_ARN = machineArn('job');
export const ROLLOUT_MACHINE_ARN = machineArn('rollout');

/** Where the stack tells approvers by e-mail. */
export const APPROVALS_TOPIC_ARN = `arn:aws:sns:${REGION}:${ACCOUNT}:${topicName(LOCAL, 'approvals')}`;
export const ALERTS_TOPIC_ARN = `arn:aws:sns:${REGION}:${ACCOUNT}:holdpoint-local-alerts`;

/** Where the passes go that failed. */
export const FAILED_QUEUES = { reconcile: failedQueueName(LOCAL, 'reconcile'), digest: failedQueueName(LOCAL, 'digest') };

/** Secrets Manager ends every ARN with six characters of its own. */
export const secretArn = (name: string): string => `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:${name}-000000`;
export const keyArn = (id: string): string => `arn:aws:kms:${REGION}:${ACCOUNT}:key/${id}`;

/** The secret of the keys that sign contexts. */
export const CONTEXT_SECRET_ARN = secretArn(contextSecretName(LOCAL));
/** The key that signs digests where `HOLDPOINT_DIGEST_KEY_ARN` asks for KMS. */
export const DIGEST_KEY_ARN = keyArn(digestKeyAlias(LOCAL).replace(/^alias\//, ''));

/** The criteria of every environment; here somebody watches, and looks more often. */
const LOCAL_ROLLOUT_RULES: RolloutRules = { ...DEFAULT_ROLLOUT_RULES, canary_seconds: 300, look_every_seconds: 2 };

/** How often digests are written, in seconds: hourly on AWS. */
export const DIGEST_EVERY_S = 10;

/** The key ring of this data folder, made on first use. */
export const contextKeys = (dataDir: string): string => {
  const file = join(dataDir, 'context-keys.json');
  if (!existsSync(file)) {
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(file, JSON.stringify({ current: 'k1', k1: randomBytes(32).toString('hex') }), { mode: 0o600 });
  }
  return readFileSync(file, 'utf8');
};

/**
 * The key pair of this data folder that signs digests, made on first use: the private half for the function that signs, the
 * public half for those that verify, and for people.
 */
const digestKeys = (dataDir: string): { privateFile: string; publicFile: string } => {
  const privateFile = join(dataDir, 'digest-key.pem');
  const publicFile = join(dataDir, 'digest-key.pub.pem');
  if (!existsSync(privateFile)) {
    mkdirSync(dataDir, { recursive: true });
    const { privateKey } = generateKeyPairSync('ed25519');
    writeFileSync(privateFile, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  }
  if (!existsSync(publicFile)) {
    writeFileSync(publicFile, createPublicKey(readFileSync(privateFile)).export({ type: 'spki', format: 'pem' }));
  }
  return { privateFile, publicFile };
};

/** The private key of this data folder's KMS, as PEM, made on first use. */
export const kmsKey = (dataDir: string): string => {
  const file = join(dataDir, 'kms-digest-key.pem');
  if (!existsSync(file)) {
    mkdirSync(dataDir, { recursive: true });
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  }
  return readFileSync(file, 'utf8');
};

/** What people may set for the local cloud, handed to every function as it is. */
const PASSED_ON =
  /^(HOLDPOINT_LLM_\w+|HOLDPOINT_BUDGET_\w+|HOLDPOINT_NOTIFY_\w+|SLACK_WEBHOOK_URL|TELEGRAM_\w+|VITEST|SOURCE_DATE_EPOCH|HOLDPOINT_METRICS)$/;

/** Functions that call models: only they are given provider keys. The others know where keys would be, as on AWS. */
const MODEL_CALLERS = ['intent', 'report', 'stop', 'smoke'];
const KEYS_ELSEWHERE = `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:holdpoint-local-provider-keys`;

/** Who comes in, and what they may do, is the pages' and the API's business alone. */
const ACCESS = /^HOLDPOINT_(SIGN_IN|OIDC_\w+|LINK_APPROVAL|OPERATORS|OPERATOR_GROUPS)$/;

/** The tree this build runs from: what its own checks check. */
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Checks run as child processes of this machine, on this tree. A contract says which of these variables its command sees. */
const runner = (dataDir: string, web: string, process: Variables): string =>
  JSON.stringify({
    ...{ kind: 'child', repository: 'holdpoint', scope: dataDir, checkouts: { holdpoint: ROOT } },
    variables: { ...pick(process, (name) => !holdsSecret(name) && !keyNames(process).includes(name)), HOLDPOINT_URL: web },
  });

/** Access keys that begin so are a function's; all others are people's. */
export const FUNCTION_KEY = 'LOCAL-';

type Variables = Record<string, string | undefined>;

const pick = (variables: Variables, wanted: (name: string) => boolean): Variables =>
  Object.fromEntries(Object.entries(variables).filter(([name]) => wanted(name)));

/** Names of the variables that hold provider keys. */
const keyNames = (variables: Variables): string[] => [
  ...['ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'GLM_API_KEY'],
  ...Object.entries(variables).flatMap(([name, value]) => (name.startsWith('HOLDPOINT_LLM_API_KEY_ENV') && value ? [value] : [])),
];

/** Secret values of this machine's environment: kept out of everything that is stored or shown. */
const knownSecrets = (process: Variables): string[] =>
  [...keyNames(process), 'HOLDPOINT_OIDC_CLIENT_SECRET', 'TELEGRAM_BOT_TOKEN', 'SLACK_WEBHOOK_URL'].flatMap((name) => process[name] ?? []);

/** Variables of a local function: what the stack would set, and an access key that names the function. */
export const functionVariables =
  (dataDir: string, endpoints: { aws: string; web: string }, process: Variables) =>
  (name: string): Record<string, string | undefined> => ({
    ...pick(process, (variable) => PASSED_ON.test(variable)),
    ...(MODEL_CALLERS.includes(name)
      ? pick(process, (variable) => keyNames(process).includes(variable))
      : { HOLDPOINT_LLM_KEYS_SECRET_ARN: KEYS_ELSEWHERE }),
    ...(name === 'web' ? { HOLDPOINT_LINK_APPROVAL: 'on', ...pick(process, (variable) => ACCESS.test(variable)) } : {}),
    ...(name === 'telemetry' ? { HOLDPOINT_TELEMETRY_WORKGROUP: WORKGROUP, HOLDPOINT_TELEMETRY_DATABASE: databaseName(LOCAL) } : {}),
    ...(name === 'runner' ? { HOLDPOINT_RUNNER: process['HOLDPOINT_RUNNER'] ?? runner(dataDir, endpoints.web, process) } : {}),
    HOLDPOINT_KNOWN_SECRETS: JSON.stringify(knownSecrets(process)),
    HOLDPOINT_ENV: LOCAL.name,
    HOLDPOINT_EVENTS_BUCKET: bucketName(LOCAL, 'events'),
    HOLDPOINT_ARTIFACTS_BUCKET: bucketName(LOCAL, 'artifacts'),
    HOLDPOINT_CASSETTES_BUCKET: bucketName(LOCAL, 'cassettes'),
    HOLDPOINT_TELEMETRY_BUCKET: bucketName(LOCAL, 'telemetry'),
    HOLDPOINT_TABLE: TABLE_NAME,
    HOLDPOINT_JOB_MACHINE_ARN: `${JOB_MACHINE_ARN}:${LIVE}`,
    HOLDPOINT_ROLLOUT_MACHINE_ARN: `${ROLLOUT_MACHINE_ARN}:${LIVE}`,
    HOLDPOINT_CONTEXT_SECRET_ARN: CONTEXT_SECRET_ARN,
    ...(process['HOLDPOINT_DIGEST_KEY_ARN'] === undefined
      ? { HOLDPOINT_DIGEST_KEY_FILE: digestKeys(dataDir)[name === 'digest' ? 'privateFile' : 'publicFile'] }
      : { HOLDPOINT_DIGEST_KEY_ARN: process['HOLDPOINT_DIGEST_KEY_ARN'] }),
    HOLDPOINT_DIGEST_SECONDS: String(DIGEST_EVERY_S),
    HOLDPOINT_APPROVAL_POLICY: process['HOLDPOINT_APPROVAL_POLICY'] ?? JSON.stringify(LOCAL_POLICY),
    HOLDPOINT_ROLLOUT_RULES: process['HOLDPOINT_ROLLOUT_RULES'] ?? JSON.stringify(LOCAL_ROLLOUT_RULES),
    HOLDPOINT_FLAGS_MAX_AGE_MS: process['HOLDPOINT_FLAGS_MAX_AGE_MS'] ?? '1000',
    HOLDPOINT_LOG_LEVEL: process['HOLDPOINT_LOG_LEVEL'] ?? 'SILENT',
    AWS_REGION: REGION,
    AWS_ENDPOINT_URL: endpoints.aws,
    HOLDPOINT_ORIGIN: endpoints.web,
    AWS_ACCESS_KEY_ID: `${FUNCTION_KEY}${name}`,
    AWS_SECRET_ACCESS_KEY: 'local',
  });
