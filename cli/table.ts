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

/** Columns that fit into `width`, with their widths. */
const layOut = <T>(columns: readonly Column<T>[], rows: readonly T[], width: number): { column: Column<T>; width: number }[] => {
  const sized = columns.map((column) => ({ column, width: naturalWidth(column, rows) }));
  const need = sized.reduce((sum, { column, width: w }) => sum + GAP + (column.flex ? Math.min(w, MIN_FLEX) : w), -GAP);
  const dropped = sized.map(({ column }) => column.drop ?? 0).reduce((a, b) => Math.max(a, b), 0);
  if (need > width && dropped > 0) {
    return layOut(
      columns.filter((column) => column.drop !== dropped),
      rows,
      width,
    );
  }
  const fixed = sized.reduce((sum, { column, width: w }) => sum + (column.flex ? 0 : w), GAP * (sized.length - 1));
  return sized.map(({ column, width: w }) => ({ column, width: column.flex ? Math.max(1, Math.min(w, width - fixed)) : w }));
};

/** Lines of a table no wider than `width` columns where that is possible; Infinity cuts nothing. */
export const renderTable = <T>(
  columns: readonly Column<T>[],
  rows: readonly T[],
  width: number,
  paintHead: (text: string) => string,
): string[] => {
  const laid = layOut(columns, rows, width);
  const place = (column: Column<T>, text: string, room: number, last: boolean): string => {
    const cut = fit(text, room);
    if (column.right) return padStart(cut, room);
    return last ? cut : padEnd(cut, room);
  };
  const line = (text: (column: Column<T>) => string, paint: (column: Column<T>, placed: string) => string): string =>
    laid
      .map(({ column, width: room }, i) => paint(column, place(column, text(column), room, i === laid.length - 1)))
      .join(' '.repeat(GAP))
      .trimEnd();
  return [
    line(
      (column) => column.head,
      (_, text) => paintHead(text),
    ),
    ...rows.map((row) =>
      line(
        (column) => column.cell(row),
        (column, text) => column.paint?.(text, row) ?? text,
      ),
    ),
  ];
};
