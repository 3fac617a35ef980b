import * as z from 'zod';
import type { JobEvent } from '../../../contracts/events.ts';
import { failingStates, holdStep, nextState, reviseState } from '../../../contracts/flow.ts';
import type { PhaseOutcome } from '../../../contracts/telemetry.ts';
import type { Failure } from '../hardening/failure.ts';

type Place = { state: string; visit: number };

/** A state and visit that a job went through, in the execution that did it. */
export type Phase = Place & {
  run_id: string;
  outcome: PhaseOutcome;
  /** What went wrong there, where the job ended of it. */
  failure: Failure | null;
  /** Names of the artifacts that the phase's own event lists; null where it left no event of its own. */
  artifacts: readonly string[] | null;
  /** The ending of the job that it belongs to, from 1. */
  ending: number;
};

/** A raise of the budget: how much, why, and for which phase. */
export type Raise = Place & { run_id: string; reason: string; tokens: number; at: string; ending: number };

/** `endings`: how often the job ended so far. */
export type Walked = { phases: Phase[]; raises: Raise[]; endings: number };

const Placed = z.object({ state: z.string(), visit: z.int() });
const Result = z.object({
  result: z.object({ route: z.record(z.string(), z.string()), artifacts: z.array(z.object({ name: z.string() })) }),
});
const Kind = z.object({ kind: z.string() });
const Granted = z.object({ grant: z.object({ tokens: z.int() }) });
/** What the event of a failure says about it, and of the phase it happened in. */
const Failed = z.object({ phase_id: z.string().regex(/^[^:]+:\d+$/), reason: z.string().nullish(), detail: z.string().nullish() });

const STOP = 'Stop';
const REASON_MAX = 400;

type Walk = Walked & {
  visits: Map<string, number>;
  /** The state that was entered and has not ended yet. */
  underWay: string | null;
  /** The phase whose work the open hold is about. */
  held: Place | null;
  /** Tokens that approving the open hold grants. */
  grant: number | null;
  /** The failure that ends the job is told already. */
  settled: boolean;
};

/** Where a state leads; null for a state of a machine that this build does not know. */
const leadsTo = (state: string, route?: Record<string, string>): string | null => {
  try {
    return nextState(state, route);
  } catch {
    return null;
  }
};

const visitOf = ({ visits }: Walk, state: string): number => (visits.get(state) ?? 0) + 1;

type Added = Place & Pick<Phase, 'outcome' | 'artifacts'> & { failure?: Failure };

/** One phase with one outcome is one phase, however often the log tells of it. */
const add = (
  walk: Walk,
  { run_id }: JobEvent,
  { failure = null, ...phase }: Omit<Added, 'failure'> & { failure?: Failure | null },
): void => {
  const { state, visit, outcome } = phase;
  const same = walk.phases.find((one) => one.run_id === run_id && one.state === state && one.visit === visit && one.outcome === outcome);
  if (same) same.failure ??= failure;
  else walk.phases.push({ run_id, ...phase, failure, ending: walk.endings + 1 });
};

/** A phase that leaves no event of its own shows in what came next: its work is held up there. */
const passSilently = (walk: Walk, event: JobEvent, next: string): void => {
  const { underWay } = walk;
  if (underWay === null || underWay === next || underWay === STOP) return;
  walk.held = { state: underWay, visit: visitOf(walk, underWay) };
  add(walk, event, { ...walk.held, outcome: 'BLOCKED', artifacts: null });
  // A state that failed into a hold is entered again with the same input: that is the same visit.
  if (!failingStates(next).includes(underWay)) walk.visits.set(underWay, walk.held.visit);
  walk.underWay = null;
};

const complete = (walk: Walk, event: JobEvent, state: string, next: string | null): void => {
  const visit = visitOf(walk, state);
  const listed = Result.safeParse(event.outputs).data?.result.artifacts ?? [];
  add(walk, event, { state, visit, outcome: 'COMPLETE', artifacts: listed.map(({ name }) => name) });
  walk.visits.set(state, visit);
  walk.underWay = next;
};

const submitted = (walk: Walk, event: JobEvent): void =>
  complete(walk, event, 'Intake', leadsTo('Intake', { kind: Kind.safeParse(event.outputs).data?.kind ?? '' }));

const worked = (walk: Walk, event: JobEvent): void => {
  const state = event.actor.id;
  passSilently(walk, event, state);
  const route = Result.safeParse(event.outputs).data?.result.route;
  complete(walk, event, state, event.event_type === 'DONE' ? null : leadsTo(state, route));
};

/** Enters the hold that an event is about; null where it names none. */
const enterHold = (walk: Walk, event: JobEvent): Place | null => {
  const hold = Placed.safeParse(event.outputs).data ?? null;
  if (!hold) return null;
  passSilently(walk, event, hold.state);
  walk.visits.set(hold.state, hold.visit - 1);
  walk.underWay = hold.state;
  return hold;
};

const opened = (walk: Walk, event: JobEvent): void => {
  if (enterHold(walk, event)) walk.grant = Granted.safeParse(event.outputs).data?.grant.tokens ?? null;
};

const raised = (walk: Walk, { run_id, actor, message, at }: JobEvent, hold: Place, tokens: number): void => {
  const reason = `the budget did not cover the next model call; raised by ${actor.id}${message ? `: ${message}` : ''}`;
  const place = walk.held ?? hold;
  walk.raises.push({ run_id, ...place, reason: reason.slice(0, REASON_MAX).toWellFormed(), tokens, at, ending: walk.endings + 1 });
};

const decided = (walk: Walk, event: JobEvent): void => {
  const hold = enterHold(walk, event);
  if (!hold) return;
  const { state } = hold;
  if (event.event_type === 'REJECTED') {
    add(walk, event, { ...hold, outcome: 'BLOCKED', artifacts: [] });
    walk.underWay = STOP;
  } else {
    if (event.event_type === 'APPROVED' && walk.grant !== null) raised(walk, event, hold, walk.grant);
    complete(walk, event, state, event.event_type === 'REVISION_REQUESTED' ? reviseState(state) : leadsTo(state));
  }
  [walk.held, walk.grant] = [null, null];
};

/** The job ends of something that went wrong: in the phase that the event names, or where it stands. */
const failed = (walk: Walk, event: JobEvent): void => {
  const said = Failed.safeParse(event.outputs).data;
  const [state = walk.underWay, visit = visitOf(walk, walk.underWay ?? '')] = said?.phase_id.split(':') ?? [];
  if (state === null) return;
  const blocked = event.event_type === 'STOPPED_BUDGET' || (!said && holdStep(state) !== null);
  const failure = said ? { failure: { state, error: said.reason ?? '', message: said.detail ?? '' } } : {};
  add(walk, event, { state, visit: Number(visit), outcome: blocked ? 'BLOCKED' : 'FAILED', artifacts: null, ...failure });
  [walk.underWay, walk.settled] = [state, true];
};

const done = (walk: Walk, event: JobEvent): void => {
  const { underWay, settled } = walk;
  if (event.actor.type === 'stage') worked(walk, event);
  else if (underWay !== null && underWay !== STOP && !settled)
    // Somebody, or time, ended the job where it stood.
    add(walk, event, { state: underWay, visit: visitOf(walk, underWay), outcome: 'BLOCKED', artifacts: null });
  if (event.actor.type === 'system' && event.actor.id === 'stop')
    add(walk, event, { state: STOP, visit: 1, outcome: 'COMPLETE', artifacts: [] });
  walk.endings += 1;
  walk.settled = false;
};

const STEPS: Partial<Record<JobEvent['event_type'], (walk: Walk, event: JobEvent) => void>> = {
  ...{ IDEA_SUBMITTED: submitted, BLUEPRINT_SUBMITTED: submitted, ROLLOUT_SUBMITTED: submitted },
  ...{ WAITING_APPROVAL: opened, WAITING_HUMAN: opened },
  ...{ APPROVED: decided, RESUMED: decided, REVISION_REQUESTED: decided, REJECTED: decided },
  ...{ ERROR: failed, STOPPED_BUDGET: failed, JOB_TIMEOUT: failed },
  DONE: done,
};

/**
 * The phases of a job, as its events tell of them, in the order in which they ended. Pure. A phase that waits or works still is
 * not among them; one that an ending cut short is.
 */
export const walk = (events: readonly JobEvent[]): Walked => {
  const state: Walk = {
    ...{ phases: [], raises: [], endings: 0, visits: new Map() },
    ...{ underWay: null, held: null, grant: null, settled: false },
  };
  for (const event of events) {
    const step = STEPS[event.event_type] ?? (event.actor.type === 'stage' ? worked : null);
    step?.(state, event);
  }
  const { phases, raises, endings } = state;
  return { phases, raises, endings };
};
