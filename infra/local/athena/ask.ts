import { constants, DatabaseSync } from 'node:sqlite';
import { text } from 'node:stream/consumers';

/** What a question is answered with: cells as Athena writes them, and its names of types. */
export type Asked = { columns: { name: string; type: string }[]; rows: (string | null)[][] } | { error: string };

const { SQLITE_OK, SQLITE_DENY, SQLITE_SELECT, SQLITE_READ, SQLITE_FUNCTION } = constants;
const ALLOWED: readonly number[] = [SQLITE_SELECT, SQLITE_FUNCTION];

/** Most rows that are kept of an answer: more than anybody is given. */
const KEPT = 5_000;

const TYPES: Readonly<Record<string, string>> = { TEXT: 'varchar', INTEGER: 'bigint', REAL: 'double', BOOLEAN: 'boolean' };

const typeOf = (declared: string | null, values: readonly unknown[]): string => {
  const known = declared === null ? undefined : TYPES[declared];
  if (known !== undefined) return known;
  const numbers = values.filter((value) => typeof value === 'number');
  if (numbers.length === 0) return 'varchar';
  return numbers.every(Number.isInteger) ? 'bigint' : 'double';
};

const cell = (type: string, value: unknown): string | null => {
  if (value === null || value === undefined) return null;
  if (type === 'boolean') return value === 0 ? 'false' : 'true';
  return typeof value === 'string' ? value : JSON.stringify(value);
};

/** Answers one question from the file. Nothing but reading the tables of telemetry is allowed. */
const ask = (file: string, sql: string): Asked => {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    db.setAuthorizer((action, table) => {
      if (ALLOWED.includes(action)) return SQLITE_OK;
      // The file's own books are no table of telemetry.
      return action === SQLITE_READ && !/^(sqlite_|pragma_|loaded_objects$)/.test(table ?? '') ? SQLITE_OK : SQLITE_DENY;
    });
    const statement = db.prepare(sql);
    statement.setReturnArrays(true);
    const found: unknown[][] = [];
    for (const row of statement.iterate()) {
      found.push(Object.values(row));
      if (found.length >= KEPT) break;
    }
    const columns = statement.columns().map(({ name, type }, i) => ({
      name,
      type: typeOf(
        type,
        found.map((row) => row[i]),
      ),
    }));
    return { columns, rows: found.map((row) => row.map((value, i) => cell(columns[i]?.type ?? '', value))) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  } finally {
    db.close();
  }
};

// A process of its own: a question that takes too long can only be stopped from outside.
const [, , file = ''] = process.argv;
process.stdout.write(JSON.stringify(ask(file, await text(process.stdin))));
