import type { Environment } from '../environments.ts';
import type { FunctionName } from '../functions.ts';
import { bucketName, databaseName, tableName, workgroupName } from '../names.ts';
import { budgetVariables, chainVariables } from './llm.ts';
import { runnerVariables } from './runner.ts';

/** What only the stacks know, as ARNs and addresses. */
export type Known = {
  machineAlias: string;
  rolloutAlias: string;
  contextSecret: string;
  digestKey: string;
  approvalsTopic: string;
  /** Where people find the pages. */
  origin: string;
};

type Settings = Pick<
  Environment,
  'name' | 'bucketSuffix' | 'allowLinkApproval' | 'oidc' | 'operators' | 'llm' | 'approvals' | 'notifications' | 'rollout' | 'runner'
>;
type Group = (settings: Settings, known: Known) => Record<string, string>;

const base: Group = (settings, known) => ({
  HOLDPOINT_ENV: settings.name,
  HOLDPOINT_EVENTS_BUCKET: bucketName(settings, 'events'),
  HOLDPOINT_ARTIFACTS_BUCKET: bucketName(settings, 'artifacts'),
  HOLDPOINT_CASSETTES_BUCKET: bucketName(settings, 'cassettes'),
  HOLDPOINT_TELEMETRY_BUCKET: bucketName(settings, 'telemetry'),
  HOLDPOINT_TABLE: tableName(settings),
  HOLDPOINT_JOB_MACHINE_ARN: known.machineAlias,
  HOLDPOINT_ROLLOUT_MACHINE_ARN: known.rolloutAlias,
  HOLDPOINT_CONTEXT_SECRET_ARN: known.contextSecret,
  HOLDPOINT_METRICS: 'emf',
});

const mode: Group = ({ llm }) => ({ HOLDPOINT_LLM_MODE: llm.mode });
const budget: Group = ({ llm }) => budgetVariables(llm);
const chain: Group = ({ llm }) => chainVariables(llm.providers);
const keys: Group = ({ llm }) => (llm.keysSecretArn ? { HOLDPOINT_LLM_KEYS_SECRET_ARN: llm.keysSecretArn } : {});
/** Knows the chain, to show it, and may never call it. */
const noCalls: Group = () => ({ HOLDPOINT_LLM_DISABLE_NETWORK: '1' });
const approvals: Group = ({ approvals: policy }) => ({ HOLDPOINT_APPROVAL_POLICY: JSON.stringify(policy) });
const tells: Group = (settings, known) => ({
  HOLDPOINT_ORIGIN: known.origin,
  ...(tellsByTopic(settings) ? { HOLDPOINT_NOTIFY_TOPIC_ARN: known.approvalsTopic } : {}),
  ...(settings.notifications.secretArn ? { HOLDPOINT_NOTIFY_SECRET_ARN: settings.notifications.secretArn } : {}),
});
const digests: Group = (_, known) => ({ HOLDPOINT_DIGEST_KEY_ARN: known.digestKey });
const links: Group = ({ allowLinkApproval }) => ({ HOLDPOINT_LINK_APPROVAL: allowLinkApproval ? 'on' : 'off' });
const operators: Group = ({ operators: named }) => ({
  ...(named && named.people.length > 0 ? { HOLDPOINT_OPERATORS: named.people.join(',') } : {}),
  ...(named && named.groups.length > 0 ? { HOLDPOINT_OPERATOR_GROUPS: named.groups.join(',') } : {}),
});
const signIn: Group = ({ oidc }) =>
  oidc
    ? {
        HOLDPOINT_SIGN_IN: oidc.signIn,
        HOLDPOINT_OIDC_ISSUER: oidc.issuer,
        HOLDPOINT_OIDC_CLIENT_ID: oidc.clientId,
        HOLDPOINT_OIDC_CLI_CLIENT_ID: oidc.cliClientId,
        HOLDPOINT_OIDC_AUDIENCE: oidc.audience.join(','),
        HOLDPOINT_OIDC_IDENTITY: oidc.identity,
        ...(oidc.clientSecretArn ? { HOLDPOINT_OIDC_CLIENT_SECRET_ARN: oidc.clientSecretArn } : {}),
        ...(oidc.groups ? { HOLDPOINT_OIDC_GROUPS: oidc.groups.join(',') } : {}),
      }
    : {};

const rollout: Group = ({ rollout: rules }) => ({ HOLDPOINT_ROLLOUT_RULES: JSON.stringify(rules) });

/** Whom the authorizer's claims let in. */
const admission: Group = ({ oidc }) =>
  oidc ? { HOLDPOINT_OIDC_IDENTITY: oidc.identity, ...(oidc.groups ? { HOLDPOINT_OIDC_GROUPS: oidc.groups.join(',') } : {}) } : {};

const tables: Group = (settings) => ({
  HOLDPOINT_TELEMETRY_WORKGROUP: workgroupName(settings),
  HOLDPOINT_TELEMETRY_DATABASE: databaseName(settings),
});

const agent: readonly Group[] = [mode, chain, budget, keys];

/** Besides `base`; a function that is not here needs no more. */
const GROUPS: { readonly [F in FunctionName]?: readonly Group[] } = {
  intake: [mode],
  intent: agent,
  report: agent,
  stop: agent,
  checkpoint: [mode, chain, budget, noCalls, approvals, tells],
  reconcile: [approvals, tells],
  digest: [digests],
  telemetry: [admission, tables],
  web: [mode, budget, digests, links, operators, signIn],
  runner: [runnerVariables],
  smoke: [mode, chain, keys, digests],
  enter: [rollout],
  canary: [mode, rollout],
  evaluate: [rollout],
};

/** Functions that send notifications. */
export const TELLERS: readonly FunctionName[] = ['checkpoint', 'reconcile'];

/** True where somebody is told through the topic of approvals. */
export const tellsByTopic = ({ approvals: { recipients } }: Pick<Environment, 'approvals'>): boolean =>
  recipients.some(({ channel, address }) => channel === 'email' && address === 'default');

/** Exactly the variables that a function of an environment needs. */
export const variablesOf = (name: FunctionName, settings: Settings, known: Known): Record<string, string> =>
  Object.assign({}, ...[base, ...(GROUPS[name] ?? [])].map((group) => group(settings, known)));

/** Lambda refuses more, names and values together: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html */
export const MAX_VARIABLE_BYTES = 4096;

/** Stands for what only a deployment knows: no ARN or address of these is longer. */
const LONGEST = 'x'.repeat(180);
const UNKNOWN: Known = {
  ...{ machineAlias: LONGEST, rolloutAlias: LONGEST, contextSecret: LONGEST, digestKey: LONGEST, approvalsTopic: LONGEST, origin: LONGEST },
};
/** What the functions of the stack get besides these. */
const RESERVED = 'NODE_OPTIONS'.length + '--enable-source-maps'.length;

/** At most this many bytes of variables reach a function, whatever its ARNs are. */
export const variableBytes = (name: FunctionName, settings: Settings): number =>
  Object.entries(variablesOf(name, settings, UNKNOWN)).reduce((sum, entry) => sum + Buffer.byteLength(entry.join('')), RESERVED);
