import * as z from 'zod';
import type { StepPolicy } from './approval-policy.ts';
import type { Amount } from './budget.ts';
import type { Actor } from './events.ts';
import type { Mode } from './llm.ts';
import type { ShadowCount } from './shadow.ts';
import type { Measured } from './telemetry.ts';

export const JobStatus = z.enum(['RUNNING', 'WAITING_APPROVAL', 'WAITING_HUMAN', 'DONE']);
export type JobStatus = z.infer<typeof JobStatus>;

export const Outcome = z.enum([
  'succeeded',
  'gates_failed',
  'rejected',
  'stopped_llm_error',
  'stopped_budget',
  'cancelled',
  'timed_out',
  'rolled_back',
  'error',
]);
export type Outcome = z.infer<typeof Outcome>;

/** Outcomes a person may send on: what failed, not what somebody decided. */
export const REDRIVABLE: readonly Outcome[] = ['error', 'stopped_llm_error', 'stopped_budget', 'timed_out'];

/** An artifact as the log and the context name it: full key in the artifact bucket, and its digest. */
export const ArtifactRef = z.strictObject({ key: z.string().max(400), sha256: z.string().regex(/^[0-9a-f]{64}$/), bytes: z.int().min(0) });
export type ArtifactRef = z.infer<typeof ArtifactRef>;

/** A link that was issued to one approver. Only its hash is anywhere but in the message that carried it. */
export type IssuedLink = {
  approver: string;
  /** sha256 of the capability, hex. */
  hash: string;
  /** Key of the ring it was derived with, and how often it was issued before. */
  key_id: string;
  issue: number;
  expires_at: string;
  revoked: boolean;
};

/** A vote: who, and for which approver where it was delegated. */
export type Vote = { by: string; for: string; at: string };

/** One opening of an approval: (step, visit, subject), and what came of it. */
export type Approval = {
  step: string;
  /** The state that waits, and which entry into it. */
  state: string;
  visit: number;
  subject_digest: string;
  subject: { name: string; key: string; sha256: string }[];
  opened_at: string;
  expires_at: string;
  /** Answers this opening takes: `revise` is not always among them. */
  choices: string[];
  /** The rules it was opened under: later changes of the policy do not touch it. */
  policy: StepPolicy;
  votes: Vote[];
  /** Who decides in whose place. */
  delegations: { from: string; to: string }[];
  links: IssuedLink[];
  reminders: number;
  expiries: number;
  /** What an agent or the watchdog asks; absent where a signature is asked for. */
  question?: string;
  /** What approving grants: the limits of a raised budget. */
  grant: Amount | null;
  decision: null | {
    event_type: 'APPROVED' | 'REJECTED' | 'REVISION_REQUESTED' | 'RESUMED';
    by: Actor;
    at: string;
    seq: number;
    /** Hash of the decision event: what comes after it is chained to it. */
    hash: string;
    comment: string | null;
  };
};

/** What is known of a job whatever its status. Folded from its events, never stored as truth. */
export type JobFacts = {
  job_id: string;
  title: string;
  kind: 'idea' | 'blueprint' | 'rollout';
  run: number;
  /** sha256 of the whole canonical spec: the id is only its first 48 bits. */
  spec_digest: string;
  submitted_by: Actor;
  /** The execution that owns the job. */
  owner_run: string;
  mode: Mode;
  telemetry: Measured;
  /** How often it was done: a job that is redriven ends again. */
  endings: number;
  degraded: boolean;
  created_at: string;
  updated_at: string;
  last_seq: number;
  last_hash: string;
  approvals: Approval[];
  /** Model calls so far, as the agents' events list them. */
  calls: unknown[];
  /** How often another execution took the job over. */
  redrives: number;
  /** How often the reconciler did that since a person last moved the job on. */
  automatic_redrives: number;
  /** Waits that a person decided so that the job goes on, and how many of those something of the job was seen after. */
  resumes: number;
  resumed_ok: number;
  /** Set by CANCELLED until DONE follows. */
  cancelled: boolean;
  /** How often a model would have decided as the gates did; absent where none was asked. */
  shadow?: ShadowCount;
};

/** `job_state_v1`: the states a job can be in. */
export type JobState = JobFacts &
  (
    | { status: 'RUNNING' }
    | { status: 'WAITING_APPROVAL'; step: string; approval: Approval }
    | { status: 'WAITING_HUMAN'; step: string; question: string; approval: Approval }
    | { status: 'DONE'; outcome: Outcome; reason: string | null }
  );
