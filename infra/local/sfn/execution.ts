import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import type { Journal } from './journal.ts';
import type { End, JournalRecord, Outcome, StartRecord, TaskRecord } from './records.ts';

/** What lists need, and all that is kept in memory of a closed execution. Times are epoch milliseconds. */
export const Summary = z.strictObject({
  machine: z.string(),
  name: z.string(),
  status: z.enum(['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED']),
  version: z.int(),
  via: z.enum(['arn', 'alias', 'version']),
  startedAt: z.number(),
  stoppedAt: z.number().optional(),
  redriveCount: z.int(),
  redrivenAt: z.number().optional(),
});
export type Summary = z.infer<typeof Summary>;

export type Task = Omit<TaskRecord, 't'> & {
  /** The redrive it belongs to: its events are told apart from those of an attempt that was dropped. */
  generation: number;
  submitted: boolean;
  outcome?: Outcome;
  /** Set while a run waits for the outcome. */
  deliver?: (outcome: Outcome) => void;
  callOff?: () => void;
};

/** An execution as its journal tells it. */
export type Stored = {
  summary: Summary;
  input: string;
  end?: End;
  clientToken?: string;
  tasks: Map<string, Task>;
  /** Ids of the events its journal held when it was read, by key. A run writes each key once, so its own need no keeping. */
  events: Map<string, number>;
  lastEventId: number;
};

export type Execution = Stored & { journal: Journal; run?: Run };

/** A running execution's handle; see runner.ts. */
export type Run = {
  /** Ends it in memory only: nothing more is written or invoked. */
  halt(): void;
  /** Writes its end and resolves once that is durable; the first end counts. */
  end(ending: Ending): Promise<End>;
};

export type Ending = Pick<End, 'status'> & { output?: string; error?: string | undefined; cause?: string | undefined };

/** Folds a journal; null when it holds no start, which is what a crash before the first answer leaves. */
export function fold(records: JournalRecord[]): Stored | null {
  const [start, ...rest] = records;
  if (start?.t !== 'start') return null;
  const stored = started(start);
  for (const record of rest) apply(stored, record);
  return stored;
}

export const started = (start: StartRecord): Stored => ({
  summary: {
    machine: start.machine,
    name: start.name,
    status: 'RUNNING',
    version: start.version,
    via: start.via,
    startedAt: start.at,
    redriveCount: 0,
  },
  input: start.input,
  tasks: new Map(),
  events: new Map(),
  lastEventId: 0,
});

/** Takes one record into the execution's memory. Attempts of a name that was dropped by a redrive are replaced. */
export function apply(stored: Stored, record: JournalRecord): void {
  switch (record.t) {
    case 'event':
      stored.events.set(record.key, record.event.id);
      stored.lastEventId = record.event.id;
      return;
    case 'task': {
      const { t: _t, ...task } = record;
      stored.tasks.set(task.id, { ...task, generation: stored.summary.redriveCount, submitted: false });
      return;
    }
    case 'submitted':
    case 'done': {
      const task = stored.tasks.get(record.id);
      if (task && record.t === 'submitted') task.submitted = true;
      if (task && record.t === 'done') task.outcome = record.outcome;
      return;
    }
    case 'end':
      stored.end = record;
      stored.summary = { ...stored.summary, status: record.status, stoppedAt: record.at };
      return;
    case 'redrive':
      redrive(stored, record.at);
      if (record.clientToken !== undefined) stored.clientToken = record.clientToken;
      return;
    case 'start':
      throw new Error(`the journal of ${stored.summary.machine}/${stored.summary.name} starts twice`);
  }
}

function redrive(stored: Stored, at: number): void {
  const { stoppedAt: _stopped, ...summary } = stored.summary;
  stored.summary = { ...summary, status: 'RUNNING', redriveCount: summary.redriveCount + 1, redrivenAt: at };
  forget(stored, stored.end?.unfinished ?? []);
  // What was waiting when the execution ended waits no more: its tokens are worth nothing, so it is begun anew.
  for (const task of stored.tasks.values()) if (!task.outcome && !isContainer(task)) stored.tasks.delete(task.id);
  delete stored.end;
}

/** Makes attempts at one state undone: a task is made anew; a Parallel or Map keeps what its branches finished. */
function forget(stored: Stored, attempts: string[]): void {
  const last = attempts.at(-1);
  const inner = [...stored.tasks.keys()].filter((id) => id.startsWith(`${last}.`));
  const task = last === undefined ? undefined : stored.tasks.get(last);
  if (!task || isContainer(task)) {
    if (task) delete task.outcome;
    if (task) task.generation = stored.summary.redriveCount;
    for (const branch of new Set(inner.map(frameOf))) if (depth(branch) === depth(`${last}.`)) forgetBranch(stored, branch);
    return;
  }
  for (const id of attempts) stored.tasks.delete(id);
}

/** The branch's last state is the one that failed or was cut off, unless its last attempt succeeded. */
function forgetBranch(stored: Stored, branch: string): void {
  const attempts = [...stored.tasks.values()].filter((task) => frameOf(task.id) === branch);
  const last = attempts.at(-1);
  if (!last || last.outcome?.ok) return;
  forget(
    stored,
    attempts.filter((task) => task.state === last.state && task.visit === last.visit).map((task) => task.id),
  );
}

/** A Parallel or a Map: it waits for its branches, however long. */
const isContainer = ({ deadline }: Task): boolean => deadline === undefined;

/** `3.0/1` is in `3.0/`, `1` in the root frame, the empty path. */
const frameOf = (id: string): string => id.slice(0, id.lastIndexOf('/') + 1);
const depth = (path: string): number => path.split('.').length;

const TokenBody = z.tuple([z.string(), z.string(), z.string()]);

/** Opaque to its holders; it names its execution so that an old token can be told from a made-up one. */
export const newToken = ({ machine, name }: Summary): string =>
  Buffer.from(JSON.stringify([machine, name, randomBytes(24).toString('base64url')])).toString('base64');

/** The execution a token names, or null when it is none of ours. */
export function readToken(token: string): { machine: string; name: string } | null {
  try {
    const [machine, name] = TokenBody.parse(JSON.parse(Buffer.from(token, 'base64').toString('utf8')));
    return { machine, name };
  } catch {
    return null;
  }
}
