import * as z from 'zod';
import { TABLE } from '../../table.ts';

/** An attribute as DynamoDB's JSON writes it: one type, one value. */
const Attribute = z.record(z.string(), z.unknown());
type Attribute = z.infer<typeof Attribute>;
export const Item = z.record(z.string(), Attribute);
export type Item = z.infer<typeof Item>;

const bytes = (text: unknown): number => Buffer.byteLength(String(text));

/** Two digits to a byte, and one more. */
const numberSize = (text: unknown): number => Math.ceil(String(text).replace(/^-?0*|\./g, '').length / 2) + 1;

/** Size of a value in bytes (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html). */
const valueSize = (attribute: Attribute): number => {
  const [[type, value] = ['NULL', true]] = Object.entries(attribute);
  switch (type) {
    case 'S':
      return bytes(value);
    case 'N':
      return numberSize(value);
    case 'B':
      return Math.floor((String(value).length * 3) / 4);
    case 'L':
      return (
        3 +
        z
          .array(Attribute)
          .parse(value)
          .reduce((sum, one) => sum + 1 + valueSize(one), 0)
      );
    case 'M':
      return 3 + Object.entries(Item.parse(value)).reduce((sum, [name, one]) => sum + 1 + bytes(name) + valueSize(one), 0);
    case 'SS':
    case 'NS':
      return z
        .array(z.string())
        .parse(value)
        .reduce((sum, one) => sum + (type === 'SS' ? bytes(one) : numberSize(one)), 0);
    default:
      return 1;
  }
};

export const itemSize = (item: Item): number =>
  Object.entries(item).reduce((sum, [name, value]) => sum + bytes(name) + valueSize(value), 0);

const KB = 1024;
const unitsOf = (item: Item | null): number => (item ? Math.max(1, Math.ceil(itemSize(item) / KB)) : 0);

const keyIn = (item: Item | null, { pk, sk }: { pk: string; sk: string }): string | null =>
  item?.[pk] && item[sk] ? JSON.stringify([item[pk], item[sk]]) : null;

const same = (a: Item, b: Item): boolean => {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => JSON.stringify(a[name]) === JSON.stringify(b[name]));
};

/** What an index that projects everything has to write: nothing, the entry anew, or one entry out and another in. */
const indexUnits = (before: Item | null, after: Item | null, index: { pk: string; sk: string }): number => {
  const [was, is] = [keyIn(before, index), keyIn(after, index)];
  if (was === is) return was === null || (before && after && same(before, after)) ? 0 : Math.max(unitsOf(before), unitsOf(after));
  return (was === null ? 0 : unitsOf(before)) + (is === null ? 0 : unitsOf(after));
};

/** Write units of a change of one item, in the table and in its indexes. */
export const writeUnits = (before: Item | null, after: Item | null): number =>
  TABLE.indexes.reduce((sum, index) => sum + indexUnits(before, after, index), Math.max(1, unitsOf(before), unitsOf(after)));
