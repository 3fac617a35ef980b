import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SnapshotRefused, UnreadableDocument } from '../../contracts/errors.ts';
import type { Bar } from '../../contracts/snapshot.ts';
import { sampleSnapshot } from '../../test/fixtures/market.ts';
import { decodeBars, encodeBars } from './bars.ts';
import { sha256Hex } from './hash.ts';
import { addDays } from './holdout.ts';
import { ingest } from './snapshot.ts';

const HEADER = 'date,open,high,low,close,volume';
const take = (...rows: string[]) => ingest([HEADER, ...rows].join('\n'), { snapshot_id: 'test', symbol: 'AAA' });
const GOOD = '2020-01-02,10,12,9,11,100';

describe('ingest', () => {
  it('pins the shipped sample', () => {
    const { manifest, body } = sampleSnapshot();
    expect(manifest).toMatchObject({ rows: 5105, symbols: ['SPX'], first: '2000-01-03', last: '2020-04-17', adjusted: false });
    expect(manifest.sha256).toBe('78aef6fbcd1113f47616a027cc4f658c1acdb692689d5fb79c5bb7254847801a');
    expect(manifest.sha256).toBe(sha256Hex(body));
  });

  it('gives the same bars the same address, whatever the layout of the file', () => {
    const plain = take(GOOD);
    const other = ingest('\uFEFFVolume,Close,Low,High,Open,Date,note\r\n"100",11.0,9.00,12,1e1, 2020-01-02 ,x\r\n\r\n', {
      snapshot_id: 'other',
      symbol: 'AAA',
    });
    expect(other.body).toBe(plain.body);
    expect(other.manifest.sha256).toBe(plain.manifest.sha256);
    expect(take('2020-01-02,10,12,9,11,101').manifest.sha256).not.toBe(plain.manifest.sha256);
  });

  it('reads files of several symbols, in any grouping', () => {
    const file = (rows: string[]) => ingest(['symbol,' + HEADER, ...rows].join('\n'), { snapshot_id: 'test' });
    const rows = ['BBB,2020-01-02,1,1,1,1,0', 'AAA,2020-01-02,2,2,2,2,0', 'BBB,2020-01-03,1,1,1,1,0', 'AAA,2020-01-03,2,2,2,2,0'];
    const one = file(rows);
    expect(one.manifest).toMatchObject({ symbols: ['AAA', 'BBB'], rows: 4, first: '2020-01-02', last: '2020-01-03' });
    expect(file([...rows].sort()).manifest.sha256).toBe(one.manifest.sha256);
  });

  it('scales prices by an adjusted close that differs, and says so', () => {
    const { manifest, body } = ingest(`${HEADER},Adj Close\n2020-01-02,10,12,8,10,1,5\n2020-01-03,5,6,4,5,1,5\n`, {
      snapshot_id: 'test',
      symbol: 'AAA',
    });
    expect(manifest.adjusted).toBe(true);
    expect(decodeBars(body)).toMatchObject([
      { open: 5, high: 6, low: 4, close: 5 },
      { open: 5, high: 6, low: 4, close: 5 },
    ]);
  });

  it('lets high and low differ from open and close by rounding alone', () => {
    expect(decodeBars(take('2020-01-02,10.000001,10,9,9,1').body)[0]).toMatchObject({ open: 10.000001, high: 10.000001 });
    expect(() => take('2020-01-02,10.0001,10,9,9,1')).toThrow('row 2: open 10.0001 is outside low 9 to high 10');
  });

  it.each([
    ['an empty file', '', /the file is empty/],
    ['blank lines only', '\n\n', /the file is empty/],
    ['a header alone', HEADER, /no rows/],
    ['missing columns', 'date,open,high\n', /column "low", "close", "volume" is missing/],
    ['a column that is there twice', `${HEADER},Open\n`, /"open" is there twice/],
    ['a row of another length', `${HEADER}\n2020-01-02,1\n`, /not CSV: .*line 2/],
    ['an open quote', `${HEADER}\n"2020-01-02,1,1,1,1,1`, /not CSV/],
    ['U+FFFD', `${HEADER},\uFFFD\n`, /not UTF-8/],
  ])('refuses %s', (_, text, message) => {
    expect(() => ingest(text, { snapshot_id: 'test', symbol: 'AAA' })).toThrow(SnapshotRefused);
    expect(() => ingest(text, { snapshot_id: 'test', symbol: 'AAA' })).toThrow(message);
  });

  it.each([
    ['NaN', '2020-01-03,10,12,9,NaN,1', 'row 3: close is "NaN"'],
    ['Infinity', '2020-01-03,10,Infinity,9,11,1', 'row 3: high is "Infinity"'],
    ['a number beyond double', '2020-01-03,10,1e400,9,11,1', 'row 3: high is "1e400"'],
    ['a negative price', '2020-01-03,-10,12,9,11,1', 'row 3: open is "-10"'],
    ['a price of zero', '2020-01-03,10,12,0,11,1', 'row 3: low is "0"'],
    ['an empty price', '2020-01-03,,12,9,11,1', 'row 3: open is ""'],
    ['a hexadecimal price', '2020-01-03,0x10,12,9,11,1', 'row 3: open is "0x10"'],
    ['a negative volume', '2020-01-03,10,12,9,11,-1', 'row 3: volume is "-1"'],
    ['high below low', '2020-01-03,10,8,9,8.5,1', 'row 3: high 8 is below low 9'],
    ['a close outside the range', '2020-01-03,10,12,9,13,1', 'row 3: close 13 is outside low 9 to high 12'],
    ['a date that does not exist', '2020-02-30,10,12,9,11,1', 'row 3: date "2020-02-30"'],
    ['a date of another form', '01/03/2020,10,12,9,11,1', 'row 3: date "01/03/2020"'],
    ['a date that is there twice', GOOD, 'row 3: AAA has 2020-01-02 twice'],
    ['dates out of order', '2020-01-01,10,12,9,11,1', 'row 3: AAA 2020-01-01 comes after 2020-01-02'],
  ])('refuses %s with the row and the value', (_, row, message) => {
    expect(() => take(GOOD, row)).toThrow(SnapshotRefused);
    expect(() => take(GOOD, row)).toThrow(message);
  });

  it('refuses bytes that are not UTF-8, and files above 50 MiB', () => {
    expect(() => ingest(Uint8Array.of(0xff, 0xfe, 0x41), { snapshot_id: 'test', symbol: 'AAA' })).toThrow(/not UTF-8/);
    expect(() => ingest(new Uint8Array(50 * 1024 * 1024 + 1), { snapshot_id: 'test', symbol: 'AAA' })).toThrow(/52428801 bytes/);
  });

  it('refuses bars without a symbol, with a bad one, or with two names', () => {
    expect(() => ingest(`${HEADER}\n${GOOD}`, { snapshot_id: 'test' })).toThrow(/name the symbol/);
    expect(() => ingest(`${HEADER}\n${GOOD}`, { snapshot_id: 'test', symbol: '../x' })).toThrow(/the symbol "..\/x" is not valid/);
    expect(() => ingest(`symbol,${HEADER}\nBBB,${GOOD}`, { snapshot_id: 'test', symbol: 'AAA' })).toThrow(/row 2: symbol is "BBB"/);
  });

  it('refuses a snapshot id that could be a path', () => {
    expect(() => ingest(`${HEADER}\n${GOOD}`, { snapshot_id: '../x', symbol: 'AAA' })).toThrow(/snapshot_id: a snapshot id is/);
  });

  it('answers any text with a snapshot or a reason, never another error', () => {
    const cell = fc.oneof(fc.constantFrom('1', '0', '-1', 'NaN', '1e309', '2020-01-02', '2020-01-03', '"', '', ','), fc.string());
    const file = fc.array(fc.array(cell, { maxLength: 8 }), { maxLength: 6 });
    fc.assert(
      fc.property(file, fc.boolean(), (rows, header) => {
        const text = (header ? `${HEADER}\n` : '') + rows.map((row) => row.join(',')).join('\n');
        try {
          const { manifest, body } = ingest(text, { snapshot_id: 'test', symbol: 'AAA' });
          expect(decodeBars(body)).toHaveLength(manifest.rows);
        } catch (error) {
          expect(error).toBeInstanceOf(SnapshotRefused);
        }
      }),
    );
  });
});

describe('normalized bars', () => {
  const price = fc.double({ min: 1e-6, max: 1e9, noNaN: true });
  const bars = fc.array(fc.tuple(price, price, price, price, fc.nat()), { minLength: 1, maxLength: 30 }).map((rows) =>
    rows.map(([open, a, b, close, volume], i): Bar => {
      const [high, low] = [Math.max(open, a, b, close), Math.min(open, a, b, close)];
      return { symbol: 'AAA', date: addDays('2020-01-01', i), open, high, low, close, volume };
    }),
  );

  it('read back bit by bit, and ingest to themselves', () => {
    fc.assert(
      fc.property(bars, (list) => {
        expect(decodeBars(encodeBars(list))).toEqual(list);
        expect(ingest(encodeBars(list), { snapshot_id: 'test' }).body).toBe(encodeBars(list));
      }),
    );
  });

  it('refuse a text that was cut, altered, or is something else, naming the line', () => {
    const text = take(GOOD).body;
    expect(() => decodeBars(text.slice(0, -3))).toThrow(UnreadableDocument);
    expect(() => decodeBars(text.replace(',12,', ',x,'))).toThrow(/line 2/);
    expect(() => decodeBars('hello')).toThrow(/starts with "symbol,date/);
  });
});
