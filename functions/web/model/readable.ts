import { clip, excerpt, figure, keyLabel } from './text.ts';

export type Tone = 'good' | 'bad' | null;
export type Cell = { text: string; number: boolean; tone: Tone };
export type Block =
  | { kind: 'fields'; fields: { label: string; cell: Cell }[] }
  | { kind: 'table'; caption: string; columns: string[]; rows: { head: string; cells: Cell[] }[]; hidden: number }
  | { kind: 'section'; label: string; blocks: Block[] };

type Fields = Record<string, unknown>;
const MAX_ROWS = 40;
const MAX_FIELDS = 60;
const MAX_DEPTH = 3;
const MAX_COLUMNS = 20;
/** As long as any text a blueprint may carry. */
const MAX_TEXT = 4000;

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
const isScalar = (value: unknown): boolean => typeof value !== 'object' || value === null;

/** A scalar, a short list or a few short fields read best on one line. */
const isLine = (value: unknown): boolean => {
  if (isScalar(value)) return true;
  const parts = Object.values(value ?? {});
  return parts.length <= (Array.isArray(value) ? 12 : 4) && parts.every(isScalar) && JSON.stringify(value).length <= 200;
};

// Stored JSON is sorted by name; a reader wants to know first what it is, last which version it has.
const FIRST = [
  'name',
  'title',
  'hypothesis',
  'rationale',
  'summary',
  'passed',
  'guard_status',
  'finding_count',
  'type',
  'strategy',
  'symbols',
  'train',
  'rule',
  'gate',
  'start',
  'end',
];
const LAST = /(^schema_version|_version|sha256)$/;

const rank = (key: string): number => (LAST.test(key) ? 1000 : FIRST.includes(key) ? FIRST.indexOf(key) : 100);

const ordered = (value: Fields): [string, unknown][] => Object.entries(value).toSorted(([a], [b]) => rank(a) - rank(b));

const line = (value: Fields): string => {
  const { start, end } = value;
  if (Object.keys(value).length === 2 && typeof start === 'string' && typeof end === 'string')
    return `${clip(start, 40)} to ${clip(end, 40)}`;
  return ordered(value)
    .map(([key, part]) => (key === 'type' ? cellOf(part).text : `${keyLabel(key)} ${cellOf(part).text}`))
    .join(', ');
};

// Whole ones are in the file; twelve digits are enough to compare.
const DIGEST = /^[0-9a-f]{64}$/;

const WORDS: Record<string, Tone> = { pass: 'good', passed: 'good', ok: 'good', fail: 'bad', failed: 'bad' };

/** One value on one line. A `passed: true` is a verdict, not a yes. */
export const cellOf = (value: unknown, key = ''): Cell => {
  const text = (words: string, tone: Tone = null): Cell => ({ text: words, number: false, tone });
  if (value === null || value === undefined) return text('–');
  if (typeof value === 'number') return { text: figure(value), number: true, tone: null };
  if (typeof value === 'boolean') {
    return /^(passed|ok|pass)$/.test(key) ? text(value ? 'passed' : 'failed', value ? 'good' : 'bad') : text(value ? 'yes' : 'no');
  }
  if (typeof value === 'string')
    return text(DIGEST.test(value) ? `${value.slice(0, 12)}…` : excerpt(value, MAX_TEXT), WORDS[value.toLowerCase()] ?? null);
  if (Array.isArray(value) && value.every(isScalar)) return text(value.length === 0 ? 'none' : value.map((v) => cellOf(v).text).join(', '));
  if (isFields(value) && isLine(value)) return text(line(value));
  return text(excerpt(JSON.stringify(value) ?? '', 160));
};

const columnsOf = (rows: Fields[]): string[] => [...new Set(rows.flatMap((row) => Object.keys(row)))].toSorted((a, b) => rank(a) - rank(b));

const tableOf = (caption: string, rows: { head: string; value: Fields }[]): Block => {
  const keys = columnsOf(rows.map((row) => row.value)).slice(0, MAX_COLUMNS);
  return {
    kind: 'table',
    caption,
    columns: keys.map(keyLabel),
    rows: rows.slice(0, MAX_ROWS).map(({ head, value }) => ({ head, cells: keys.map((key) => cellOf(value[key], key)) })),
    hidden: Math.max(0, rows.length - MAX_ROWS),
  };
};

/** Several objects of the same flat shape are columns of one table, their keys its rows. */
const asMatrix = (label: string, value: Fields): Block | null => {
  const entries = Object.entries(value).filter(([, v]) => isFields(v) && Object.values(v).every(isLine) && !isLine(v));
  if (entries.length < 2 || entries.length > 6 || entries.length !== Object.keys(value).length) return null;
  const keys = columnsOf(entries.map(([, v]) => (isFields(v) ? v : {})));
  const rows = keys.map((key) => ({
    head: keyLabel(key),
    value: Object.fromEntries(entries.map(([name, v]) => [name, isFields(v) ? v[key] : null])),
  }));
  return tableOf(label, rows);
};

const nested = (key: string, value: unknown, depth: number): Block => {
  const label = keyLabel(key);
  if (Array.isArray(value) && value.length > 0 && value.every(isFields)) {
    return tableOf(
      label,
      value.map((item) => ({ head: '', value: item })),
    );
  }
  const matrix = isFields(value) ? asMatrix(label, value) : null;
  if (matrix) return matrix;
  if (isFields(value) && depth < MAX_DEPTH) return { kind: 'section', label, blocks: readable(value, depth + 1) };
  return { kind: 'fields', fields: [{ label, cell: cellOf(value, key) }] };
};

/** A JSON document as blocks a person can read: fields, tables, sections. Large ones are cut, and say so. */
export const readable = (value: unknown, depth = 0): Block[] => {
  if (!isFields(value)) return [nested('', value, MAX_DEPTH)];
  const matrix = depth > 0 ? asMatrix('', value) : null;
  if (matrix) return [matrix];
  const entries = ordered(value).slice(0, MAX_FIELDS);
  const lines = entries.filter(([, v]) => isLine(v));
  const hidden = Object.keys(value).length - entries.length;
  const rows = lines.map(([key, v]) => ({ label: keyLabel(key), cell: cellOf(v, key) }));
  if (hidden > 0) rows.push({ label: 'not shown', cell: cellOf(`${hidden} more fields are in the file`) });
  const fields: Block[] = rows.length === 0 ? [] : [{ kind: 'fields', fields: rows }];
  return [...fields, ...entries.filter(([, v]) => !isLine(v)).map(([key, v]) => nested(key, v, depth))];
};
