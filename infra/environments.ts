import * as z from 'zod';
import { Mode } from '../contracts/llm.ts';
import { IDENTITY_CLAIMS, SIGN_IN_MODES } from '../contracts/session.ts';

/** Retentions that CloudWatch Logs accepts, in days. */
const LOG_DAYS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653] as const;

const ObjectLock = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('none') }),
  z.strictObject({
    /** `compliance` cannot be undone by anyone, not even by the account's root, until the days are over. */
    mode: z.enum(['governance', 'compliance']),
    days: z.int().min(1).max(36_500),
  }),
]);

const clientId = z.string().regex(/^[\x21-\x7e]{1,200}$/, 'must be 1-200 printable ASCII characters without spaces');
const name = z.string().regex(/^[^\s,]{1,200}$/, 'must be a name without spaces and commas');

const Oidc = z
  .strictObject({
    issuer: z.url({ protocol: /^https$/, error: 'must be an https URL' }),
    /** Audiences whose tokens the JSON API takes, besides those of the clients below. */
    audience: z.array(name).min(1),
    /** Client of the pages; the first audience where it is absent. It comes back to `/auth/callback`. */
    clientId: clientId.optional(),
    /** Client of `holdpoint login`, without a secret; that of the pages where it is absent. It comes back to `http://127.0.0.1:<port>/callback`. */
    cliClientId: clientId.optional(),
    /** Secret that holds the secret of the pages' client, as it is; absent for a public client. */
    clientSecretArn: z
      .string()
      .regex(
        /^arn:[a-z-]+:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+-\w{6}$/,
        'must be the whole ARN of a secret, with its last six characters',
      )
      .optional(),
    /** Who may come in: members of one of these. Absent: everybody the issuer vouches for. */
    groups: z.array(name).min(1).optional(),
    /** Claim that names a person in the log. */
    identity: z.enum(IDENTITY_CLAIMS).default('email'),
    signIn: z.enum(SIGN_IN_MODES).default('required'),
  })
  .transform(({ clientId: id, ...oidc }) => {
    const [first = ''] = oidc.audience;
    return { ...oidc, clientId: id ?? first, cliClientId: oidc.cliClientId ?? id ?? first };
  });

export const Environment = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]{1,20}$/, 'must be 2-21 lower-case letters, digits or "-"')
    .refine((name) => name !== 'local', 'belongs to the local cloud; choose another name'),
  /** Absent: the account of whoever deploys. */
  account: z
    .string()
    .regex(/^\d{12}$/, 'must be the 12 digits of an AWS account')
    .optional(),
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must be an AWS region such as us-east-1'),
  /** Appended to bucket names, which are global. */
  bucketSuffix: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9-]{0,17}[a-z0-9])?$/, 'must be 1-19 lower-case letters, digits or inner "-"')
    .optional(),
  retention: z.strictObject({
    logDays: z.literal(LOG_DAYS),
    /** How long replaced versions of artifacts, cassettes and telemetry are kept, in days. Events are kept for good. */
    noncurrentDays: z.int().min(1),
  }),
  /** Of the events bucket. */
  objectLock: ObjectLock,
  /** Encrypt with a key of the account's own instead of keys AWS owns. */
  customerKeys: z.boolean(),
  deletionProtection: z.boolean(),
  /** Whether whoever holds an approval link may decide, without signing in. */
  allowLinkApproval: z.boolean(),
  /** Who signs people in, on the pages and for the JSON API. Absent: only IAM principals of the account may call it. */
  oidc: Oidc.optional(),
  llm: z.strictObject({
    mode: Mode,
    /** Ordered fallback chain. */
    providers: z.array(z.enum(['mock', 'anthropic', 'openai-compatible', 'bedrock'])).min(1),
  }),
});
export type Environment = z.infer<typeof Environment>;

const at = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce((inner: unknown, part) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, part) : undefined), value);

const complaint = (raw: unknown, position: number, issue: z.core.$ZodIssue): string => {
  const name = at(raw, ['name']);
  const who = typeof name === 'string' ? `environment ${JSON.stringify(name)}` : `environment number ${position + 1}`;
  const path = issue.code === 'unrecognized_keys' ? [...issue.path, ...issue.keys.slice(0, 1)] : issue.path;
  const value = at(raw, path);
  return `${who}, field "${path.join('.')}" is ${value === undefined ? 'missing' : JSON.stringify(value)}: ${issue.message}`;
};

/**
 * @param entries one object per environment
 * @throws Error naming environment, field, value and what is allowed, for every bad value
 */
export const parseEnvironments = (entries: readonly unknown[]): Environment[] => {
  const complaints: string[] = [];
  const environments = entries.flatMap((raw, position) => {
    const parsed = Environment.safeParse(raw);
    if (parsed.success) return [parsed.data];
    complaints.push(...parsed.error.issues.map((issue) => complaint(raw, position, issue)));
    return [];
  });
  const names = environments.map(({ name }) => name);
  for (const name of new Set(names.filter((name, i) => names.indexOf(name) !== i))) {
    complaints.push(`environment ${JSON.stringify(name)}, field "name" is used twice: every environment needs its own name`);
  }
  if (complaints.length > 0) throw new Error(`infra/environments.ts:\n  ${complaints.join('\n  ')}`);
  return environments;
};

/** A new environment is one more entry. */
export const ENVIRONMENTS: readonly Environment[] = parseEnvironments([
  {
    name: 'dev',
    region: 'us-east-1',
    retention: { logDays: 14, noncurrentDays: 14 },
    objectLock: { mode: 'none' },
    customerKeys: false,
    deletionProtection: false,
    allowLinkApproval: true,
    llm: { mode: 'replay', providers: ['mock'] },
  },
  {
    name: 'staging',
    region: 'us-east-1',
    retention: { logDays: 30, noncurrentDays: 30 },
    objectLock: { mode: 'governance', days: 30 },
    customerKeys: true,
    deletionProtection: false,
    allowLinkApproval: true,
    llm: { mode: 'replay', providers: ['mock'] },
  },
  {
    name: 'prod',
    region: 'us-east-1',
    retention: { logDays: 365, noncurrentDays: 365 },
    objectLock: { mode: 'governance', days: 365 },
    customerKeys: true,
    deletionProtection: true,
    allowLinkApproval: false,
    llm: { mode: 'replay', providers: ['mock'] },
  },
]);
