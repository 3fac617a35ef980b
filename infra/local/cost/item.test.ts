import { expect, it } from 'vitest';
import { itemSize, writeUnits } from './item.ts';

const row = (changes: Record<string, string>) =>
  Object.fromEntries(
    Object.entries({
      pk: 'JOB#1',
      sk: 'JOB',
      list_pk: 'JOBS',
      list_sk: 'a',
      status_pk: 'RUNNING',
      due_pk: 'DUE',
      next_check_at: '1',
      ...changes,
    }).map(([name, value]) => [name, { S: value }]),
  );

it('a new row is written to the table and to every index that has its keys', () => {
  expect(writeUnits(null, row({}))).toBe(4);
  expect(writeUnits(null, row({ waiting_pk: 'WAITING', opened_at: '1' }))).toBe(5);
});

it('an attribute that changed is written to every index, a key that changed twice to its own', () => {
  expect(writeUnits(row({}), row({ title: 'x' }))).toBe(4);
  expect(writeUnits(row({}), row({ next_check_at: '2' }))).toBe(5);
  expect(writeUnits(row({}), row({ status_pk: 'DONE', next_check_at: '2' }))).toBe(6);
});

it('a write that changes nothing is one of the table alone', () => {
  expect(writeUnits(row({}), row({}))).toBe(1);
});

it('an entry that leaves an index is one write there', () => {
  expect(writeUnits(row({ waiting_pk: 'WAITING', opened_at: '1' }), row({}))).toBe(5);
  expect(writeUnits(row({}), null)).toBe(4);
});

it('every started KB is a unit, of the item as it was or is, whichever is larger', () => {
  const large = { pk: { S: 'LINK#1' }, sk: { S: 'x'.repeat(2500) } };
  expect(writeUnits(null, large)).toBe(3);
  expect(writeUnits(large, { pk: { S: 'LINK#1' } })).toBe(3);
});

it('sizes count names, text as UTF-8, numbers by their digits and nested values with their overhead', () => {
  expect(itemSize({ a: { S: 'é' } })).toBe(3);
  expect(itemSize({ n: { N: '1234.5' } })).toBe(5);
  expect(itemSize({ m: { M: { a: { BOOL: true } } } })).toBe(1 + 3 + 1 + 1 + 1);
  expect(itemSize({ l: { L: [{ NULL: true }, { S: 'ab' }] } })).toBe(1 + 3 + 2 + 3);
});
