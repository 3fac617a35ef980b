import { closeSync, existsSync, fdatasync, mkdirSync, openSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { JournalRecord } from './records.ts';

export type Journal = {
  /** Keeps the record in order; it is on its way to the disk at once. */
  append(record: JournalRecord): void;
  /** Resolves when everything appended so far is on the disk. After a failed write it rejects for good. */
  flush(): Promise<void>;
  /** Everything appended so far, also what is not on the disk yet. */
  read(): Promise<JournalRecord[]>;
};

/**
 * One file per execution, JSON Lines. Appends of one turn of the event loop share one fdatasync: the end of a task and
 * the beginning of the next are one write. The descriptor is not kept, since thousands of executions may wait.
 */
export function openJournal(file: string, onBroken: (error: unknown) => void = () => {}): Journal {
  let buffer = '';
  let tail = Promise.resolve();
  let queued: Promise<void> | null = null;
  let fresh = !existsSync(file);

  const write = async () => {
    await setImmediate();
    queued = null;
    const chunk = buffer;
    buffer = '';
    await appendDurably(file, chunk, fresh);
    fresh = false;
  };
  const flush = (): Promise<void> => {
    if (buffer === '') return queued ?? tail;
    if (!queued) {
      queued = tail.then(write);
      tail = queued;
      tail.catch(onBroken);
    }
    return queued;
  };
  const append = (record: JournalRecord) => {
    buffer += `${JSON.stringify(record)}\n`;
    void flush().catch(() => {});
  };
  const read = async () => {
    await flush();
    return readJournal(file);
  };
  return { append, flush, read };
}

async function appendDurably(file: string, chunk: string, fresh: boolean): Promise<void> {
  if (fresh) mkdirSync(dirname(file), { recursive: true });
  const descriptor = openSync(file, 'a', 0o600);
  try {
    writeFileSync(descriptor, chunk);
    await sync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  if (fresh) await syncFolder(dirname(file));
}

const sync = promisify(fdatasync);

/** Makes the names in a folder durable, a new file's among them. */
export async function syncFolder(folder: string): Promise<void> {
  const descriptor = openSync(folder, 'r');
  await sync(descriptor).finally(() => closeSync(descriptor));
}

/** Reads a journal; throws naming the file and line when one is not a record. An unfinished last line is not read. */
export function readJournal(file: string): JournalRecord[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  lines.pop();
  return lines.map((line, index) => {
    try {
      return JournalRecord.parse(JSON.parse(line));
    } catch (cause) {
      throw new Error(`${file} line ${index + 1} is not a journal record; move the file away to start without this execution`, { cause });
    }
  });
}

/** Cuts off what a crash left of an unfinished write, so that the next append begins a line. */
export function trimJournal(file: string): void {
  const bytes = readFileSync(file);
  const end = bytes.lastIndexOf(0x0a) + 1;
  if (end < bytes.length) truncateSync(file, end);
}
