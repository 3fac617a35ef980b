import * as z from 'zod';
import { Amount } from '../../contracts/budget.ts';
import { UnreadableDocument } from '../../contracts/errors.ts';
import type { JobEvent } from '../../contracts/events.ts';
import { type Approval, type JobFacts, type JobState, Outcome } from '../../contracts/job-state.ts';
import { Mode } from '../../contracts/llm.ts';
import type { JobRecord } from '../../contracts/ports.ts';

// What the fold reads out of `outputs`. Unknown members are for people and later readers.
const Opened = z.object({
  title: z.string(),
  kind: z.enum(['idea', 'blueprint', 'rollout']),
  run: z.int(),
  spec_digest: z.string(),
  mode: Mode,
});
const Waiting = z.object({
  state: z.string(),
  visit: z.int(),
  subject_digest: z.string(),
  subject: z.array(z.object({ name: z.string(), key: z.string(), sha256: z.string() })),
  expires_at: z.string(),
  choices: z.array(z.string()),
  quorum: z.int(),
  grant: Amount.nullish(),
});
const Decided = z.object({ state: z.string(), visit: z.int(), subject_digest: z.string() });
const Done = z.object({ status: Outcome, reason: z.string().nullish() });
const Redriven = z.object({ owner_run: z.string() });

const outputs = <T>(schema: z.ZodType<T>, event: JobEvent): T => {
  const parsed = schema.safeParse(event.outputs);
  if (parsed.success) return parsed.data;
  throw new UnreadableDocument(
    `event ${event.seq} (${event.event_type}) of job ${event.job_id} has unexpected outputs: ${parsed.error.issues[0]?.message}; this build may be older than the log`,
  );
};

const facts = (state: JobState): JobFacts => {
  const { status: _, ...rest } = state;
  return rest;
};

/** Puts `approval` in place of the opening it came from. */
const replaceApproval = (approvals: Approval[], approval: Approval): Approval[] => [
  ...approvals.filter((a) => !(a.state === approval.state && a.visit === approval.visit)),
  approval,
];

export const findApproval = (state: JobState, at: { state: string; visit: number }): Approval | undefined =>
  state.approvals.find((a) => a.state === at.state && a.visit === at.visit);

const opened = (event: JobEvent): JobState => {
  const { title, kind, run, spec_digest, mode } = outputs(Opened, event);
  return {
    status: 'RUNNING',
    ...{ job_id: event.job_id, title, kind, run, spec_digest, mode },
    submitted_by: event.actor,
    owner_run: event.run_id,
    degraded: false,
    created_at: event.at,
    updated_at: event.at,
    last_seq: event.seq,
    last_hash: event.hash,
    approvals: [],
    calls: [],
    redrives: 0,
    cancelled: false,
  };
};

const waiting = (base: JobFacts, event: JobEvent): JobState => {
  const { grant = null, ...opening } = outputs(Waiting, event);
  const approval: Approval = { ...opening, grant, step: event.step ?? '', opened_at: event.at, votes: [], decision: null };
  const held = { ...base, step: approval.step, approval, approvals: replaceApproval(base.approvals, approval) };
  return event.event_type === 'WAITING_HUMAN'
    ? { ...held, status: 'WAITING_HUMAN', question: event.message ?? '' }
    : { ...held, status: 'WAITING_APPROVAL' };
};

const decided = (
  state: JobState,
  base: JobFacts,
  event: JobEvent,
  event_type: 'APPROVED' | 'REJECTED' | 'REVISION_REQUESTED' | 'RESUMED',
): JobState => {
  const { state: held, visit, subject_digest } = outputs(Decided, event);
  const before = findApproval(state, { state: held, visit });
  const passedByItself = { opened_at: event.at, expires_at: event.at, subject: [], choices: [], quorum: 1, votes: [], grant: null };
  const approval: Approval = {
    ...(before ?? { ...passedByItself, step: event.step ?? '', state: held, visit, subject_digest }),
    decision: { event_type, by: event.actor, at: event.at, seq: event.seq, hash: event.hash, comment: event.message },
  };
  return { ...base, status: 'RUNNING', approvals: replaceApproval(base.approvals, approval) };
};

const voted = (state: JobState, base: JobFacts, event: JobEvent): JobState => {
  const { state: held, visit } = outputs(Decided, event);
  const before = findApproval(state, { state: held, visit });
  if (!before || state.status !== 'WAITING_APPROVAL') return { ...state, ...base };
  const approval = { ...before, votes: [...before.votes, { by: event.actor.id, at: event.at }] };
  return { ...base, status: 'WAITING_APPROVAL', step: state.step, approval, approvals: replaceApproval(base.approvals, approval) };
};

/** One step of the fold: the state after `event`. Pure; `null` is the state before the first event. */
export const evolve = (state: JobState | null, event: JobEvent): JobState => {
  if (event.event_type === 'IDEA_SUBMITTED' || event.event_type === 'BLUEPRINT_SUBMITTED' || event.event_type === 'ROLLOUT_SUBMITTED') {
    return state ?? opened(event);
  }
  if (!state) throw new UnreadableDocument(`log of job ${event.job_id} starts with ${event.event_type}, not with a submission`);
  const calls = Array.isArray(event.outputs['calls']) ? [...state.calls, ...event.outputs['calls']] : state.calls;
  const degraded = state.degraded || event.outputs['degraded'] === true;
  const base: JobFacts = { ...facts(state), calls, degraded, updated_at: event.at, last_seq: event.seq, last_hash: event.hash };
  switch (event.event_type) {
    case 'WAITING_APPROVAL':
    case 'WAITING_HUMAN':
      return waiting(base, event);
    case 'APPROVAL_VOTED':
      return voted(state, base, event);
    case 'APPROVED':
    case 'REJECTED':
    case 'REVISION_REQUESTED':
    case 'RESUMED':
      return decided(state, base, event, event.event_type);
    case 'REDRIVEN': {
      const owned = { ...base, owner_run: outputs(Redriven, event).owner_run, redrives: state.redrives + 1 };
      return state.status === 'DONE' ? { ...owned, status: 'RUNNING' } : { ...state, ...owned };
    }
    case 'CANCELLED':
      return { ...base, status: 'RUNNING', cancelled: true };
    case 'DONE': {
      const { status, reason } = outputs(Done, event);
      return { ...base, status: 'DONE', outcome: status, reason: reason ?? null };
    }
    default:
      return { ...state, ...base };
  }
};

/** The state of a job after all its events; null when there are none. */
export const fold = (events: readonly JobEvent[]): JobState | null => events.reduce<JobState | null>(evolve, null);

/** The projection's row for a state. */
export const toRecord = (state: JobState): JobRecord => {
  const approval = state.status === 'WAITING_APPROVAL' ? state.approval : null;
  return {
    job_id: state.job_id,
    title: state.title,
    kind: state.kind,
    status: state.status,
    step: state.status === 'WAITING_APPROVAL' || state.status === 'WAITING_HUMAN' ? state.step : null,
    outcome: state.status === 'DONE' ? state.outcome : null,
    mode: state.mode,
    degraded: state.degraded,
    subject_digest: approval?.subject_digest ?? null,
    visit: approval?.visit ?? null,
    opened_at: approval?.opened_at ?? null,
    expires_at: approval?.expires_at ?? null,
    quorum: approval?.quorum ?? 1,
    votes: approval?.votes.length ?? 0,
    submitted_by: state.submitted_by.id,
    created_at: state.created_at,
    updated_at: state.updated_at,
    last_seq: state.last_seq,
  };
};
