import { parse } from 'csv-parse/sync';

/** Rows on one page of a table. */
export const TABLE_ROWS = 200;
const MAX_COLUMNS = 40;
/** Characters of a file that are read as a table. */
const MAX_CHARS = 4_000_000;

export type TablePage = {
  columns: string[];
  rows: string[][];
  /** From 1. */
  page: number;
  pages: number;
  total: number;
  hiddenColumns: number;
  /** False where the file is longer than what was read. */
  whole: boolean;
};

/** One page of CSV (RFC 4180, and what people make of it): what cannot be read as a row is left out. */
export const tablePage = (csv: string, page: number): TablePage => {
  const whole = csv.length <= MAX_CHARS;
  const text = whole ? csv : csv.slice(0, csv.lastIndexOf('\n', MAX_CHARS));
  const [head = [], ...rows] = parse(text, {
    ...{ bom: true, relax_column_count: true, relax_quotes: true, skip_empty_lines: true, skip_records_with_error: true },
  });
  const width = Math.max(head.length, ...rows.slice(0, TABLE_ROWS).map((row) => row.length));
  const pages = Math.max(1, Math.ceil(rows.length / TABLE_ROWS));
  const at = Math.min(Math.max(1, page), pages);
  return {
    columns: head.slice(0, MAX_COLUMNS),
    rows: rows.slice((at - 1) * TABLE_ROWS, at * TABLE_ROWS).map((row) => row.slice(0, MAX_COLUMNS)),
    ...{ page: at, pages, total: rows.length, hiddenColumns: Math.max(0, width - MAX_COLUMNS), whole },
  };
};
