import * as z from 'zod';
import { ApprovalPolicy, DEFAULT_POLICY } from '../contracts/approval-policy.ts';
import { DEFAULT_ROLLOUT_RULES, RolloutRules } from '../contracts/rollout.ts';
import { checkEnvironment } from './environment/check.ts';
import { Llm, PRODUCTION_PROVIDERS } from './environment/llm.ts';
import { Oidc, Operators } from './environment/oidc.ts';
import { Alarms, Ci, Deployment, Domain, Notifications } from './environment/operations.ts';
import { Runner } from './environment/runner.ts';

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

/** One environment as it is written down; what has a default may be left out. */
export const EnvironmentFields = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]{1,20}$/, 'must be 2-21 lower-case letters, digits or "-"')
    .refine((name) => name !== 'local', 'belongs to the local cloud; choose another name'),
  /** What the rules of production hold for, whatever its name is. */
  tier: z.enum(['dev', 'staging', 'prod']),
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
  /** Whether whoever holds an approval link may read its evidence and decide, without signing in. */
  allowLinkApproval: z.boolean(),
  /** Who signs people in, on the pages and for the JSON API. Absent: only IAM principals of the account may call it. */
  oidc: Oidc.optional(),
  /** Who runs the environment. Absent: everybody who is let in, which production refuses. */
  operators: Operators.optional(),
  /** Absent: people reach the API at the address API Gateway gives it. */
  domain: Domain.optional(),
  llm: Llm,
  /** Who decides what. */
  approvals: ApprovalPolicy.prefault(DEFAULT_POLICY),
  notifications: Notifications.prefault({}),
  /** Criteria of rollouts: canaries, limits and pauses, per stage. */
  rollout: RolloutRules.prefault(DEFAULT_ROLLOUT_RULES),
  alarms: Alarms.prefault({}),
  /** What the environment may cost in a month, LLM excluded: half, all and a forecast of more are told to the alarms' topic. */
  monthlyUsd: z.number().min(1),
  deployment: Deployment,
  ci: Ci.prefault({}),
  /** Absent: no build project, and checks of this environment are left to people. */
  runner: Runner.optional(),
});

export const Environment = EnvironmentFields.superRefine(checkEnvironment);
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

/** Whoever subscribes to the topic of approvals is told what waits, and where to look. */
const TOLD_BY_TOPIC: z.input<typeof ApprovalPolicy> = {
  ...DEFAULT_POLICY,
  recipients: [{ approver: null, channel: 'email', address: 'default' }],
};

/** A new environment is one more entry. */
export const ENVIRONMENTS: readonly Environment[] = parseEnvironments([
  {
    name: 'dev',
    tier: 'dev',
    region: 'us-east-1',
    retention: { logDays: 14, noncurrentDays: 14 },
    objectLock: { mode: 'none' },
    customerKeys: false,
    deletionProtection: false,
    allowLinkApproval: true,
    llm: { mode: 'replay', providers: [{ kind: 'mock' }] },
    monthlyUsd: 20,
    deployment: 'all-at-once',
  },
  {
    name: 'staging',
    tier: 'staging',
    region: 'us-east-1',
    retention: { logDays: 30, noncurrentDays: 30 },
    objectLock: { mode: 'governance', days: 30 },
    customerKeys: true,
    deletionProtection: false,
    allowLinkApproval: true,
    llm: { mode: 'replay', providers: [{ kind: 'mock' }] },
    approvals: TOLD_BY_TOPIC,
    monthlyUsd: 50,
    deployment: 'linear-10-percent-every-minute',
  },
  {
    name: 'prod',
    tier: 'prod',
    region: 'us-east-1',
    retention: { logDays: 365, noncurrentDays: 365 },
    objectLock: { mode: 'governance', days: 365 },
    customerKeys: true,
    deletionProtection: true,
    allowLinkApproval: false,
    operators: { groups: ['holdpoint-operators'] },
    // The chain is in place; whoever wants live calls says so by `mode`, and gives the secret with the keys.
    llm: { mode: 'replay', providers: PRODUCTION_PROVIDERS },
    approvals: TOLD_BY_TOPIC,
    monthlyUsd: 200,
    deployment: 'canary-10-percent-5-minutes',
  },
]);
