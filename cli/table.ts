import { fit, padEnd, padStart, widthOf } from './text.ts';

export type Column<T> = {
  head: string;
  /** Clean text without colour codes. */
  cell: (row: T) => string;
  paint?: (text: string, row: T) => string;
  /** Takes the room that is left, and is cut to it. One per table. */
  flex?: boolean;
  /** Left out where the terminal is narrow; the highest number goes first. */
  drop?: number;
  right?: boolean;
};

const GAP = 2;
const MIN_FLEX = 16;

const naturalWidth = <T>(column: Column<T>, rows: readonly T[]): number =>
  rows.reduce((width, row) => Math.max(width, widthOf(column.cell(row))), widthOf(column.head));

type Laid<T> = { column: Column<T>; width: number }[];

/** Columns that fit into `width`, with their widths, and the flexible one when it has to go under them. */
const layOut = <T>(columns: readonly Column<T>[], rows: readonly T[], width: number): { beside: Laid<T>; under: Column<T> | null } => {
  const sized = columns.map((column) => ({ column, width: naturalWidth(column, rows) }));
  const need = sized.reduce((sum, { column, width: w }) => sum + GAP + (column.flex ? Math.min(w, MIN_FLEX) : w), -GAP);
  const last = Math.max(...columns.map(({ drop }) => drop ?? 0));
  const fewer = columns.filter(({ drop }) => drop === undefined || drop !== last);
  if (need > width && fewer.length < columns.length) return layOut(fewer, rows, width);
  const under = need > width ? columns.find(({ flex }) => flex) : undefined;
  if (under) return { beside: sized.filter(({ column }) => column !== under), under };
  const fixed = sized.reduce((sum, { column, width: w }) => sum + (column.flex ? 0 : w), GAP * (sized.length - 1));
  const flexible = (w: number) => Math.max(1, Math.min(w, width - fixed));
  return { beside: sized.map(({ column, width: w }) => ({ column, width: column.flex ? flexible(w) : w })), under: null };
};

const place = <T>({ right }: Column<T>, text: string, room: number, last: boolean): string => {
  const cut = fit(text, room);
  if (right) return padStart(cut, room);
  return last ? cut : padEnd(cut, room);
};

/** Lines of a table no wider than `width` columns; Infinity cuts nothing. The flexible column may go under its row. */
export const renderTable = <T>(
  columns: readonly Column<T>[],
  rows: readonly T[],
  width: number,
  paintHead: (text: string) => string,
): string[] => {
  const { beside, under } = layOut(columns, rows, width);
  const line = (text: (column: Column<T>) => string, paint: (column: Column<T>, placed: string) => string): string =>
    beside
      .map(({ column, width: room }, i) => paint(column, place(column, text(column), room, i === beside.length - 1)))
      .join(' '.repeat(GAP))
      .trimEnd();
  const body = (row: T): string[] => {
    const first = line(
      (column) => column.cell(row),
      (column, text) => column.paint?.(text, row) ?? text,
    );
    const below = under === null ? '' : fit(under.cell(row), width - GAP);
    return below === '' ? [first] : [first, `${' '.repeat(GAP)}${under?.paint?.(below, row) ?? below}`];
  };
  const head = line(
    (column) => column.head,
    (_, text) => paintHead(text),
  );
  return [head, ...rows.flatMap(body)];
};
