import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Column, renderTable } from './table.ts';
import { clean, widthOf } from './text.ts';

type Row = { id: string; title: string; note: string };
const columns: Column<Row>[] = [
  { head: 'ID', cell: (row) => row.id },
  { head: 'TITLE', cell: (row) => clean(row.title), flex: true },
  { head: 'NOTE', cell: (row) => clean(row.note).slice(0, 40), drop: 1 },
];
const row = fc.record({
  id: fc.constant('0123456789ab'),
  title: fc.string({ unit: 'grapheme', maxLength: 80 }),
  note: fc.string({ maxLength: 60 }),
});

test('no line is wider than the terminal', () => {
  fc.assert(
    fc.property(fc.array(row, { maxLength: 5 }), fc.integer({ min: 24, max: 120 }), (rows, width) => {
      for (const line of renderTable(columns, rows, width, (text) => text)) expect(widthOf(line)).toBeLessThanOrEqual(width);
    }),
  );
});

test('a narrow terminal loses the dispensable column, not the title', () => {
  const rows = [{ id: '0123456789ab', title: 'Trend after calm', note: 'a note of some length' }];
  expect(renderTable(columns, rows, 32, (text) => text)).toEqual(['ID            TITLE', '0123456789ab  Trend after calm']);
});

test('where it would be cut to nothing, the flexible column goes under its row', () => {
  const rows = [{ id: '0123456789ab', title: 'Trend after a calm month', note: '' }];
  expect(renderTable(columns, rows, 24, (text) => text)).toEqual(['ID', '0123456789ab', '  Trend after a calm mo…']);
});

test('without a terminal nothing is cut', () => {
  const title = 'long '.repeat(60).trim();
  expect(renderTable(columns, [{ id: 'x', title, note: '' }], Number.POSITIVE_INFINITY, (text) => text)[1]).toContain(title);
});
