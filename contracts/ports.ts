import * as z from 'zod';
import type { Amount } from './budget.ts';
import type { JobContext } from './context.ts';
import type { JobEvent } from './events.ts';
import { type ArtifactRef, JobStatus, Outcome } from './job-state.ts';
import { type Cassette, Mode, type ModelRequest } from './llm.ts';
import type { StageAnswer } from './llm-journal.ts';
import { ShadowCount } from './shadow.ts';
import type { FlagState, Switches } from './switches.ts';
import { Measured, type TelemetryRow, type TelemetryTable } from './telemetry.ts';

/** The append-only event log: the truth, and the only place where races are settled. */
export type EventLog = {
  /** Creates the event at its sequence number, or says that somebody was there first. */
  append(event: JobEvent): Promise<'appended' | 'conflict'>;
  /** At most `limit` events after `after`, in order, gap-free. Empty for an unknown job. `newest`: the last sequence known to exist. */
  read(jobId: string, after?: number, newest?: number, limit?: number): Promise<JobEvent[]>;
  /** Ids of all jobs that have a log, in key order. For rebuilding; never on a hot path. */
  jobs(): AsyncIterable<string>;
};

/** The append-only log of what belongs to no job: the same events, the same chain, the same races. */
export type AuditLog = {
  append(event: JobEvent): Promise<'appended' | 'conflict'>;
  /** At most `limit` events after `after`, in order, gap-free. */
  read(after?: number, limit?: number): Promise<JobEvent[]>;
  /** The newest event, or null. Asks for few of the others. */
  last(): Promise<JobEvent | null>;
};

/** Flags and kill switch as a projection of the audit log: one item, quick to read. Losing it loses nothing. */
export type FlagStore = {
  /** Null when there is none. Throws for one that cannot be read. */
  read(): Promise<FlagState | null>;
  /** Writes the state unless a later version is already there. */
  put(state: FlagState): Promise<void>;
};

/** What holds now, for code that asks before it acts. */
export type SwitchReader = {
  /** At most `HOLDPOINT_FLAGS_MAX_AGE_MS` old. Never throws: what cannot be read counts as unsafe. */
  current(): Promise<Switches>;
  /** Takes a state that was just written. */
  learn(state: FlagState): void;
};

/** A row of the projection: enough for lists, always rebuildable by folding. */
export const JobRecord = z.object({
  job_id: z.string(),
  title: z.string(),
  kind: z.enum(['idea', 'blueprint', 'rollout']),
  status: JobStatus,
  step: z.string().nullable(),
  outcome: Outcome.nullable(),
  mode: Mode,
  degraded: z.boolean(),
  shadow: ShadowCount.optional(),
  subject_digest: z.string().nullable(),
  visit: z.int().nullable(),
  opened_at: z.string().nullable().default(null),
  expires_at: z.string().nullable(),
  quorum: z.int(),
  votes: z.int(),
  submitted_by: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  last_seq: z.int(),
  /** Absent where the job is not measured. */
  telemetry: Measured.exclude(['off']).optional(),
  endings: z.int().min(0).optional(),
  /** Decided waits, and those whose next stage was seen. Rows of earlier builds have neither. */
  resumes: z.int().default(0),
  resumed_ok: z.int().default(0),
});
export type JobRecord = z.infer<typeof JobRecord>;

/** A row as the table has it, whatever was done to it there. */
export type StoredRow = {
  /** 0 where it cannot be read. */
  last_seq: number;
  /** Null where no check is due. */
  next_check_at: string | null;
  /** Names of the attributes that `record` would write otherwise, except the time of the next check. */
  differences(record: JobRecord): string[];
};

export type Page<T> = { items: T[]; next_cursor: string | null };

/** The projection (DynamoDB): an index of jobs. Losing it loses nothing. */
export type JobIndex = {
  /** Creates the row before the first event exists. Returns false when a row is there. */
  reserve(record: JobRecord, nextCheckAt: string): Promise<boolean>;
  /** Writes the row unless a later sequence is already there. */
  put(record: JobRecord, nextCheckAt: string | null): Promise<void>;
  /** Brings the next reconciler visit forward. */
  checkSoon(jobId: string, at: string): Promise<void>;
  get(jobId: string): Promise<JobRecord | null>;
  /** The row for comparing it with the log: one that `get` cannot read, too. */
  inspect(jobId: string): Promise<StoredRow | null>;
  /** Newest first. `q` matches the title, case-insensitive. */
  list(query: { status?: string; q?: string; limit: number; cursor?: string }): Promise<Page<JobRecord>>;
  /** What waits for approval, oldest first. */
  waiting(query: { limit: number; cursor?: string }): Promise<Page<JobRecord>>;
  /** Ids of rollouts, newest first. One may be there whose job was never opened. */
  rollouts(query: { limit: number; cursor?: string }): Promise<Page<string>>;
  /** Jobs whose check is due. */
  due(before: string, limit: number): Promise<string[]>;
};

/** A wait that Step Functions holds open. Every token is its own item. */
export type TaskToken = {
  job_id: string;
  state: string;
  step: string;
  visit: number;
  run_id: string;
  token: string /** The hold's own context: its answer is signed from it. */;
  context: JobContext;
  /**
   * Where its answers lead, by the definition that the execution runs on: who decides may be of a later build that has other states.
   * Absent in waits that were opened before this was kept.
   */
  leads_to?: { next: string; revise: string | null } | undefined;
};

export type TaskTokens = {
  put(token: TaskToken): Promise<void>;
  list(jobId: string): Promise<TaskToken[]>;
  close(token: TaskToken): Promise<void>;
};

/** What an approver's link opens. */
export type LinkTarget = { job_id: string; state: string; visit: number; approver: string };

/** Links by the hash of their capability. Rebuilt from the log. */
export type LinkIndex = {
  put(hash: string, target: LinkTarget): Promise<void>;
  get(hash: string): Promise<LinkTarget | null>;
};

export type ExecutionStatus = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED' | 'PENDING_REDRIVE';

/** Executions of one state machine. */
export type Executions = {
  /** Starts by name; an execution of that name that exists already counts as started. */
  start(runId: string, input: string): Promise<void>;
  status(runId: string): Promise<ExecutionStatus | 'NOT_FOUND'>;
  /** How many events its history has (an execution ends at 25,000), and when the newest was written: its last sign of life. */
  history(runId: string): Promise<{ events: number; newest_at: string | null }>;
  /** What its history counts so far: states entered with retries, and the functions it called. Null where there is none. */
  counted(runId: string): Promise<{ transitions: number; invocations: number } | null>;
  stop(runId: string, error: string, cause: string): Promise<void>;
};

/** Open task tokens, of whatever machine. */
export type Waits = {
  /** Answers a wait; false when it was already closed. */
  succeed(token: string, output: unknown): Promise<boolean>;
  fail(token: string, error: string, cause: string): Promise<boolean>;
};

/** Files of jobs, snapshots and the registry. */
export type Artifacts = {
  put(key: string, body: string, contentType: string): Promise<ArtifactRef>;
  /** Writes only if the key is free; false when it was taken. */
  create(key: string, body: string, contentType: string): Promise<boolean>;
  /** Null when absent. */
  get(key: string): Promise<{ body: Uint8Array; content_type: string } | null>;
  /** `modified`: ISO instant, where the store knows it. */
  list(prefix: string): Promise<{ key: string; bytes: number; modified?: string }[]>;
};

/** Recorded answers. */
export type Cassettes = {
  get(agent: string, key: string, n: number): Promise<Cassette | null>;
  /** Conditional: false when this key and index were recorded before. */
  create(cassette: Cassette): Promise<boolean>;
  list(agent?: string): Promise<{ agent: string; key: string; n: number }[]>;
};

/** What a job added to the tables, up to one of its endings. */
export type TelemetryPlace = { job_id: string; created_at: string /** From 1. */; ending: number };

/** One object of rows. */
export type TelemetryObject = { table: TelemetryTable; key: string };

/** Rows of the telemetry tables, one object per job, table and ending. Whoever writes an object first, has written it. */
export type Telemetry = {
  write<T extends TelemetryTable>(table: T, place: TelemetryPlace, rows: readonly TelemetryRow<T>[]): Promise<'written' | 'exists'>;
  /** All rows of a job, oldest first; none where nothing was written. `endings`: how often it ended at most, where the caller knows. */
  read<T extends TelemetryTable>(table: T, jobId: string, createdAt: string, endings?: number): Promise<TelemetryRow<T>[]>;
  /** Every object of a table in the order of its key, after the key `after`. */
  list(table: TelemetryTable, after?: string): AsyncIterable<TelemetryObject>;
  /** The rows of one listed object. Throws `UnreadableDocument` for a row of another shape. */
  rows<T extends TelemetryTable>(object: { table: T; key: string }): Promise<TelemetryRow<T>[]>;
};

/** Where a model call belongs: its journal, budget and evidence hang on it. */
export type ModelScope = {
  job_id: string;
  run_id: string;
  state: string;
  visit: number;
  /** Counts the calls of one state and visit, from 0. */
  ordinal: number;
  mode: Mode;
  /** Position of the provider that is asked first; absent, the configuration's order holds. */
  first?: number;
  /** The stage takes no recording for an answer when providers fail. */
  require_live?: boolean;
  /** What this job may spend where an approval raised it; absent, the configuration's limits hold. */
  limits?: Amount;
};

export type ModelPort = {
  ask(request: ModelRequest, scope: ModelScope): Promise<StageAnswer>;
};

/** HMAC keys for the context: the current one signs, retired ones still verify. */
export type KeyRing = { current: string; keys: Record<string, string> };

/** The ring, cached. `fresh` asks for it anew: a context may be signed with a key that was just added. */
export type ReadKeyRing = (options?: { fresh?: boolean }) => Promise<KeyRing>;

export type Clock = () => Date;
