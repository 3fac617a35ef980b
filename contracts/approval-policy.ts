import * as z from 'zod';
import { ActorId } from './ids.ts';
import { Mode } from './llm.ts';
import { Recipient } from './notification.ts';
import { ApprovalStep } from './steps.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;

/** How a decision may prove who took it. `local` is this machine's header and exists nowhere else. */
export const ProvenBy = z.enum(['oidc', 'link', 'local']);
export type ProvenBy = z.infer<typeof ProvenBy>;

/** What happens when nobody decided in time. None of them is a denial by itself. */
export const ExpiryAction = z.enum(['remind', 'escalate', 'reject']);
export type ExpiryAction = z.infer<typeof ExpiryAction>;

/** Lets a step pass without a person, under a name the log shows. */
export const AutoApproval = z.strictObject({
  policy: ActorId,
  /** Only jobs in these modes. */
  modes: z.array(Mode).min(1),
});

/** Rules of one step in one environment. Times are in seconds. */
export const StepPolicy = z.strictObject({
  /** Who may decide. Empty: anybody who is identified. */
  approvers: z.array(ActorId).max(20),
  /** Different people who must approve. */
  quorum: z.int().min(1).max(10),
  self_approval: z.boolean(),
  proven_by: z.array(ProvenBy).min(1),
  expires_after: z
    .int()
    .min(1)
    .max(180 * DAY),
  /** After the opening. */
  remind_after: z.array(z.int().min(1)).max(10),
  on_expiry: ExpiryAction,
  /** Asked as well once the first approvers let it expire. */
  escalate_to: z.array(ActorId).max(20),
  auto_approve: AutoApproval.nullable(),
});
export type StepPolicy = z.infer<typeof StepPolicy>;

/** Live calls, what runs, money, and what the guard stopped: a person signs them. */
const NEVER_AUTOMATIC: readonly string[] = ['llm_live_confirm', 'runspec', 'agent_output_invalid', 'budget_escalation'];

const reachable = ({ approvers, quorum, escalate_to, on_expiry }: StepPolicy): string | null => {
  if (approvers.length > 0 && quorum > approvers.length) return `quorum is ${quorum} but only ${approvers.length} may approve`;
  if (on_expiry === 'escalate' && escalate_to.length === 0) return 'on_expiry is escalate but escalate_to names nobody';
  return null;
};

type Changes = { [K in keyof StepPolicy]?: StepPolicy[K] | undefined };

const merged = (rules: StepPolicy, changes: Changes = {}): unknown => ({
  ...rules,
  ...Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)),
});

/** Approval rules of an environment: a default, and what differs per step. */
export const ApprovalPolicy = z
  .strictObject({
    default: StepPolicy,
    steps: z.partialRecord(ApprovalStep, StepPolicy.partial()).default({}),
    /** Who is told of what waits, through what. */
    recipients: z.array(Recipient).max(50).default([]),
  })
  .superRefine((policy, context) => {
    for (const step of ['default', ...ApprovalStep.options] as const) {
      const rules = StepPolicy.safeParse(step === 'default' ? policy.default : merged(policy.default, policy.steps[step])).data;
      const path = step === 'default' ? ['default'] : ['steps', step];
      // Fields that are wrong by themselves have been reported.
      const problem = rules ? reachable(rules) : null;
      if (problem) context.addIssue({ code: 'custom', path, message: problem });
      const own = step === 'default' ? policy.default.auto_approve : policy.steps[step]?.auto_approve;
      if (own && (step === 'default' || NEVER_AUTOMATIC.includes(step))) {
        context.addIssue({ code: 'custom', path: [...path, 'auto_approve'], message: `${step} is never approved automatically` });
      }
    }
  });
export type ApprovalPolicy = z.infer<typeof ApprovalPolicy>;

const BASE: StepPolicy = {
  approvers: [],
  quorum: 1,
  self_approval: false,
  proven_by: ['oidc'],
  expires_after: 7 * DAY,
  remind_after: [DAY, 3 * DAY],
  on_expiry: 'remind',
  escalate_to: [],
  auto_approve: null,
};

/** Two people, signed in. What an environment without a policy of its own has. */
export const DEFAULT_POLICY: ApprovalPolicy = { default: BASE, steps: {}, recipients: [] };

/** This machine: anybody, also for their own job, and the log says that nobody checked. */
export const LOCAL_POLICY: ApprovalPolicy = {
  default: { ...BASE, self_approval: true, proven_by: ['local', 'oidc', 'link'] },
  steps: {},
  recipients: [{ approver: null, channel: 'outbox', address: 'default' }],
};

/** The rules of one step. Steps that are no approvals (an agent's question) follow the default. */
export const policyOf = ({ default: rules, steps }: ApprovalPolicy, step: string): StepPolicy => {
  const known = ApprovalStep.safeParse(step);
  return StepPolicy.parse(merged(rules, known.success ? steps[known.data] : {}));
};
