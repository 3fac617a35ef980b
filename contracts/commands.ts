import type { Actor, JobEvent } from './events.ts';
import type { DecisionView, ProblemCode, ReconcileView } from './http.ts';
import type { JobSpec } from './job-spec.ts';
import type { Approval, JobState } from './job-state.ts';
import type { Choice } from './steps.ts';

/** A command that was understood and refused: nothing was written. `detail` says what, which value, what next. */
export class Refusal extends Error {
  override name = 'Refusal';
  readonly code: ProblemCode;
  /** Extra members of the problem document (for example the new `subject_digest` after STALE_SUBJECT). */
  readonly extra: Record<string, unknown>;
  constructor(code: ProblemCode, detail: string, extra: Record<string, unknown> = {}) {
    super(detail);
    this.code = code;
    this.extra = extra;
  }
}

/** Through what a person spoke. `link` is the approver's own. */
export type Channel = 'page' | 'http' | 'cli' | 'link';

export type LoadedJob = { state: JobState; events: JobEvent[] };

export type OpenedLink = LoadedJob & { approval: Approval; approver: string };

/** `all`: every job that has a log; `open`: every job that is not done. */
export type ReconcileOptions = { restartWaiters: boolean; all: boolean; open?: boolean };

export type ReconcileReport = ReconcileView;

/**
 * What people and CI can do to jobs. Page, HTTP and CLI all end here, so they mean the same (C9).
 * Every method throws `Refusal` for what is not allowed.
 */
export type Commands = {
  /** Opens the job and starts its execution. The same spec again returns the same job with `created: false`. */
  submit(spec: JobSpec, actor: Actor): Promise<{ created: boolean; state: JobState }>;
  /** Folds the job from its log; null when there is none. Brings a lagging projection forward. */
  load(jobId: string): Promise<LoadedJob | null>;
  /**
   * Events after a sequence, without reading the whole log; null where there is no such job. `through`: the last one wanted, which is
   * known to exist; without it the log is read to its end.
   */
  eventsAfter(jobId: string, after: number, through?: number): Promise<JobEvent[] | null>;
  decide(
    jobId: string,
    command: {
      step: string;
      choice: Choice;
      subject_digest: string;
      comment: string | null;
      actor: Actor;
      channel: Channel;
    },
  ): Promise<DecisionView>;
  /** Answers the question an agent asked. The same step and answer again changes nothing. */
  resume(jobId: string, command: { step: string; answer: string; actor: Actor; channel: Channel }): Promise<DecisionView>;
  /** Hands one approver's say on the open step to somebody else. */
  delegate(jobId: string, command: { step: string; to: string; actor: Actor; channel: Channel }): Promise<JobState>;
  /** Revokes links of the open step: one approver's, or all. */
  revokeLinks(jobId: string, command: { step: string; approver: string | null; actor: Actor; channel?: Channel }): Promise<JobState>;
  /** The job, approval and approver a link was issued for. Refuses with NOT_FOUND or LINK_EXPIRED. */
  openLink(capability: string): Promise<OpenedLink>;
  /** Gives a job that ended badly to a new execution, which runs it from its log. */
  redrive(jobId: string, command: { reason: string | null; actor: Actor; channel?: Channel }): Promise<JobState>;
  cancel(jobId: string, command: { reason: string | null; actor: Actor; channel?: Channel }): Promise<JobState>;
  /** Takes a rollout that is not over back to where it may stay: its flags first, then its end. */
  rollBack(jobId: string, command: { reason: string | null; actor: Actor; channel: Channel }): Promise<JobState>;
  /** One reconciler pass: projection, undelivered decisions, missing executions. */
  reconcile(options: ReconcileOptions): Promise<ReconcileReport>;
};
