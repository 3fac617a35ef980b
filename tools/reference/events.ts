import { globSync, readFileSync } from 'node:fs';
import { Actor, EVENT_TYPES, type EventType, JobEvent } from '../../contracts/events.ts';
import { code, codes, page, table } from './markdown.ts';

const ROOT = new URL('../../', import.meta.url);

/** What each event type means; the compiler asks for a line when the vocabulary grows. */
const MEANING: Record<EventType, string> = {
  IDEA_SUBMITTED: 'A job was opened with an idea. Always event 1.',
  BLUEPRINT_SUBMITTED: 'A job was opened with a hand-written blueprint. Always event 1.',
  BLUEPRINT_PROPOSED: 'The intent agent drafted a blueprint, and the guard let it pass or a person overrode the guard.',
  RUNSPEC_COMPILED: 'The blueprint was bound to snapshot and policy bundle.',
  WAITING_APPROVAL: 'A hold opened: subject, its digest, the choices it takes, when it expires.',
  APPROVAL_VOTED: 'One of several votes.',
  APPROVED: 'A hold was approved, by a person, or by itself (`outputs.auto`, `outputs.reason`).',
  REJECTED: 'A hold was rejected; the job ends.',
  REVISION_REQUESTED: 'The work was sent back with a comment.',
  APPROVAL_EXPIRED: 'A hold passed its expiry.',
  APPROVAL_REMINDED: 'Approvers were reminded.',
  APPROVAL_DELEGATED: 'A hold was handed to somebody else.',
  LINK_ISSUED: 'An approval link was made.',
  LINK_REVOKED: 'An approval link was withdrawn.',
  WAITING_HUMAN: 'A stage asks a question; at step `watchdog`, nobody works on the job any more and `outputs.reason` says why.',
  RESUMED: 'The question was answered.',
  RUN_COMPLETED: 'The backtest ran.',
  GATES_COMPLETED: 'The gates judged the result.',
  REGISTRY_UPDATED: 'The trial was recorded; a card was issued if the gates passed.',
  REPORT_COMPLETED: 'The report was written.',
  STOPPED_BUDGET: 'The budget was spent.',
  STALE_RECOVERED: 'The watchdog found that nobody works on the job; `REDRIVEN` follows. Once for each execution.',
  JOB_TIMEOUT: 'An execution of the job used up the time of its machine.',
  REDRIVEN: 'Another execution owns the job from here on (`outputs.owner_run`).',
  CANCELLED: 'Somebody cancelled the job; `DONE` follows.',
  ERROR: 'Something failed; `message` and `outputs.reason` say what.',
  DONE: 'The job ended; `outputs.status` is its outcome.',
  ROLLOUT_SUBMITTED: 'A rollout was opened.',
  ROLLOUT_STAGE_SET: 'A rollout entered a stage.',
  CANARY_COMPLETED: 'A canary job ended.',
  STAGE_EVALUATED: 'A stage was judged.',
  ROLLED_BACK: 'A rollout was taken back.',
  FLAG_CHANGED: 'A feature flag changed.',
  KILL_SWITCH_SET: 'A kill switch was set.',
  KILL_SWITCH_RELEASED: 'A kill switch was released.',
  DECISION_REFUSED: 'A decision was refused.',
};

const MEMBERS: Record<keyof JobEvent, string> = {
  schema_version: '`job_event_v1`',
  job_id: 'the job',
  run_id: 'name of the execution that owns the job',
  seq: 'place in the log: 1, 2, 3 without gaps',
  event_id: 'sha256 of (job, state, visit, kind, ordinal): the same work has the same id in any execution',
  event_type: 'one of the types below',
  step: 'approval step, else null',
  actor: `\`type\` (${codes(Actor.shape.type.options)}), \`id\`, and \`identity\`: how that is known (${codes(Actor.shape.identity.options)})`,
  at: 'UTC, milliseconds',
  message: 'one line for people, else null',
  outputs: 'what the event carries; a stage keeps its whole result in `outputs.result`',
  prev_hash: 'hash of the event before; 64 zeros for the first',
  hash: 'sha256 of the canonical (RFC 8785) event without `hash`',
};

/** Sources that may write an event: the fold and the pages only read them. */
const writers = globSync('functions/**/*.ts', {
  cwd: ROOT,
  exclude: ['**/*.test.ts', '**/*.fixture.ts', 'functions/web/**', 'functions/lib/fold.ts'],
});
const written = (): Set<EventType> => {
  const text = writers.map((file) => readFileSync(new URL(file, ROOT), 'utf8')).join('\n');
  return new Set(EVENT_TYPES.filter((type) => text.includes(`'${type}'`)));
};

/** Every event type with its meaning, and which of them this build writes. */
export const eventsPage = (): string => {
  const live = written();
  return page(
    'Events',
    '`contracts/events.ts` and the sources that write them',
    'A job is its list of events. Each is one object, `s3://holdpoint-<env>-events/jobs/<job_id>/events/<seq>.json`, with `seq` in 8 digits. It is created once and never changed.',
    '## Members',
    table(
      ['member', 'meaning'],
      Object.keys(JobEvent.shape).map((name) => [code(name), Object.entries(MEMBERS).find(([member]) => member === name)?.[1] ?? '']),
    ),
    '## Types',
    table(
      ['type', 'meaning'],
      EVENT_TYPES.filter((type) => live.has(type)).map((type) => [code(type), MEANING[type]]),
    ),
    '## Reserved types',
    'The vocabulary also has these. Nothing writes them.',
    table(
      ['type', 'meaning'],
      EVENT_TYPES.filter((type) => !live.has(type)).map((type) => [code(type), MEANING[type]]),
    ),
  );
};
