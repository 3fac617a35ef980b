import * as z from 'zod';
import { UnreadableDocument } from '../../contracts/errors.ts';
import type { JobEvent } from '../../contracts/events.ts';
import { type Approval, type JobFacts, type JobState, Outcome } from '../../contracts/job-state.ts';
import { Mode } from '../../contracts/llm.ts';
import type { JobRecord } from '../../contracts/ports.ts';
import { SHADOW_ROLE, ShadowCount } from '../../contracts/shadow.ts';
import { Measured } from '../../contracts/telemetry.ts';
import { WATCHDOG, WatchdogAnswer } from '../../contracts/watchdog.ts';
import {
  Concerned,
  Delegated,
  Expired,
  Issued,
  Opened as Opening,
  openedApproval,
  passedApproval,
  Revoked,
  Voted,
  withDecision,
  withDelegation,
  withExpiry,
  withLinks,
  withoutLinks,
  withReminder,
  withVote,
} from './fold-approvals.ts';
import { countResumes } from './resumes.ts';

// What the fold reads out of `outputs`. Unknown members are for people and later readers.
const Submitted = z.object({
  title: z.string(),
  kind: z.enum(['idea', 'blueprint', 'rollout']),
  run: z.int(),
  spec_digest: z.string(),
  mode: Mode,
  telemetry: Measured.default('off'),
});
const Done = z.object({ status: Outcome, reason: z.string().nullish() });
// Nothing of a job rests on its shadow's answer.
const Degraded = z.object({ degraded: z.boolean(), role: z.unknown().optional() });
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
  const { title, kind, run, spec_digest, mode, telemetry } = outputs(Submitted, event);
  return {
    status: 'RUNNING',
    ...{ job_id: event.job_id, title, kind, run, spec_digest, mode, telemetry },
    submitted_by: event.actor,
    owner_run: event.run_id,
    degraded: false,
    created_at: event.at,
    updated_at: event.at,
    last_seq: event.seq,
    last_hash: event.hash,
    approvals: [],
    calls: [],
    endings: 0,
    redrives: 0,
    automatic_redrives: 0,
    resumes: 0,
    resumed_ok: 0,
    cancelled: false,
  };
};

const held = (base: JobFacts, approval: Approval): JobState => {
  const at = { ...base, step: approval.step, approval };
  return approval.question === undefined
    ? { ...at, status: 'WAITING_APPROVAL' }
    : { ...at, status: 'WAITING_HUMAN', question: approval.question };
};

const waiting = (base: JobFacts, event: JobEvent): JobState => {
  const asked = event.event_type === 'WAITING_HUMAN' ? { question: event.message ?? '' } : {};
  const approval = { ...openedApproval(event, outputs(Opening, event)), ...asked };
  return held({ ...base, approvals: replaceApproval(base.approvals, approval) }, approval);
};

/**
 * Where a job stands whose execution was lost: at the question that was open then, else at work. Its hold, entered again, finds
 * its opening in the log and asks no second time.
 */
const standing = (base: JobFacts): JobState => {
  const last = base.approvals.findLast(({ step }) => step !== WATCHDOG.step);
  return last && !last.decision ? held(base, last) : { ...base, status: 'RUNNING' };
};

/** True while the watchdog's question is open. */
export const asksWatchdog = (state: JobState): boolean => state.status === 'WAITING_HUMAN' && state.step === WATCHDOG.step;

/** What a person told the watchdog to do, until that is done: a new execution or an end. */
export const toldWatchdog = (state: JobState): WatchdogAnswer | null => {
  if (state.status === 'DONE' || state.cancelled) return null;
  const asked = findApproval(state, { state: WATCHDOG.state, visit: state.redrives + 1 });
  return WatchdogAnswer.safeParse(asked?.decision?.comment).data ?? null;
};

const decided = (
  state: JobState,
  base: JobFacts,
  event: JobEvent,
  event_type: 'APPROVED' | 'REJECTED' | 'REVISION_REQUESTED' | 'RESUMED',
): JobState => {
  const concerned = outputs(Concerned, event);
  const before = findApproval(state, concerned) ?? passedApproval(event, concerned);
  const approvals = replaceApproval(base.approvals, withDecision(before, event, event_type));
  const after = { ...base, automatic_redrives: 0, approvals };
  return before.step === WATCHDOG.step ? standing(after) : { ...after, status: 'RUNNING' };
};

/** Something about an open approval changed; the job goes on waiting. */
const changed = (state: JobState, base: JobFacts, event: JobEvent, change: (approval: Approval) => Approval): JobState => {
  const before = findApproval(state, outputs(Concerned, event));
  if (!before) return { ...state, ...base };
  const approval = change(before);
  const approvals = base.approvals.map((a) => (a === before ? approval : a));
  const open = (state.status === 'WAITING_APPROVAL' || state.status === 'WAITING_HUMAN') && state.approval === before;
  return open ? { ...state, ...base, approvals, approval } : { ...state, ...base, approvals };
};

/** Changes of an approval, by event type. */
const CHANGES: Partial<Record<JobEvent['event_type'], (approval: Approval, event: JobEvent) => Approval>> = {
  APPROVAL_VOTED: (approval, event) => withVote(approval, event, outputs(Voted, event)),
  APPROVAL_DELEGATED: (approval, event) => withDelegation(approval, outputs(Delegated, event)),
  APPROVAL_EXPIRED: (approval, event) => withExpiry(approval, outputs(Expired, event)),
  APPROVAL_REMINDED: (approval) => withReminder(approval),
  LINK_ISSUED: (approval, event) => withLinks(approval, outputs(Issued, event)),
  LINK_REVOKED: (approval, event) => withoutLinks(approval, outputs(Revoked, event)),
};

/** One step of the fold: the state after `event`. Pure; `null` is the state before the first event. */
export const evolve = (state: JobState | null, event: JobEvent): JobState => {
  if (event.event_type === 'IDEA_SUBMITTED' || event.event_type === 'BLUEPRINT_SUBMITTED' || event.event_type === 'ROLLOUT_SUBMITTED') {
    return state ?? opened(event);
  }
  if (!state) throw new UnreadableDocument(`log of job ${event.job_id} starts with ${event.event_type}, not with a submission`);
  const calls = Array.isArray(event.outputs['calls']) ? [...state.calls, ...event.outputs['calls']] : state.calls;
  const degraded =
    state.degraded ||
    event.outputs['degraded'] === true ||
    Degraded.array()
      .safeParse(event.outputs['calls'])
      .data?.some((call) => call.degraded && call.role !== SHADOW_ROLE) === true;
  const shadow = ShadowCount.safeParse(event.outputs['shadow']).data ?? state.shadow;
  const base: JobFacts = {
    ...facts(state),
    ...(shadow ? { shadow } : {}),
    ...countResumes(state, event),
    calls,
    degraded,
    updated_at: event.at,
    last_seq: event.seq,
    last_hash: event.hash,
  };
  const change = CHANGES[event.event_type];
  if (change) return changed(state, base, event, (approval) => change(approval, event));
  switch (event.event_type) {
    case 'WAITING_APPROVAL':
    case 'WAITING_HUMAN':
      return waiting(base, event);
    case 'APPROVED':
    case 'REJECTED':
    case 'REVISION_REQUESTED':
    case 'RESUMED':
      return decided(state, base, event, event.event_type);
    case 'REDRIVEN': {
      const owned = {
        ...base,
        owner_run: outputs(Redriven, event).owner_run,
        redrives: state.redrives + 1,
        automatic_redrives: event.actor.type === 'system' ? state.automatic_redrives + 1 : 0,
        cancelled: false,
      };
      return state.status === 'DONE' ? standing(owned) : { ...state, ...owned };
    }
    case 'CANCELLED':
      return { ...base, status: 'RUNNING', cancelled: true };
    case 'ROLLED_BACK':
      // The machine's own rollback goes on to its end by itself; a person's ends whatever the machine does.
      return event.actor.type === 'user' ? { ...base, status: 'RUNNING', cancelled: true } : { ...state, ...base };
    case 'DONE': {
      const { status, reason } = outputs(Done, event);
      return { ...base, status: 'DONE', outcome: status, reason: reason ?? null, endings: state.endings + 1 };
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
    ...(state.shadow ? { shadow: state.shadow } : {}),
    subject_digest: approval?.subject_digest ?? null,
    visit: approval?.visit ?? null,
    opened_at: approval?.opened_at ?? null,
    expires_at: approval?.expires_at ?? null,
    quorum: approval?.policy.quorum ?? 1,
    votes: approval?.votes.length ?? 0,
    submitted_by: state.submitted_by.id,
    created_at: state.created_at,
    updated_at: state.updated_at,
    last_seq: state.last_seq,
    ...(state.telemetry === 'off' ? {} : { telemetry: state.telemetry, endings: state.endings }),
    resumes: state.resumes,
    resumed_ok: state.resumed_ok,
  };
};
