import { rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { Telemetry } from '../../../contracts/ports.ts';
import { TELEMETRY_TABLES, type TelemetryTable } from '../../../contracts/telemetry.ts';
import { TELEMETRY_PARTITION } from '../../../contracts/telemetry-layout.ts';
import { sqliteInsert, sqliteTable, sqliteValues } from '../../../functions/lib/telemetry/columns.ts';

const TABLES = Object.keys(TELEMETRY_TABLES).filter((name): name is TelemetryTable => name in TELEMETRY_TABLES);
const LOADED = 'CREATE TABLE loaded_objects (key TEXT PRIMARY KEY) WITHOUT ROWID';

const declared = (): string[] => [...TABLES.map(sqliteTable), LOADED];

/** Opens the file, or makes it anew where its tables are not those of this build: it holds nothing that the bucket does not. */
const open = (file: string): DatabaseSync => {
  const db = new DatabaseSync(file);
  const tables = db.prepare("SELECT sql FROM sqlite_master WHERE type = 'table'").all();
  const wanted = declared();
  if (tables.length === wanted.length && tables.every(({ sql }) => wanted.includes(String(sql)))) return db;
  db.close();
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
  const fresh = new DatabaseSync(file);
  fresh.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF');
  for (const sql of wanted) fresh.exec(sql);
  return fresh;
};

/** Objects read at once. */
const BATCH = 64;

const batches = async function* <T>(items: AsyncIterable<T>): AsyncGenerator<T[]> {
  let batch: T[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  yield batch;
};

export type Store = {
  /** Takes in the objects that came since; each once. */
  load(): Promise<void>;
  close(): void;
};

/** The telemetry bucket as a SQLite file, filled as it grows. */
export const createStore = (file: string, telemetry: Telemetry): Store => {
  const db = open(file);
  const known = db.prepare('SELECT 1 FROM loaded_objects WHERE key = ?');
  const remember = db.prepare('INSERT INTO loaded_objects VALUES (?)');
  const dayOf = (key: string): string => new RegExp(`/${TELEMETRY_PARTITION}=([^/]+)/`).exec(key)?.[1] ?? '';

  const loadTable = async (table: TelemetryTable): Promise<void> => {
    const insert = db.prepare(sqliteInsert(table));
    for await (const batch of batches(telemetry.list(table))) {
      const fresh = batch.filter(({ key }) => known.get(key) === undefined);
      const read = await Promise.all(fresh.map(async ({ key }) => ({ key, rows: await telemetry.rows({ table, key }) })));
      db.exec('BEGIN');
      for (const { key, rows } of read) {
        for (const row of rows) insert.run(...sqliteValues(table, row, dayOf(key)));
        remember.run(key);
      }
      db.exec('COMMIT');
    }
  };

  const loadAll = async (): Promise<void> => {
    for (const table of TABLES) await loadTable(table);
  };

  let loading: Promise<void> = Promise.resolve();
  return {
    // One after the other: what a load takes in, the next one knows.
    load: () => (loading = loading.catch(() => undefined).then(loadAll)),
    close: () => db.close(),
  };
};
