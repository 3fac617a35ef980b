import * as z from 'zod';
import { ApprovalStep, STEPS } from '../contracts/steps.ts';
import { clean } from './text.ts';
import type { EventView, Job } from './views.ts';

/** One line about an event: which stage, how it went, in words. */
export type StageLine = { tone: 'good' | 'bad' | 'hold' | 'plain'; stage: string; text: string };

const STAGE_OF: Record<string, string> = {
  IDEA_SUBMITTED: 'intake',
  BLUEPRINT_SUBMITTED: 'intake',
  ROLLOUT_SUBMITTED: 'intake',
  BLUEPRINT_PROPOSED: 'intent',
  RUNSPEC_COMPILED: 'compile',
  RUN_COMPLETED: 'run',
  GATES_COMPLETED: 'gates',
  REGISTRY_UPDATED: 'registry',
  REPORT_COMPLETED: 'report',
  ROLLOUT_STAGE_SET: 'enter',
  CANARY_COMPLETED: 'canary',
  STAGE_EVALUATED: 'evaluate',
  ROLLED_BACK: 'rollback',
  CANCELLED: 'cancel',
  ERROR: 'error',
  STOPPED_BUDGET: 'budget',
  STALE_RECOVERED: 'watchdog',
  JOB_TIMEOUT: 'watchdog',
  DONE: 'done',
};

/** What works after an event, until the next one; absent where nothing does, or nobody can tell. */
const AFTER: Record<string, string> = {
  IDEA_SUBMITTED: 'intent',
  BLUEPRINT_SUBMITTED: 'compile',
  ROLLOUT_SUBMITTED: 'enter',
  ROLLOUT_STAGE_SET: 'canaries',
  CANARY_COMPLETED: 'canaries',
  ROLLED_BACK: 'stop',
  BLUEPRINT_PROPOSED: 'blueprint',
  RUNSPEC_COMPILED: 'runspec',
  RUN_COMPLETED: 'gates',
  GATES_COMPLETED: 'registry',
  REGISTRY_UPDATED: 'report',
  REPORT_COMPLETED: 'finish',
  CANCELLED: 'stop',
  ERROR: 'stop',
  STOPPED_BUDGET: 'stop',
  'APPROVED llm_live_confirm': 'intent',
  'RESUMED intent': 'intent',
  'APPROVED blueprint': 'compile',
  'APPROVED runspec': 'run',
  'APPROVED stage_1': 'enter',
  'APPROVED stage_2': 'enter',
  'APPROVED stage_3': 'enter',
  'REVISION_REQUESTED blueprint': 'intent',
  'REVISION_REQUESTED runspec': 'blueprint',
};

const text = (value: unknown): string => (typeof value === 'string' ? clean(value) : '');

export const isHold = (event: EventView): boolean => event.event_type === 'WAITING_APPROVAL' || event.event_type === 'WAITING_HUMAN';

/** The one-sentence question of an approval step; empty for a step this version does not know. */
export const questionOf = (step: string | null): string => {
  const known = ApprovalStep.safeParse(step);
  return known.success ? STEPS[known.data].question : '';
};

/** What a job that waits for an answer asks; empty for any other job. */
export const askedBy = (job: Pick<Job, 'status'>, events: readonly EventView[]): string => {
  if (job.status !== 'WAITING_HUMAN') return '';
  return clean(events.findLast(({ event_type }) => event_type === 'WAITING_HUMAN')?.message ?? '');
};

/** `runspec compiled`: an event type as words. */
const words = (type: string): string => clean(type).toLowerCase().replaceAll('_', ' ');

const said = (event: EventView): string => (event.message === null ? '' : `: ${clean(event.message)}`);

const approved = (event: EventView): string => {
  if (event.outputs['auto'] === true) return `passed by ${clean(event.actor.type)}${said(event) || `: ${text(event.outputs['reason'])}`}`;
  const behalf = event.outputs['for'] === undefined ? '' : ` for ${text(event.outputs['for'])}`;
  return `approved by ${clean(event.actor.id)}${behalf}${said(event)}`;
};

/** `vote 1 of 2 by dave for ann`. */
const voted = ({ actor, outputs }: EventView): string => {
  const { votes, quorum } = outputs;
  const count = Array.isArray(votes) && typeof quorum === 'number' ? ` ${votes.length} of ${quorum}` : '';
  return `vote${count} by ${clean(actor.id)}${outputs['for'] === undefined ? '' : ` for ${text(outputs['for'])}`}`;
};

const delegated = ({ outputs }: EventView): string => `${text(outputs['from'])} asked ${text(outputs['to'])} to decide`;

const submitted = (event: EventView): StageLine => ({ tone: 'good', stage: 'intake', text: `submitted by ${clean(event.actor.id)}` });

const gates = (event: EventView): StageLine => {
  const failed =
    [event.outputs['verdict'], event.outputs['gates'], event.outputs['status']].includes('failed') || event.outputs['passed'] === false;
  return { tone: failed ? 'bad' : 'good', stage: 'gates', text: `${failed ? 'failed' : 'passed'}${said(event)}` };
};

const Canary = z.object({ ok: z.boolean() });

const isOk = ({ outputs }: EventView): boolean => Canary.safeParse(outputs['canary']).data?.ok === true;

/** @returns the line for an event; unknown events are shown by their type */
export const stageLine = (event: EventView): StageLine => {
  const stage = clean(event.step ?? STAGE_OF[event.event_type] ?? 'job');
  switch (event.event_type) {
    case 'IDEA_SUBMITTED':
    case 'BLUEPRINT_SUBMITTED':
    case 'ROLLOUT_SUBMITTED':
      return submitted(event);
    case 'WAITING_APPROVAL':
      return { tone: 'hold', stage, text: questionOf(event.step) || 'waits for approval' };
    case 'WAITING_HUMAN':
      return { tone: 'hold', stage, text: event.message === null ? 'waits for an answer' : clean(event.message) };
    case 'APPROVED':
      return { tone: 'good', stage, text: approved(event) };
    case 'RESUMED':
      return { tone: 'good', stage, text: `answered by ${clean(event.actor.id)}${said(event)}` };
    case 'APPROVAL_VOTED':
      return { tone: 'plain', stage, text: `${voted(event)}${said(event)}` };
    case 'APPROVAL_EXPIRED':
      return { tone: 'hold', stage, text: `expired${said(event)}` };
    case 'APPROVAL_DELEGATED':
      return { tone: 'plain', stage, text: delegated(event) };
    case 'REJECTED':
      return { tone: 'bad', stage, text: `rejected by ${clean(event.actor.id)}${said(event)}` };
    case 'REVISION_REQUESTED':
      return { tone: 'plain', stage, text: `sent back by ${clean(event.actor.id)}${said(event)}` };
    case 'GATES_COMPLETED':
      return gates(event);
    case 'CANARY_COMPLETED':
      return { tone: isOk(event) ? 'good' : 'bad', stage, text: clean(event.message ?? '') };
    case 'STAGE_EVALUATED':
      return { tone: event.outputs['verdict'] === 'passed' ? 'good' : 'bad', stage, text: clean(event.message ?? '') };
    case 'ROLLED_BACK':
      return { tone: 'bad', stage, text: `by ${clean(event.actor.id)}${said(event)}` };
    case 'CANCELLED':
      return { tone: 'bad', stage, text: `cancelled by ${clean(event.actor.id)}${said(event)}` };
    case 'ERROR':
    case 'STOPPED_BUDGET':
    case 'JOB_TIMEOUT':
      return { tone: 'bad', stage, text: event.message === null ? words(event.event_type) : clean(event.message) };
    case 'DONE': {
      const outcome = text(event.outputs['status']);
      return { tone: outcome === 'succeeded' ? 'good' : 'bad', stage: 'done', text: outcome };
    }
    case 'STALE_RECOVERED':
      return { tone: 'hold', stage, text: `recovered${said(event)}` };
    default: {
      const known = STAGE_OF[event.event_type] !== undefined;
      if (known && event.message !== null) return { tone: 'good', stage, text: clean(event.message) };
      return { tone: known ? 'good' : 'plain', stage, text: `${words(event.event_type)}${said(event)}` };
    }
  }
};

/** Name of the stage that works after this event; null when the job holds or is done. */
export const stageAfter = (event: EventView): string | null => {
  if (isHold(event) || event.event_type === 'DONE') return null;
  return AFTER[`${event.event_type} ${event.step}`] ?? AFTER[event.event_type] ?? 'next stage';
};
