import * as z from 'zod';
import type { EventType, JobEvent } from '../../../contracts/events.ts';
import { SHADOW_ROLE } from '../../../contracts/shadow.ts';
import { clip, exact, figure, keyLabel, visible } from './text.ts';

export type Label = 'LIVE' | 'RECORD' | 'REPLAY' | 'DEGRADED';
export type FileLink = { path: string; name: string };
export type Entry = {
  seq: number;
  at: string;
  type: EventType;
  title: string;
  tone: 'good' | 'bad' | 'wait' | null;
  step: string | null;
  by: string;
  identity: string | null;
  message: string | null;
  /** The evidence an event is about; null where it is about none. */
  digest: string | null;
  /** Whether somebody decided on it, is asked about it, or neither. */
  regard: 'saw' | 'asks about' | 'about';
  /** How a decision came in. */
  channel: string | null;
  labels: Label[];
  notes: { label: string; text: string }[];
  files: FileLink[];
};

const TITLES: Partial<Record<EventType, string>> = {
  IDEA_SUBMITTED: 'Idea submitted',
  BLUEPRINT_SUBMITTED: 'Blueprint submitted',
  BLUEPRINT_PROPOSED: 'Blueprint drafted',
  RUNSPEC_COMPILED: 'Run specification compiled',
  WAITING_APPROVAL: 'Waits for a signature',
  APPROVAL_VOTED: 'Vote recorded',
  APPROVAL_EXPIRED: 'Not decided in time',
  APPROVAL_REMINDED: 'Approvers reminded',
  APPROVAL_DELEGATED: 'Approval delegated',
  WAITING_HUMAN: 'Waits for an answer',
  RESUMED: 'Question answered',
  RUN_COMPLETED: 'Run completed',
  GATES_COMPLETED: 'Gates judged',
  REGISTRY_UPDATED: 'Registry updated',
  REPORT_COMPLETED: 'Report written',
  STOPPED_BUDGET: 'Stopped: budget spent',
  STALE_RECOVERED: 'Stalled job recovered',
  JOB_TIMEOUT: 'Time was up',
  REDRIVEN: 'Taken over by another execution',
  ROLLOUT_SUBMITTED: 'Rollout submitted',
  ROLLOUT_STAGE_SET: 'Stage entered',
  CANARY_COMPLETED: 'Canary ended',
  STAGE_EVALUATED: 'Stage judged',
  ROLLED_BACK: 'Rolled back',
};
const TONES: Partial<Record<EventType, Entry['tone']>> = {
  APPROVED: 'good',
  RESUMED: 'good',
  REJECTED: 'bad',
  ERROR: 'bad',
  JOB_TIMEOUT: 'bad',
  STOPPED_BUDGET: 'bad',
  CANCELLED: 'bad',
  ROLLED_BACK: 'bad',
  APPROVAL_EXPIRED: 'wait',
  STALE_RECOVERED: 'wait',
  WAITING_APPROVAL: 'wait',
  WAITING_HUMAN: 'wait',
  REVISION_REQUESTED: 'wait',
};

const Canary = z.object({ ok: z.boolean() });

const titleOf = (event: JobEvent): string => {
  if (event.event_type === 'DONE')
    return `Done: ${clip(keyLabel(typeof event.outputs.status === 'string' ? event.outputs.status : 'unknown'), 40)}`;
  if (event.event_type === 'APPROVED' && event.outputs.auto === true) return 'Passed by itself';
  const words = event.event_type.toLowerCase().replaceAll('_', ' ');
  return TITLES[event.event_type] ?? words.charAt(0).toUpperCase() + words.slice(1);
};

const toneOf = (event: JobEvent): Entry['tone'] => {
  if (event.event_type === 'DONE') return event.outputs.status === 'succeeded' ? 'good' : 'bad';
  if (event.event_type === 'CANARY_COMPLETED') return Canary.safeParse(event.outputs.canary).data?.ok ? 'good' : 'bad';
  if (event.event_type === 'STAGE_EVALUATED') return event.outputs.verdict === 'passed' ? 'good' : 'bad';
  return TONES[event.event_type] ?? null;
};

/** Every object inside a value, itself included, a few levels down. */
const objectsIn = (value: unknown, depth = 0): Record<string, unknown>[] => {
  if (typeof value !== 'object' || value === null || depth > 4) return [];
  const inner = Object.values(value).flatMap((v) => objectsIn(v, depth + 1));
  return Array.isArray(value) ? inner : [{ ...value }, ...inner];
};

const SOURCES: Record<string, Label> = { live: 'LIVE', record: 'RECORD', replay: 'REPLAY' };

const labelsOf = (all: Record<string, unknown>[]): Label[] => {
  // No event rests on what its shadow said.
  const objects = all.filter(({ role }) => role !== SHADOW_ROLE);
  const sources = objects.flatMap((o) => (typeof o.response_source === 'string' ? (SOURCES[o.response_source] ?? []) : []));
  return [...new Set([...sources, ...(objects.some((o) => o.degraded === true) ? ['DEGRADED' as const] : [])])];
};

const filesOf = (event: JobEvent, objects: Record<string, unknown>[]): FileLink[] => {
  const prefix = `jobs/${event.job_id}/`;
  const paths = objects.flatMap((o) =>
    typeof o.key === 'string' && typeof o.sha256 === 'string' && o.key.startsWith(prefix) ? [o.key.slice(prefix.length)] : [],
  );
  return [...new Set(paths)].map((path) => ({ path, name: path.split('/').at(-1) ?? path }));
};

// Shown elsewhere on the entry, or the machine's own bookkeeping.
const SHOWN = new Set([
  'channel',
  'passed',
  'status',
  'response_source',
  'state',
  'visit',
  'subject_digest',
  'expires_at',
  'quorum',
  'title',
  'kind',
  'run',
  'spec_digest',
  'auto',
  'degraded',
  'mode',
  'replay_reason',
  'recorded_at',
  'provider',
  'model',
]);

const Answer = z.object({
  provider: z.string(),
  model: z.string(),
  replay_reason: z.string().nullish(),
  recorded_at: z.string().nullish(),
});

/** Where the model answer behind an event comes from: who gave it, when it was recorded, why it is a recording. */
const answerNotes = (outputs: Record<string, unknown>): Entry['notes'] => {
  const answer = Answer.safeParse(outputs).data;
  if (!answer) return [];
  const { provider, model, replay_reason, recorded_at } = answer;
  return [
    { label: recorded_at ? 'recorded from' : 'answered by', text: clip(`${provider}/${model}`, 120) },
    ...(recorded_at ? [{ label: 'recorded', text: exact(clip(recorded_at, 40)) }] : []),
    // The reason matters where somebody else should have answered.
    ...(replay_reason && outputs.degraded === true ? [{ label: 'because', text: clip(`replay_reason=${replay_reason}`, 60) }] : []),
  ];
};

const scalarNotes = (event: JobEvent): Entry['notes'] =>
  Object.entries(event.outputs)
    .filter(
      ([key, value]) =>
        !SHOWN.has(key) &&
        !key.endsWith('sha256') &&
        ['string', 'number', 'boolean'].includes(typeof value) &&
        value !== event.message &&
        value !== event.job_id,
    )
    .slice(0, 6)
    .map(([key, value]) => ({ label: keyLabel(key), text: typeof value === 'number' ? figure(value) : clip(String(value), 300) }));

const notesOf = (event: JobEvent): Entry['notes'] => [...answerNotes(event.outputs), ...approvalNotes(event), ...scalarNotes(event)];

const SEEN: EventType[] = ['APPROVED', 'REJECTED', 'REVISION_REQUESTED', 'APPROVAL_VOTED', 'RESUMED'];

const regardOf = ({ event_type, actor, outputs }: JobEvent): Entry['regard'] => {
  if (event_type === 'WAITING_APPROVAL' || event_type === 'WAITING_HUMAN') return 'asks about';
  return SEEN.includes(event_type) && actor.type === 'user' && outputs.auto !== true ? 'saw' : 'about';
};

/** Who voted so far, in whose name, and which approvers an event names. */
const approvalNotes = ({ event_type, outputs: { votes, quorum, approvers, links } }: JobEvent): Entry['notes'] => {
  const approves = event_type === 'APPROVAL_VOTED' || event_type === 'APPROVED';
  const names = (approves && z.array(z.string()).safeParse(votes).data) || [];
  const asked = z.array(z.string()).safeParse(approvers).data ?? [];
  const issued = z.array(z.object({ approver: z.string() })).safeParse(links).data ?? [];
  return [
    ...(names.length > 0 ? [{ label: `${names.length} of ${String(quorum)} approvals`, text: clip(names.join(', '), 300) }] : []),
    ...(asked.length > 0 ? [{ label: 'approvers', text: clip(asked.join(', '), 300) }] : []),
    ...(issued.length > 0 ? [{ label: 'links for', text: clip(issued.map(({ approver }) => approver).join(', '), 300) }] : []),
  ];
};

/** One event as the timeline tells it. Nothing in it is markup. */
export const entryOf = (event: JobEvent): Entry => {
  const objects = objectsIn(event.outputs);
  const person = event.actor.type === 'user';
  return {
    seq: event.seq,
    at: event.at,
    type: event.event_type,
    title: titleOf(event),
    tone: toneOf(event),
    step: event.step,
    by: person ? visible(event.actor.id) : `${event.actor.type} ${visible(event.actor.id)}`,
    identity: event.actor.identity === 'none' ? null : event.actor.identity,
    message: event.message === null ? null : visible(event.message),
    digest: typeof event.outputs.subject_digest === 'string' ? event.outputs.subject_digest : null,
    regard: regardOf(event),
    channel: typeof event.outputs.channel === 'string' ? clip(event.outputs.channel, 20) : null,
    labels: labelsOf(objects),
    notes: notesOf(event),
    files: filesOf(event, objects),
  };
};
