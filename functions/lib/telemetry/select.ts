import { SQL_MAX } from '../../../contracts/telemetry-query.ts';

/** What is no word of the statement: quoted text and names, comments. One that does not end runs to the end. */
const QUOTED = /'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|`[^`]*(?:`|$)|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/g;

/** Words that no question needs: they change something, leave the tables, or need not end. */
const REFUSED = new Set([
  ...['insert', 'update', 'delete', 'merge', 'replace', 'create', 'drop', 'alter', 'truncate', 'into', 'unload'],
  ...['attach', 'detach', 'pragma', 'vacuum', 'reindex', 'analyze', 'begin', 'commit', 'rollback', 'savepoint'],
  ...['grant', 'revoke', 'call', 'execute', 'prepare', 'deallocate', 'describe', 'show', 'explain', 'msck', 'optimize', 'use', 'set'],
  ...['recursive', 'load_extension', 'readfile', 'writefile'],
]);

/** The one statement, without what ends it. */
export const statementOf = (sql: string): string => sql.trim().replace(/[;\s]+$/, '');

/** Why a text is no question that may be asked of the tables; null when it is one: a single SELECT. */
export const selectProblem = (sql: string): string | null => {
  if (sql.length > SQL_MAX) return `the SQL has ${sql.length} characters; at most ${SQL_MAX} are allowed`;
  const bare = statementOf(sql).replace(QUOTED, ' ').trim().toLowerCase();
  if (bare === '') return 'no SQL was given; ask something like "SELECT COUNT(*) FROM llm_usage_events"';
  const words = bare.match(/[a-z_][a-z0-9_]*/g) ?? [];
  const [first = ''] = words;
  if (first !== 'select' && first !== 'with') return `only SELECT may be asked, and this begins with "${first || bare.slice(0, 20)}"`;
  if (bare.includes(';')) return 'one statement may be asked at a time, and here are several; remove what follows ";"';
  const refused = words.find((word) => REFUSED.has(word));
  return refused === undefined ? null : `only SELECT may be asked, and this has the word "${refused}"; quote it if it is a name`;
};
