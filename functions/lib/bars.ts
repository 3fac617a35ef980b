import { UnreadableDocument } from '../../contracts/errors.ts';
import type { Bar } from '../../contracts/snapshot.ts';

const HEADER = 'symbol,date,open,high,low,close,volume';
const COLUMNS = HEADER.split(',').length;

/** The one text a set of bars has: a snapshot's content address is its digest. Bars must be sorted by symbol, then date. */
export const encodeBars = (bars: readonly Bar[]): string =>
  `${HEADER}\n${bars.map((b) => `${b.symbol},${b.date},${b.open},${b.high},${b.low},${b.close},${b.volume}\n`).join('')}`;

const barOf = (line: string, number: number): Bar => {
  const cells = line.split(',');
  const [symbol = '', date = '', ...figures] = cells;
  const [open = Number.NaN, high = Number.NaN, low = Number.NaN, close = Number.NaN, volume = Number.NaN] = figures.map(Number);
  const prices = [open, high, low, close];
  if (cells.length !== COLUMNS || !prices.every((p) => p > 0 && Number.isFinite(p)) || !(volume >= 0))
    throw new UnreadableDocument(`line ${number} of the snapshot is not a bar: "${line.slice(0, 120)}"; ingest the file again`);
  return { symbol, date, open, high, low, close, volume };
};

/** Reads the normalized CSV of a stored snapshot. Throws `UnreadableDocument` naming the line. */
export const decodeBars = (text: string): Bar[] => {
  const lines = text.split('\n');
  if (lines[0] !== HEADER)
    throw new UnreadableDocument(`a snapshot starts with "${HEADER}", not "${(lines[0] ?? '').slice(0, 120)}"; ingest the file again`);
  if (lines.at(-1) !== '') throw new UnreadableDocument(`the snapshot ends in the middle of line ${lines.length}; ingest the file again`);
  return lines.slice(1, -1).map((line, i) => barOf(line, i + 2));
};
