import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Execution, fold, type Stored, Summary, started } from './execution.ts';
import { fileName } from './files.ts';
import { openJournal, readJournal, trimJournal } from './journal.ts';
import type { JournalRecord, StartRecord } from './records.ts';

export type Place = { machine: string; name: string };

/** Executions by place: those that run in memory, those that ended by their summary, everything in their journals. */
export type Store = {
  running(place: Place): Execution | undefined;
  closed(place: Place): Summary | undefined;
  allRunning(): Execution[];
  summaries(): Summary[];
  create(start: StartRecord): Execution;
  /** The journal as far as it is on the disk; empty when there is none. */
  records(place: Place): JournalRecord[];
  read(place: Place): Stored | null;
  /** Takes an execution that ended back among the running ones. */
  reopen(place: Place): Execution | null;
  /** The journal has its end. */
  close(execution: Execution): void;
};

const key = ({ machine, name }: Place): string => `${machine}:${name}`;

export function openStore(folder: string): Store {
  const executions = join(folder, 'executions');
  const index = join(folder, 'closed.jsonl');
  mkdirSync(executions, { recursive: true });
  const file = ({ machine, name }: Place) => join(executions, fileName(machine), `${fileName(name)}.jsonl`);
  const running = new Map<string, Execution>();
  const closed = new Map(readIndex(index).map((summary) => [key(summary), summary]));

  const hold = (stored: Stored): Execution => {
    const path = file(stored.summary);
    // A journal that cannot be written is the end of the run, not of the execution: a restart goes on from what is there.
    const execution: Execution = { ...stored, journal: openJournal(path, () => execution.run?.halt()) };
    running.set(key(stored.summary), execution);
    return execution;
  };
  const listed = new Set([...closed.values()].map(file));
  for (const path of journals(executions)) {
    if (listed.has(path)) continue;
    trimJournal(path);
    const stored = fold(readJournal(path));
    if (stored?.summary.status === 'RUNNING') hold(stored);
    else if (stored) closed.set(key(stored.summary), stored.summary);
  }

  const records = (place: Place) => (existsSync(file(place)) ? readJournal(file(place)) : []);
  const read = (place: Place) => fold(records(place));
  const create = (start: StartRecord) => {
    const execution = hold(started(start));
    execution.journal.append(start);
    return execution;
  };
  const reopen = (place: Place) => {
    const stored = read(place);
    if (!stored) return null;
    // Without its line the file is read at the next start, which is right whatever happens from here.
    appendFileSync(index, `${JSON.stringify({ reopened: key(place) })}\n`);
    closed.delete(key(place));
    return hold(stored);
  };
  const close = ({ summary }: Execution) => {
    running.delete(key(summary));
    closed.set(key(summary), summary);
    appendFileSync(index, `${JSON.stringify(summary)}\n`);
  };
  return {
    running: (place) => running.get(key(place)),
    closed: (place) => closed.get(key(place)),
    allRunning: () => [...running.values()],
    summaries: () => [...[...running.values()].map(({ summary }) => summary), ...closed.values()],
    create,
    records,
    read,
    reopen,
    close,
  };
}

const journals = (executions: string): string[] =>
  readdirSync(executions).flatMap((machine) => readdirSync(join(executions, machine)).map((name) => join(executions, machine, name)));

/** The index only spares reading journals: what it lacks, or holds half of, is read from them. */
function readIndex(index: string): Summary[] {
  const summaries = new Map<string, Summary>();
  for (const line of existsSync(index) ? readFileSync(index, 'utf8').split('\n') : []) {
    const reopened = /^\{"reopened":(".*")\}$/.exec(line)?.[1];
    const summary = reopened ? undefined : Summary.safeParse(parseLine(line)).data;
    if (reopened) summaries.delete(JSON.parse(reopened));
    else if (summary) summaries.set(key(summary), summary);
  }
  return [...summaries.values()];
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
