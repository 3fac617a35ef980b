import * as z from 'zod';
import { certificateArn, oidcProviderArn, secretArn } from './arns.ts';

const hostName = z
  .string()
  .regex(/^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/, 'must be a host name such as holdpoint.example.com');

/** A name of one's own in front of the API. The DNS record is its owner's business. */
export const Domain = z.strictObject({ name: hostName, certificateArn });

/** Where notifications go besides the environment's own topic, whose subscribers need no secret. */
export const Notifications = z.strictObject({
  /** Addresses by variable name: docs/guide/notifications.md. */
  secretArn: secretArn.optional(),
});

/** When alarms go off. Counts are per five minutes unless their name says otherwise. */
export const Alarms = z.strictObject({
  /** Jobs that ended badly count too: a gate that fails is a FAILED execution. */
  executionsFailedPerHour: z.int().min(1).default(5),
  /** A cancelled job is an ABORTED execution. */
  executionsAbortedPerHour: z.int().min(1).default(10),
  /** Of one function. Errors that a stage means, such as refusing a spec, count too. */
  functionErrors: z.int().min(1).default(5),
  /** Part of its timeout that a function's slowest percent may take. */
  durationShare: z.number().min(0.1).max(1).default(0.8),
  approvalAgeHours: z.number().min(0.1).max(4320).default(72),
  appendConflicts: z.int().min(1).default(50),
  projectionLagSeconds: z.int().min(60).default(900),
  llmUsdPerHour: z.number().min(0.01).default(20),
  degradedAnswersPerHour: z.int().min(1).default(5),
});

const githubName = z.string().regex(/^(?!\.{1,2}$)[A-Za-z0-9_.-]{1,100}$/, 'must be a name as GitHub allows it');
const githubId = z.int({ error: 'must be the numeric id that GitHub gave it' }).min(1);

/** The repository whose workflows may start jobs of this environment, from its GitHub environment of the same name. */
export const Github = z.strictObject({
  organization: githubName,
  /** Names can be given up and taken by others; ids cannot. `gh api repos/ORG/NAME` shows both. */
  organizationId: githubId,
  repository: githubName,
  repositoryId: githubId,
  /** Where the account has GitHub as identity provider already. Absent: the stack names it by its fixed ARN. */
  providerArn: oidcProviderArn.optional(),
  /** Whether workflows may deploy as well. */
  deploys: z.boolean().default(false),
});
export type Github = z.infer<typeof Github>;

export const Ci = z.strictObject({
  /** Whether what CI deploys must have passed its checks. Production never skips them. */
  checks: z.enum(['required', 'skipped']).default('required'),
  github: Github.optional(),
});

/** How traffic moves to a new version of the API's function. Stages never shift: executions keep the version they began with. */
export const DEPLOYMENTS = ['all-at-once', 'canary-10-percent-5-minutes', 'linear-10-percent-every-minute'] as const;
export const Deployment = z.enum(DEPLOYMENTS);
