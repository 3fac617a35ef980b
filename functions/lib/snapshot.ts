import { CsvError, parse } from 'csv-parse/sync';
import { SnapshotRefused } from '../../contracts/errors.ts';
import { IsoDate, type SnapshotId } from '../../contracts/ids.ts';
import { type Bar, SNAPSHOT_MAX_BYTES, Snapshot, SymbolName } from '../../contracts/snapshot.ts';
import { encodeBars } from './bars.ts';
import { sha256Hex } from './hash.ts';

export type IngestOptions = {
  snapshot_id: SnapshotId;
  /** Names the bars of a file without a `symbol` column; refused where the file has one that disagrees. */
  symbol?: string | null;
  source?: string | null;
};

const REQUIRED = ['date', 'open', 'high', 'low', 'close', 'volume'] as const;
const NUMBER = /^\d+(\.\d+)?([eE][+-]?\d+)?$/;
// Far outside any market, and far inside what a product of thousands of daily returns can hold.
const PRICE = { min: 1e-6, max: 1e9 };
// Files with a few decimals round open, high, low and close apart from each other.
const ROUNDING = 1e-6;

const refuse = (message: string): never => {
  throw new SnapshotRefused(message);
};

const textOf = (csv: string | Uint8Array): string => {
  const bytes = typeof csv === 'string' ? Buffer.byteLength(csv) : csv.byteLength;
  if (bytes > SNAPSHOT_MAX_BYTES) refuse(`the file has ${bytes} bytes, the limit is ${SNAPSHOT_MAX_BYTES} (50 MiB); split it by symbol`);
  const text = typeof csv === 'string' ? csv : new TextDecoder().decode(csv);
  // What a decoder puts in place of bytes that are not UTF-8, here or before the text came to us.
  if (text.includes('\uFFFD')) refuse('the file is not UTF-8 text; save it as CSV in UTF-8');
  return text;
};

type Line = { cells: string[]; number: number };

const linesOf = (text: string): Line[] => {
  const numbers: number[] = [];
  try {
    const records = parse(text, {
      bom: true,
      skip_empty_lines: true,
      trim: true,
      on_record: (record: string[], { lines }) => {
        numbers.push(lines);
        return record;
      },
    });
    return records.map((cells, i) => ({ cells, number: numbers[i] ?? 0 }));
  } catch (cause) {
    if (cause instanceof CsvError) throw new SnapshotRefused(`the file is not CSV: ${cause.message}`, { cause });
    throw cause;
  }
};

/** Column name to position. "Adj Close" and "adjclose" are the same name. */
const columnsOf = (header: readonly string[]): Map<string, number> => {
  const names = header.map((name) => name.toLowerCase().replaceAll(/[ _]/g, ''));
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) refuse(`column "${twice}" is there twice; keep one`);
  const missing = REQUIRED.filter((name) => !names.includes(name));
  if (missing.length)
    refuse(`column ${missing.map((m) => `"${m}"`).join(', ')} is missing; the header is "${header.join(',').slice(0, 200)}"`);
  return new Map(names.map((name, i) => [name, i]));
};

type Row = { number: number; cell: (name: string) => string; has: (name: string) => boolean };

const number = (row: Row, name: string): number => {
  const text = row.cell(name);
  const value = NUMBER.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(value)
    ? value
    : refuse(`row ${row.number}: ${name} is "${text.slice(0, 40)}"; it must be a plain finite number, not negative`);
};

const price = (row: Row, name: string): number => {
  const value = number(row, name);
  if (value >= PRICE.min && value <= PRICE.max) return value;
  return refuse(`row ${row.number}: ${name} is "${row.cell(name).slice(0, 40)}"; a price is above 0, from ${PRICE.min} to ${PRICE.max}`);
};

const symbolOf = (row: Row, named: string | null): string => {
  const symbol = row.has('symbol') ? row.cell('symbol') : (named ?? refuse('the file has no "symbol" column; name the symbol of its bars'));
  const where = row.has('symbol') ? `row ${row.number}: symbol` : 'the symbol';
  if (!SymbolName.safeParse(symbol).success)
    refuse(`${where} "${symbol.slice(0, 40)}" is not valid: a symbol is 1-16 upper-case letters, digits or ._^-`);
  if (named !== null && symbol !== named) refuse(`${where} is "${symbol}", but the bars were named "${named}"; leave the name out`);
  return symbol;
};

const barOf = (row: Row, named: string | null): Bar => {
  const symbol = symbolOf(row, named);
  const date = row.cell('date');
  if (!IsoDate.safeParse(date).success) refuse(`row ${row.number}: date "${date.slice(0, 40)}" is not a calendar day YYYY-MM-DD`);
  const [open, high, low, close] = [price(row, 'open'), price(row, 'high'), price(row, 'low'), price(row, 'close')];
  if (high < low) refuse(`row ${row.number}: high ${high} is below low ${low}`);
  for (const [name, value] of [
    ['open', open],
    ['close', close],
  ] as const)
    if (value > high * (1 + ROUNDING) || value < low * (1 - ROUNDING))
      refuse(`row ${row.number}: ${name} ${value} is outside low ${low} to high ${high}`);
  const bar = {
    symbol,
    date,
    open,
    high: Math.max(open, high, close),
    low: Math.min(open, low, close),
    close,
    volume: number(row, 'volume'),
  };
  return row.has('adjclose') ? adjust(bar, price(row, 'adjclose')) : bar;
};

/** Scales a bar for splits and dividends, as its adjusted close does. */
const adjust = (bar: Bar, adjclose: number): Bar => {
  const factor = adjclose / bar.close;
  if (factor === 1) return bar;
  return { ...bar, open: bar.open * factor, high: bar.high * factor, low: bar.low * factor, close: bar.close * factor };
};

/** Groups bars by symbol, in the order of names; dates must rise within each. */
const inOrder = (read: readonly { row: Row; bar: Bar }[]): Bar[] => {
  const groups = new Map<string, Bar[]>();
  for (const { row, bar } of read) {
    const group = groups.get(bar.symbol) ?? [];
    const before = group.at(-1)?.date ?? '';
    if (before === bar.date) refuse(`row ${row.number}: ${bar.symbol} has ${bar.date} twice`);
    if (before > bar.date) refuse(`row ${row.number}: ${bar.symbol} ${bar.date} comes after ${before}; sort the file by date`);
    group.push(bar);
    groups.set(bar.symbol, group);
  }
  return [...groups.keys()].sort().flatMap((symbol) => groups.get(symbol) ?? []);
};

const manifestOf = (bars: readonly Bar[], body: string, adjusted: boolean, options: IngestOptions): Snapshot => {
  const dates = bars.map((bar) => bar.date).sort();
  const manifest = Snapshot.safeParse({
    schema_version: 'snapshot_v1',
    snapshot_id: options.snapshot_id,
    sha256: sha256Hex(body),
    bytes: Buffer.byteLength(body),
    rows: bars.length,
    symbols: [...new Set(bars.map((bar) => bar.symbol))],
    first: dates[0],
    last: dates.at(-1),
    adjusted,
    source: options.source ?? null,
  });
  if (manifest.success) return manifest.data;
  const [issue] = manifest.error.issues;
  return refuse(`${issue?.path.join('.')}: ${issue?.message}`);
};

/**
 * Turns a CSV file of daily bars into an immutable snapshot: its manifest, and the normalized text that
 * lies under its own digest. Rows are numbered by their line in the file. Throws `SnapshotRefused` with row
 * and value for anything that is not daily bars.
 */
export const ingest = (csv: string | Uint8Array, options: IngestOptions): { manifest: Snapshot; body: string } => {
  const [header, ...lines] = linesOf(textOf(csv));
  if (!header) return refuse('the file is empty; it needs a header and at least one row');
  const columns = columnsOf(header.cells);
  if (lines.length === 0) refuse('the file has a header and no rows');
  const read = lines.map(({ cells, number }) => {
    const row: Row = { number, has: (name) => columns.has(name), cell: (name) => cells[columns.get(name) ?? -1] ?? '' };
    return { row, bar: barOf(row, options.symbol ?? null) };
  });
  const adjusted = columns.has('adjclose') && read.some(({ row }) => row.cell('adjclose') !== row.cell('close'));
  const bars = inOrder(read);
  const body = encodeBars(bars);
  return { manifest: manifestOf(bars, body, adjusted, options), body };
};
