import type { LlmUsageEvent } from '../../../contracts/agent-evidence.ts';
import type { EventDraft, JobEvent } from '../../../contracts/events.ts';
import { holdStep, JOB_FLOW, nextState, reviseState } from '../../../contracts/flow.ts';
import type { PhaseOutcome } from '../../../contracts/telemetry.ts';
import { EMPTY_LOG, sealEvent } from '../event.ts';
import { sha256Hex } from '../hash.ts';
import { type Dice, dice } from '../sample/random.ts';

/** A job that never ran: its log, and what it went through by the one who made it up. */
export type MixedJob = {
  events: JobEvent[];
  /** `run state:visit outcome`, each once. */
  phases: Set<string>;
  /** Model calls listed, each once. */
  calls: Set<string>;
  endings: number;
  /** Phases whose failure is of a known pattern. */
  hardened: number;
};

const SYSTEM = (id: string) => ({ type: 'system', id, identity: 'none' }) as const;
const ANN = { type: 'user', id: 'ann', identity: 'local' } as const;
type Told = readonly [reason: string, detail: string, known: boolean];
/** Known to failure hardening, and not. */
const ERRORS: [Told, ...Told[]] = [
  ['STOPPED_LLM_ERROR', 'no provider answered intent (glm/m: timeout, too slow)', true],
  ['STOPPED_BUDGET', 'the budget does not cover the next call', true],
  ['Error', 'something nobody has seen', false],
];

type Maker = MixedJob & { d: Dice; job_id: string; run: number; visits: Record<string, number>; state: string };

const runOf = ({ job_id, run }: Maker): string => `job-${job_id}-${run}`;

const emit = (job: Maker, draft: Omit<EventDraft, 'visit' | 'state'> & { state?: string }): void => {
  const last = job.events.at(-1);
  const head = last ? { last_seq: last.seq, last_hash: last.hash } : EMPTY_LOG;
  const at = new Date(Date.UTC(2026, 0, 5) + job.events.length * 1000).toISOString();
  const visit = (job.visits[job.state] ?? 0) + 1;
  const place = { ...head, job_id: job.job_id, run_id: runOf(job), at };
  job.events.push(sealEvent({ state: job.state, visit, ordinal: job.events.length, ...draft }, place));
  if (draft.event_type === 'DONE') job.endings += 1;
};

const went = (job: Maker, outcome: PhaseOutcome, state = job.state, visit = (job.visits[job.state] ?? 0) + 1): void =>
  void job.phases.add(`${runOf(job)} ${state}:${visit} ${outcome}`);

const leave = (job: Maker, to: string): void => {
  job.visits[job.state] = (job.visits[job.state] ?? 0) + 1;
  job.state = to;
};

/** A call of an agent, as its event lists it; now and then a second one, or one that was listed before. */
const callsOf = (job: Maker): LlmUsageEvent[] => {
  const phase_id = `${job.state}:${(job.visits[job.state] ?? 0) + 1}`;
  return Array.from({ length: job.d.pick([1, 1, 2]) }, (_, n) => {
    const call_id = sha256Hex(`${job.job_id} ${phase_id} ${n}`).slice(0, 24);
    job.calls.add(call_id);
    return {
      ...{ run_id: runOf(job), job_id: job.job_id, phase_id, call_id, at: '2026-01-05T00:00:00.000Z', provider: 'glm', model: 'm' },
      ...{ role: job.state.toLowerCase(), prompt_tokens: 100, completion_tokens: 20, total_tokens: 120, cost_usd: 0.001 },
      ...{ response_source: 'live', degraded: false, is_doctor_call: false, doctor_model: null, latency_ms: 5 },
    };
  });
};

const ended = (job: Maker, status: string): 'over' => {
  went(job, 'COMPLETE', 'Stop', 1);
  emit(job, { event_type: 'DONE', actor: SYSTEM('stop'), outputs: { status, reason: null } });
  return 'over';
};

/** The state fails; now and then somebody sends the job on, which enters the same state again. */
const fail = (job: Maker): 'over' | 'on' => {
  const [reason, detail, known] = job.d.pick(ERRORS);
  const blocked = reason === 'STOPPED_BUDGET';
  const phase_id = `${job.state}:${(job.visits[job.state] ?? 0) + 1}`;
  went(job, blocked ? 'BLOCKED' : 'FAILED');
  if (known) job.hardened += 1;
  // A call that was answered before the state failed: it is listed again when the state succeeds.
  const calls = AGENT_HOLDS[job.state] ? { calls: callsOf(job) } : {};
  emit(job, { event_type: blocked ? 'STOPPED_BUDGET' : 'ERROR', actor: SYSTEM('stop'), outputs: { reason, detail, phase_id, ...calls } });
  ended(job, blocked ? 'stopped_budget' : 'error');
  return again(job, 0.5);
};

const again = (job: Maker, chance: number): 'over' | 'on' => {
  if (job.d.next() >= chance || job.run > 3) return 'over';
  job.run += 1;
  emit(job, { event_type: 'REDRIVEN', actor: ANN, outputs: { owner_run: runOf(job) } });
  return 'on';
};

/** What ends a job from outside, wherever it stands. */
const interrupt = (job: Maker): 'over' | 'on' => {
  if (job.d.next() < 0.5) {
    emit(job, { event_type: 'CANCELLED', actor: ANN });
    went(job, 'BLOCKED');
    emit(job, { event_type: 'DONE', actor: SYSTEM('cancel'), outputs: { status: 'cancelled' } });
    return 'over';
  }
  went(job, holdStep(job.state) === null ? 'FAILED' : 'BLOCKED');
  emit(job, { event_type: 'JOB_TIMEOUT', actor: SYSTEM('reconcile'), outputs: { reason: 'JOB_TIMEOUT' } });
  emit(job, { event_type: 'DONE', actor: SYSTEM('reconcile'), outputs: { status: 'timed_out' } });
  return again(job, 0.5);
};

const decide = (job: Maker): 'over' | 'on' => {
  const { state } = job;
  const outputs = { state, visit: (job.visits[state] ?? 0) + 1, subject_digest: `sha256:${'d'.repeat(64)}` };
  const step = holdStep(state);
  if (job.d.next() < 0.1) again(job, 1);
  const revise = reviseState(state);
  const choice = job.d.pick<'APPROVED' | 'REJECTED' | 'REVISION_REQUESTED'>([
    ...(['APPROVED', 'APPROVED', 'APPROVED', 'REJECTED', 'REVISION_REQUESTED'] as const),
  ]);
  if (choice === 'REVISION_REQUESTED' && revise === null) return decide(job);
  emit(job, { event_type: choice, step, actor: ANN, outputs });
  went(job, choice === 'REJECTED' ? 'BLOCKED' : 'COMPLETE');
  if (choice === 'REJECTED' && step === 'budget_escalation') {
    emit(job, {
      event_type: 'STOPPED_BUDGET',
      actor: SYSTEM('stop'),
      outputs: { reason: 'STOPPED_BUDGET', detail: 'no', phase_id: `${state}:${outputs.visit}` },
    });
    job.hardened += 1;
  }
  if (choice === 'REJECTED') return ended(job, 'rejected');
  leave(job, (choice === 'REVISION_REQUESTED' && revise) || nextState(state));
  return 'on';
};

const hold = (job: Maker): 'over' | 'on' => {
  const { state } = job;
  const step = holdStep(state);
  const outputs = { state, visit: (job.visits[state] ?? 0) + 1, subject_digest: `sha256:${'d'.repeat(64)}` };
  if (step === 'llm_live_confirm') {
    emit(job, { event_type: 'APPROVED', step, actor: SYSTEM('checkpoint'), outputs: { ...outputs, auto: true } });
    went(job, 'COMPLETE');
    leave(job, nextState(state));
    return 'on';
  }
  const grant = step === 'budget_escalation' ? { grant: { calls: 1, tokens: 1000, nano_usd: 1 } } : {};
  emit(job, {
    event_type: 'WAITING_APPROVAL',
    step,
    actor: { type: 'stage', id: state, identity: 'none' },
    outputs: { ...outputs, ...grant },
  });
  return job.d.next() < 0.1 ? interrupt(job) : decide(job);
};

const AGENT_HOLDS: Record<string, readonly [string, string]> = {
  Intent: ['HoldIntentOutput', 'HoldIntentBudget'],
  Report: ['HoldReportOutput', 'HoldReportBudget'],
};

const work = (job: Maker): 'over' | 'on' => {
  const { state } = job;
  const roll = job.d.next();
  if (roll < 0.04) return interrupt(job);
  if (roll < 0.1) return fail(job);
  const [stopped, budget] = AGENT_HOLDS[state] ?? [];
  if (stopped && budget && roll < 0.3) {
    went(job, 'BLOCKED');
    if (roll < 0.2) leave(job, stopped);
    else job.state = budget;
    return 'on';
  }
  const calls = stopped ? { calls: callsOf(job) } : {};
  const gates = state === 'Report' && job.d.next() < 0.2 ? { gates: 'failed' } : {};
  const result = { artifacts: [], facts: {}, route: { ...gates } };
  const actor = { type: 'stage', id: state, identity: 'none' } as const;
  went(job, 'COMPLETE');
  if (state === 'Finish') {
    emit(job, { event_type: 'DONE', actor, outputs: { status: 'succeeded' } });
    return 'over';
  }
  emit(job, { event_type: 'RUN_COMPLETED', actor, outputs: { result, ...calls } });
  leave(job, nextState(state, result.route));
  return job.state === 'Stop' ? ended(job, 'gates_failed') : 'on';
};

/** Makes up a job out of a seed: any way through the machine, any ending, redrives. */
export const mixedJob = (seed: string): MixedJob => {
  const d = dice(seed);
  const job: Maker = {
    ...{ d, job_id: sha256Hex(seed).slice(0, 12), run: 1, visits: {}, state: 'Intake' },
    ...{ events: [], phases: new Set(), calls: new Set(), endings: 0, hardened: 0 },
  };
  const kind = d.pick(['idea', 'idea', 'blueprint']);
  const outputs = { title: seed, kind, run: 1, spec_digest: 'e'.repeat(64), mode: 'replay', telemetry: 'on' };
  emit(job, { event_type: kind === 'idea' ? 'IDEA_SUBMITTED' : 'BLUEPRINT_SUBMITTED', actor: ANN, outputs });
  went(job, 'COMPLETE');
  leave(job, nextState('Intake', { kind }));
  while ((Object.hasOwn(JOB_FLOW, job.state) && holdStep(job.state) !== null ? hold(job) : work(job)) === 'on');
  return job;
};
