import { existsSync, renameSync, rmSync } from 'node:fs';
import type { TelemetryPage } from '../contracts/telemetry-query.ts';
import { TableName } from '../contracts/telemetry-query.ts';
import { sqliteInsert, sqliteTable, sqliteValues } from '../functions/lib/telemetry/columns.ts';
import { CliError, EXIT } from './exit.ts';
import { clean } from './text.ts';

/** A SQLite file of telemetry that is being filled. It gets its name when it is whole. */
export type TelemetryFile = {
  add(table: TelemetryPage['table'], rows: readonly { dt: string }[]): void;
  finish(): void;
  discard(): void;
};

/** @throws CliError where the file exists, or cannot be made */
export const createTables = async (out: string): Promise<TelemetryFile> => {
  if (existsSync(out)) throw new CliError('EXISTS', EXIT.conflict, `${clean(out)} exists`, { next: 'name another file, or remove it' });
  // Loaded here: other verbs shall not wait for it.
  const { DatabaseSync } = await import('node:sqlite');
  const draft = `${out}.part`;
  rmSync(draft, { force: true });
  const open = () => {
    try {
      return new DatabaseSync(draft);
    } catch (cause) {
      throw new CliError('USAGE', EXIT.usage, `${clean(out)} cannot be written`, { next: 'name a file in a folder that exists', cause });
    }
  };
  const db = open();
  for (const table of TableName.options) db.exec(sqliteTable(table));
  return {
    add: (table, rows) => {
      const insert = db.prepare(sqliteInsert(table));
      db.exec('BEGIN');
      for (const row of rows) insert.run(...sqliteValues(table, row, row.dt));
      db.exec('COMMIT');
    },
    finish: () => {
      db.close();
      renameSync(draft, out);
    },
    discard: () => {
      db.close();
      rmSync(draft, { force: true });
    },
  };
};
