import type { EventType, JobEvent } from '../../../contracts/events.ts';
import { nextState, reviseState } from '../../../contracts/flow.ts';
import type { JobState } from '../../../contracts/job-state.ts';
import type { FlowMap } from './flow-map.ts';

/** Which events happened in which state, which states lie behind the job, and where it is. */
export type Progress = { seqs: Map<string, number[]>; passed: Set<string>; current: string | null };

/** Events that people or the system write in a state's place. */
const SUBMISSIONS: EventType[] = ['IDEA_SUBMITTED', 'BLUEPRINT_SUBMITTED', 'ROLLOUT_SUBMITTED'];
const STOPS: EventType[] = ['ERROR', 'STOPPED_BUDGET'];

/** The state that takes a failure to its end: of several, the last catches what the others could not. */
const stopOf = ({ nodes, finish }: FlowMap, outcome: unknown): string => {
  const ends = nodes.filter(({ side, ending }) => side && ending);
  const [first = ends[0]] = outcome === 'rolled_back' ? ends : ends.slice(-1);
  return first?.name ?? finish;
};

const DECISIONS: EventType[] = [
  'APPROVED',
  'REJECTED',
  'REVISION_REQUESTED',
  'APPROVAL_VOTED',
  'APPROVAL_EXPIRED',
  'APPROVAL_REMINDED',
  'RESUMED',
];

/** A step that several states ask belongs to the opening it answers, else to the hold behind the last state. */
const holdOf = (map: FlowMap, event: JobEvent, approvals: JobState['approvals'], last: string | null): string | null => {
  const holds = map.nodes.filter((node) => node.step !== null && node.step === event.step);
  // The watchdog asks from no state of the map.
  if (holds.length < 2) return holds[0]?.name ?? null;
  const asked = approvals.find((a) => a.step === event.step && (a.decision?.seq === event.seq || a.opened_at === event.at));
  if (asked) return asked.state;
  return holds.find((hold) => last !== null && (hold.name === last || hold.judges === last))?.name ?? null;
};

const stateOf = (map: FlowMap, event: JobEvent, approvals: JobState['approvals'], last: string | null): string | null => {
  // Stages sign with their state's name; holds and decisions carry it.
  const named = event.actor.type === 'stage' && event.event_type !== 'DONE' ? event.actor.id : event.outputs.state;
  const at = map.nodes.find(({ name, inner }) => name === named || inner.includes(String(named)));
  if (at) return at.name;
  const { event_type, outputs } = event;
  if (event_type === 'DONE') return outputs.status === 'succeeded' ? map.finish : stopOf(map, outputs.status);
  if (event_type === 'ROLLED_BACK') return stopOf(map, 'rolled_back');
  if (event.event_type === 'WAITING_APPROVAL' || event.event_type === 'WAITING_HUMAN' || DECISIONS.includes(event.event_type))
    return holdOf(map, event, approvals, last);
  if (SUBMISSIONS.includes(event_type)) return map.start;
  return STOPS.includes(event_type) ? stopOf(map, null) : null;
};

const LEAVES: EventType[] = ['APPROVED', 'REVISION_REQUESTED', 'RESUMED'];

const whereNow = (map: FlowMap, state: JobState, last: { name: string; type: EventType } | null): string | null => {
  const waits = state.status === 'WAITING_APPROVAL' || state.status === 'WAITING_HUMAN';
  if (waits && map.nodes.some(({ name }) => name === state.approval.state)) return state.approval.state;
  if (state.status === 'DONE' || last === null) return last?.name ?? null;
  const hold = map.nodes.find((node) => node.name === last.name)?.step != null;
  if (hold && !LEAVES.includes(last.type)) return last.name;
  if (last.type === 'REVISION_REQUESTED') return reviseState(last.name) ?? last.name;
  // Of a stage's canaries one has ended, not all; and where a verdict leads is the next event's to say.
  if (last.type === 'CANARY_COMPLETED' || last.type === 'STAGE_EVALUATED' || last.type === 'ROLLED_BACK') return last.name;
  return last.name === map.start ? nextState(map.start, { kind: state.kind }) : (map.next[last.name] ?? last.name);
};

/** Places a job on its map from its events. */
export const progress = (map: FlowMap, state: JobState, events: JobEvent[]): Progress => {
  const seqs = new Map<string, number[]>();
  let last: { name: string; type: EventType } | null = null;
  for (const event of events) {
    const name = stateOf(map, event, state.approvals, last?.name ?? null);
    if (name === null) continue;
    seqs.set(name, [...(seqs.get(name) ?? []), event.seq]);
    last = { name, type: event.event_type };
  }
  const passed = new Set(seqs.keys());
  // Not every state leaves an event.
  for (const name of seqs.keys()) for (const before of map.behind[name] ?? []) passed.add(before);
  // An output that a guard stopped leaves no event of its own; the hold it led to shows it was made.
  for (const node of map.nodes) if (node.judges !== null && passed.has(node.name)) passed.add(node.judges);
  return { seqs, passed, current: whereNow(map, state, last) };
};
