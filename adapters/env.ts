import * as z from 'zod';
import { ApprovalPolicy, DEFAULT_POLICY } from '../contracts/approval-policy.ts';
import type { LlmConfig } from '../contracts/llm-config.ts';
import { DEFAULT_ROLLOUT_RULES, RolloutRules } from '../contracts/rollout.ts';
import type { SignInConfig } from '../contracts/session.ts';
import { readLlmConfig } from './model/live-config.ts';
import { type NotifyConfig, notifySecrets, readNotifyConfig } from './notify/config.ts';
import { SIGN_IN_VARIABLES, signInOf } from './oidc/settings.ts';
import { NO_RUNNER, RunnerConfig } from './runner/config.ts';

const nonEmpty = z.string().min(1);
const arn = z.string().regex(/^arn:[a-z-]+:/, 'must be an ARN');

/** The parser's own message would quote the value. */
const parseJson = (text: string, context: z.RefinementCtx): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'must be JSON' });
    return z.NEVER;
  }
};

/** Variables a function reads, with what is allowed. Unknown variables are the platform's. */
export const Variables = z.object({
  HOLDPOINT_ENV: z.string().regex(/^[a-z][a-z0-9-]{1,20}$/, 'must be 2-21 lower-case letters, digits or "-"'),
  HOLDPOINT_EVENTS_BUCKET: nonEmpty,
  HOLDPOINT_ARTIFACTS_BUCKET: nonEmpty,
  HOLDPOINT_CASSETTES_BUCKET: nonEmpty,
  HOLDPOINT_TELEMETRY_BUCKET: nonEmpty,
  HOLDPOINT_TABLE: nonEmpty,
  HOLDPOINT_JOB_MACHINE_ARN: arn,
  HOLDPOINT_ROLLOUT_MACHINE_ARN: arn,
  /** Key ring as JSON: local only. On AWS it is read from Secrets Manager by the ARN below. */
  HOLDPOINT_CONTEXT_KEYS: z.string().optional(),
  HOLDPOINT_CONTEXT_SECRET_ARN: arn.optional(),
  /** KMS key that signs digests: AWS only. Most functions may only read its public half, or nothing of it. */
  HOLDPOINT_DIGEST_KEY_ARN: arn.optional(),
  /** PEM file with the key that signs digests, or for those who only verify its public half: local only. */
  HOLDPOINT_DIGEST_KEY_FILE: nonEmpty.optional(),
  HOLDPOINT_DIGEST_SECONDS: z
    .string()
    .regex(/^[1-9]\d{0,5}$/, 'must be seconds, from 1')
    .transform(Number)
    .default(3600),
  /** Provider keys as one secret: AWS only. */
  HOLDPOINT_LLM_KEYS_SECRET_ARN: arn.optional(),
  /** Further secret values, as a JSON array: local only. */
  HOLDPOINT_KNOWN_SECRETS: z.string().transform(parseJson).pipe(z.array(z.string())).optional(),
  /** Where Athena answers questions about telemetry: only for the function that asks them. */
  HOLDPOINT_TELEMETRY_WORKGROUP: nonEmpty.optional(),
  HOLDPOINT_TELEMETRY_DATABASE: nonEmpty.optional(),
  /** `emf`: metrics are log lines in CloudWatch's embedded metric format. */
  HOLDPOINT_METRICS: z.enum(['off', 'emf']).default('off'),
  HOLDPOINT_LOG_LEVEL: z.enum(['DEBUG', 'INFO', 'WARN', 'ERROR', 'SILENT']).default('INFO'),
  /** Address of the pages, for links in messages. */
  HOLDPOINT_ORIGIN: z.url().default('http://127.0.0.1:4400'),
  /** Addresses of notifications as one secret: AWS only. */
  HOLDPOINT_NOTIFY_SECRET_ARN: arn.optional(),
  /** Approval rules as JSON (`ApprovalPolicy`); without it two people, signed in. */
  HOLDPOINT_APPROVAL_POLICY: z.string().transform(parseJson).pipe(ApprovalPolicy).default(DEFAULT_POLICY),
  /** Criteria of rollouts as JSON (`RolloutRules`). */
  HOLDPOINT_ROLLOUT_RULES: z.string().transform(parseJson).pipe(RolloutRules).default(DEFAULT_ROLLOUT_RULES),
  /** How long a function may go by flags and kill switch as it read them. At most 15 s, so that a change holds within 30 s. */
  HOLDPOINT_FLAGS_MAX_AGE_MS: z
    .string()
    .regex(/^\d{1,5}$/, 'must be milliseconds, 0 to 15000')
    .transform(Number)
    .pipe(z.number().max(15_000, 'must be milliseconds, 0 to 15000'))
    .default(15_000),
  /** Whether whoever holds an approver's link may read and decide by it alone. */
  HOLDPOINT_LINK_APPROVAL: z.enum(['on', 'off']).default('off'),
  /** What runs checks, as JSON (`RunnerConfig`); without it nothing does. */
  HOLDPOINT_RUNNER: z.string().transform(parseJson).pipe(RunnerConfig).default(NO_RUNNER),
  ...SIGN_IN_VARIABLES,
  SOURCE_DATE_EPOCH: z
    .string()
    .regex(/^\d{1,11}$/, 'must be seconds since 1970, as digits')
    .transform(Number)
    .optional(),
  AWS_REGION: nonEmpty.default('us-east-1'),
  AWS_ENDPOINT_URL: z.url().optional(),
  AWS_ACCESS_KEY_ID: z.string().optional(),
  AWS_SECRET_ACCESS_KEY: z.string().optional(),
  AWS_SESSION_TOKEN: z.string().optional(),
});

export type Env = z.infer<typeof Variables> & {
  /** Chain, network and budget of model calls. */
  llm: LlmConfig;
  /** Addresses of notifications that are no secret, or local. */
  notify: NotifyConfig;
  /** Where people sign in; null when sign-in is off. */
  signIn: SignInConfig | null;
  /** Values that are stored and shown nowhere, whoever says them. On AWS only a function's own keys. */
  knownSecrets: readonly string[];
  /** Provider keys by variable name: secrets, only where the function calls models. */
  providerKeys: Record<string, string>;
};

const providerKeysOf = (llm: LlmConfig, variables: Record<string, string | undefined>): Record<string, string> =>
  Object.fromEntries(
    llm.chain.flatMap(({ api_key_env: name }) => {
      const key = name === null ? undefined : variables[name]?.trim();
      return name && key ? [[name, key]] : [];
    }),
  );

const at = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce((inner: unknown, part) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, part) : undefined), value);

const MAX_SHOWN = 200;

/** Name, value and what is allowed; of a variable that holds a document, the field and its value. */
const complaint = (variables: Record<string, string | undefined>, issue: z.core.$ZodIssue): string => {
  const [name = '', ...within] = issue.path.map(String);
  const value = variables[name];
  if (value === undefined) return `${name} is missing: ${issue.message}`;
  const field = issue.code === 'unrecognized_keys' ? [...within, ...issue.keys.slice(0, 1)] : within;
  const whole = field.length === 0;
  const found = whole ? value : at(JSON.parse(value), field);
  const shown = found === undefined ? 'missing' : JSON.stringify(found);
  const told = /KEY|SECRET|TOKEN/.test(name) ? '(hidden)' : shown.length > MAX_SHOWN ? `${shown.slice(0, MAX_SHOWN - 1)}…` : shown;
  return `${name}${whole ? '' : `, field "${field.join('.')}",`} is ${told}: ${issue.message}`;
};

/**
 * The one place where the environment is read.
 * @throws Error naming every bad variable, its value (never a secret) and what is allowed
 */
export const readEnv = (variables: Record<string, string | undefined>): Env => {
  const parsed = Variables.safeParse(variables);
  if (parsed.success) {
    const llm = readLlmConfig(variables);
    const providerKeys = providerKeysOf(llm, variables);
    const notify = readNotifyConfig(variables);
    const knownSecrets = [...Object.values(providerKeys), ...notifySecrets(notify), ...(parsed.data.HOLDPOINT_KNOWN_SECRETS ?? [])];
    return { ...parsed.data, signIn: signInOf(parsed.data), notify, llm, providerKeys, knownSecrets };
  }
  const lines = parsed.error.issues.map((issue) => complaint(variables, issue));
  throw new Error(`bad configuration:\n  ${lines.join('\n  ')}`);
};
