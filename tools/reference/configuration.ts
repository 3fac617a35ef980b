import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { Variables } from '../../adapters/env.ts';
import { DEFAULT_BUDGET } from '../../adapters/model/live-config.ts';
import { Variables as CliVariables } from '../../cli/env.ts';
import { NANO_USD } from '../../contracts/budget.ts';
import { MODES } from '../../contracts/llm.ts';
import { PROVIDER_KINDS } from '../../contracts/llm-config.ts';
import { ENVIRONMENTS } from '../../infra/environments.ts';
import { code, codes, page, table } from './markdown.ts';

const FUNCTIONS: Record<keyof typeof Variables.shape, string> = {
  HOLDPOINT_ENV: 'Name of the environment.',
  HOLDPOINT_EVENTS_BUCKET: 'Bucket of the event log.',
  HOLDPOINT_ARTIFACTS_BUCKET: 'Bucket of artifacts, snapshots and registry.',
  HOLDPOINT_CASSETTES_BUCKET: 'Bucket of recorded answers.',
  HOLDPOINT_TELEMETRY_BUCKET: 'Bucket of telemetry.',
  HOLDPOINT_TELEMETRY_WORKGROUP: 'Workgroup of Athena that answers questions about telemetry. Only for the function that asks.',
  HOLDPOINT_TELEMETRY_DATABASE: 'Database of Glue that holds the telemetry tables. Only for the function that asks.',
  HOLDPOINT_TABLE: 'Table of the projection and the task tokens.',
  HOLDPOINT_JOB_MACHINE_ARN: 'Alias of the job machine.',
  HOLDPOINT_ROLLOUT_RULES: 'Criteria of rollouts as JSON: canaries, limits and pauses per stage.',
  HOLDPOINT_ROLLOUT_MACHINE_ARN: 'Alias of the rollout machine.',
  HOLDPOINT_CONTEXT_KEYS: 'Keys that sign the context, as JSON. Local only.',
  HOLDPOINT_CONTEXT_SECRET_ARN: 'Secret that holds the same keys on AWS.',
  HOLDPOINT_DIGEST_KEY_ARN: 'KMS key that signs digests.',
  HOLDPOINT_DIGEST_KEY_FILE: 'PEM file with that key, or its public half for functions that only verify. Local only.',
  HOLDPOINT_DIGEST_SECONDS: 'How often a digest is written, in seconds.',
  HOLDPOINT_LLM_KEYS_SECRET_ARN: 'Secret that holds the keys of model providers.',
  HOLDPOINT_KNOWN_SECRETS: 'Secret values that are stored and shown nowhere, as a JSON array. Local only.',
  HOLDPOINT_METRICS: "Where metrics go: nowhere, or to the log in CloudWatch's embedded metric format.",
  HOLDPOINT_LOG_LEVEL: 'Lowest level that is logged.',
  HOLDPOINT_ORIGIN: 'Address of the pages, for links in messages.',
  HOLDPOINT_NOTIFY_SECRET_ARN: 'Secret that holds the addresses of notifications.',
  HOLDPOINT_APPROVAL_POLICY: 'Who approves what, as JSON. Without it: anybody but the submitter, signed in.',
  HOLDPOINT_FLAGS_MAX_AGE_MS: 'How long a function goes by flags and kill switch as it read them. The local cloud sets 1000.',
  HOLDPOINT_LINK_APPROVAL:
    "Whether an approver's link alone shows the evidence and decides. `off`: only after signing in. The local cloud sets `on`.",
  HOLDPOINT_RUNNER: 'What runs checks, as JSON: child processes, a CodeBuild project, or nothing. Only the function `runner` reads it.',
  HOLDPOINT_SIGN_IN: 'Whether people have to sign in. `optional` knows who does, and lets others in as before.',
  HOLDPOINT_OIDC_ISSUER: 'Address of the OpenID provider: https, or http on loopback.',
  HOLDPOINT_OIDC_CLIENT_ID: 'Client id of the pages at that provider.',
  HOLDPOINT_OIDC_CLI_CLIENT_ID: 'Client id of the command line, a public client. Default: the one of the pages.',
  HOLDPOINT_OIDC_CLIENT_SECRET: 'Secret of the client of the pages; none for a public client.',
  HOLDPOINT_OIDC_CLIENT_SECRET_ARN: 'Secret that holds the same, as it is, on AWS.',
  HOLDPOINT_OIDC_AUDIENCE: 'Further audiences whose tokens the API takes, comma-separated.',
  HOLDPOINT_OIDC_GROUPS: 'Groups that may come in, comma-separated. Default: everybody the provider vouches for.',
  HOLDPOINT_OPERATORS:
    'Who runs the environment, comma-separated: cancels and redrives jobs, takes links back, changes flags, uses the kill switch.',
  HOLDPOINT_OPERATOR_GROUPS: 'Groups whose members do. Default of both: everybody who is let in.',
  HOLDPOINT_OIDC_IDENTITY: 'Claim that names a person in the log. `email` counts only where the provider verified it.',
  SOURCE_DATE_EPOCH: 'Fixes the clock, in seconds since 1970.',
  AWS_REGION: 'Region of the AWS services.',
  AWS_ENDPOINT_URL: 'One address for all AWS services; the local cloud sets it.',
  AWS_ACCESS_KEY_ID: 'Credentials.',
  AWS_SECRET_ACCESS_KEY: 'Credentials.',
  AWS_SESSION_TOKEN: 'Credentials.',
};

const COMMAND_LINE: Record<keyof typeof CliVariables.shape, string> = {
  HOLDPOINT_URL: 'Address of the server, where `--endpoint` is not given. Without either it is the local cloud on `--data`.',
  HOLDPOINT_TOKEN: 'Bearer token sent to the server. Without it, the one that `holdpoint login` keeps for that server.',
  XDG_CONFIG_HOME: 'Folder of your settings; sign-ins are kept in `holdpoint/tokens.json` there. Default: `.config` in HOME.',
  HOME: 'Your folder, where XDG_CONFIG_HOME is not set.',
  NO_COLOR: 'Switches colour off.',
  TERM: '`dumb` switches colour and movement off.',
};

/** Meaning, what is allowed, default. */
const MODELS: Record<string, [string, string, string]> = {
  HOLDPOINT_LLM_MODE: ['Most that a job may ask for: the strictest of this and the spec wins.', codes(MODES), code('replay')],
  HOLDPOINT_LLM_PROVIDER: ['Ordered chain of providers, comma-separated.', codes(PROVIDER_KINDS), code('mock')],
  HOLDPOINT_LLM_MODEL: ['Model id.', 'text', 'required'],
  HOLDPOINT_LLM_BASE_URL: ['Address of the provider.', 'an https address, http on loopback', "the vendor's own"],
  HOLDPOINT_LLM_API_KEY_ENV: ['Name of the variable that holds the key.', 'a name', 'by vendor, such as `ANTHROPIC_API_KEY`'],
  HOLDPOINT_LLM_PRICE: ['USD per million tokens, in place of the price table.', code('input,output'), ''],
  HOLDPOINT_LLM_TIMEOUT_SECONDS: ['How long one call may take.', '1 to 280', code('60')],
  HOLDPOINT_LLM_RETRIES: ['Retries of one provider.', '0 to 5', code('2')],
  HOLDPOINT_LLM_DISABLE_NETWORK: [
    'Refuses every call to a provider, or every one that leaves the machine.',
    codes(['0', '1', 'loopback']),
    code('0'),
  ],
  HOLDPOINT_BUDGET_CALLS: ['Model calls per job.', 'a whole number', code(String(DEFAULT_BUDGET.calls))],
  HOLDPOINT_BUDGET_TOKENS: ['Tokens per job.', 'a whole number', code(String(DEFAULT_BUDGET.tokens))],
  HOLDPOINT_BUDGET_USD: ['USD per job.', 'an amount', code(String(DEFAULT_BUDGET.nano_usd / NANO_USD))],
};

/** The rows above, or an error where the code reads a variable that has none: these are no schema to ask. */
const modelRows = (): string[][] => {
  const source = readFileSync(new URL('../../adapters/model/live-config.ts', import.meta.url), 'utf8');
  for (const [, name = ''] of source.matchAll(/'(HOLDPOINT_(?:LLM|BUDGET)_[A-Z_]*[A-Z])(?:_\d+)?'/g)) {
    if (!Object.hasOwn(MODELS, name) && !Object.hasOwn(FUNCTIONS, name))
      throw new Error(`say what ${name} means in tools/reference/configuration.ts`);
  }
  return Object.entries(MODELS).map(([name, cells]) => [code(name), ...cells]);
};

const Described = z.object({
  properties: z.record(
    z.string(),
    z.object({
      enum: z.array(z.string()).optional(),
      pattern: z.string().optional(),
      format: z.string().optional(),
      default: z.string().optional(),
    }),
  ),
  required: z.array(z.string()).default([]),
});

const rows = (schema: z.ZodType, meaning: Record<string, string>): string[][] => {
  const { properties, required } = Described.parse(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));
  return Object.entries(properties).map(([name, property]) => {
    const { pattern, format } = property;
    const allowed = property.enum ? codes(property.enum) : format === 'uri' ? 'an address' : pattern ? code(pattern) : 'text';
    const fallback = property.default === undefined ? (required.includes(name) ? 'required' : '') : code(property.default);
    return [code(name), meaning[name] ?? '', allowed, fallback];
  });
};

const environments = (): string =>
  table(
    [
      'environment',
      'region',
      'model mode',
      'providers',
      'logs',
      'object lock of events',
      'own KMS keys',
      'deletion protection',
      'USD per month',
      'API deployment',
    ],
    ENVIRONMENTS.map(({ name, region, llm, retention, objectLock, customerKeys, deletionProtection, monthlyUsd, deployment }) => [
      code(name),
      region,
      llm.mode,
      llm.providers.map((provider) => (provider.kind === 'mock' ? 'mock' : `${provider.kind} ${provider.model}`)).join(', '),
      `${retention.logDays} days`,
      objectLock.mode === 'none' ? 'none' : `${objectLock.mode}, ${objectLock.days} days`,
      customerKeys ? 'yes' : 'no',
      deletionProtection ? 'yes' : 'no',
      String(monthlyUsd),
      deployment,
    ]),
  );

const HEAD = ['variable', 'meaning', 'allowed', 'default'];

/** Variables of the functions and the command line, and the environments the stack knows. */
export const configurationPage = (): string =>
  page(
    'Configuration',
    '`adapters/`, `cli/env.ts` and `infra/environments.ts`',
    'A bad or missing value stops the process at start. The message has the name, the value (never a secret) and what is allowed.',
    '## Functions',
    'The stack sets these on AWS, the local cloud sets them here.',
    table(HEAD, rows(Variables, FUNCTIONS)),
    '## Models',
    'What describes a provider is needed in the modes `live` and `record` only. Where the chain has several providers, `_<N>` behind a name says which one is meant: `HOLDPOINT_LLM_MODEL_2`. The local cloud hands these on from its own environment.',
    table(HEAD, modelRows()),
    '## Command line',
    table(HEAD, rows(CliVariables, COMMAND_LINE)),
    '## Environments',
    environments(),
  );
