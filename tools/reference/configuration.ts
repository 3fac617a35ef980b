import * as z from 'zod';
import { Variables } from '../../adapters/env.ts';
import { Variables as CliVariables } from '../../cli/env.ts';
import { ENVIRONMENTS } from '../../infra/environments.ts';
import { code, codes, page, table } from './markdown.ts';

const FUNCTIONS: Record<keyof typeof Variables.shape, string> = {
  HOLDPOINT_ENV: 'Name of the environment.',
  HOLDPOINT_EVENTS_BUCKET: 'Bucket of the event log.',
  HOLDPOINT_ARTIFACTS_BUCKET: 'Bucket of artifacts, snapshots and registry.',
  HOLDPOINT_CASSETTES_BUCKET: 'Bucket of recorded answers.',
  HOLDPOINT_TELEMETRY_BUCKET: 'Bucket of telemetry.',
  HOLDPOINT_TABLE: 'Table of the projection and the task tokens.',
  HOLDPOINT_JOB_MACHINE_ARN: 'Alias of the job machine.',
  HOLDPOINT_CONTEXT_KEYS: 'Keys that sign the context, as JSON. Local only.',
  HOLDPOINT_CONTEXT_SECRET_ARN: 'Secret that holds the same keys on AWS.',
  HOLDPOINT_LLM_MODE: 'Most that a job may ask for. The strictest of this and the spec wins.',
  HOLDPOINT_LLM_PROVIDER: 'Chain of providers, comma-separated. The live confirmation asks unless all are `mock` or the mode is `replay`.',
  HOLDPOINT_LOG_LEVEL: 'Lowest level that is logged.',
  HOLDPOINT_SELF_APPROVAL: 'Whether the submitter may approve.',
  SOURCE_DATE_EPOCH: 'Fixes the clock, in seconds since 1970.',
  AWS_REGION: 'Region of the AWS services.',
  AWS_ENDPOINT_URL: 'One address for all AWS services; the local cloud sets it.',
  AWS_ACCESS_KEY_ID: 'Credentials.',
  AWS_SECRET_ACCESS_KEY: 'Credentials.',
  AWS_SESSION_TOKEN: 'Credentials.',
};

const COMMAND_LINE: Record<keyof typeof CliVariables.shape, string> = {
  HOLDPOINT_URL: 'Address of the server, where `--endpoint` is not given. Without either it is the local cloud on `--data`.',
  HOLDPOINT_TOKEN: 'Bearer token sent to the server.',
  NO_COLOR: 'Switches colour off.',
  TERM: '`dumb` switches colour and movement off.',
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

const HEAD = ['variable', 'meaning', 'allowed', 'default'];

/** Variables of the functions and the command line, and the environments the stack knows. */
export const configurationPage = (): string =>
  page(
    'Configuration',
    '`adapters/env.ts`, `cli/env.ts` and `infra/environments.ts`',
    'A bad or missing value stops the process at start. The message has the name, the value (never a secret) and what is allowed.',
    '## Functions',
    'The stack sets these on AWS. The local cloud sets them too, and takes `HOLDPOINT_LLM_MODE`, `HOLDPOINT_LLM_PROVIDER`, `HOLDPOINT_LOG_LEVEL` and `SOURCE_DATE_EPOCH` from its own environment.',
    table(HEAD, rows(Variables, FUNCTIONS)),
    '## Command line',
    table(HEAD, rows(CliVariables, COMMAND_LINE)),
    '## Environments',
    table(
      ['environment', 'region', 'model mode', 'providers', 'logs', 'object lock of events', 'own KMS keys', 'deletion protection'],
      ENVIRONMENTS.map(({ name, region, llm, retention, objectLock, customerKeys, deletionProtection }) => [
        code(name),
        region,
        llm.mode,
        llm.providers.join(', '),
        `${retention.logDays} days`,
        objectLock.mode === 'none' ? 'none' : `${objectLock.mode}, ${objectLock.days} days`,
        customerKeys ? 'yes' : 'no',
        deletionProtection ? 'yes' : 'no',
      ]),
    ),
  );
