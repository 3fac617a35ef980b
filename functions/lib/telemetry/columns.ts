import * as z from 'zod';
import { TELEMETRY_TABLES, type TelemetryTable } from '../../../contracts/telemetry.ts';
import { TELEMETRY_PARTITION } from '../../../contracts/telemetry-layout.ts';

const Type = z.enum(['string', 'integer', 'number', 'boolean', 'null']);
const Member = z.object({ type: z.union([Type, z.array(Type)]) });
const Row = z.object({ properties: z.record(z.string(), z.union([Member, z.object({ anyOf: z.array(Member) })])) });
const TYPES = { string: 'string', integer: 'bigint', number: 'double', boolean: 'boolean' } as const;

export type Column = { name: string; type: (typeof TYPES)[keyof typeof TYPES] };

const derive = (table: TelemetryTable): Column[] => {
  const { properties } = Row.parse(z.toJSONSchema(TELEMETRY_TABLES[table], { io: 'output' }));
  return Object.entries(properties).map(([name, member]) => {
    const all = ('anyOf' in member ? member.anyOf : [member]).flatMap(({ type }) => type);
    const types = all.filter((type) => type !== 'null');
    const [type] = types;
    if (!type || types.length > 1) throw new Error(`column ${name} of ${table} has no single type: ${types.join(', ')}`);
    return { name, type: TYPES[type] };
  });
};

const derived = new Map<TelemetryTable, Column[]>();

/** Columns as Athena reads them out of JSON: instants stay text. */
export const columnsOf = (table: TelemetryTable): readonly Column[] => {
  const columns = derived.get(table) ?? derive(table);
  derived.set(table, columns);
  return columns;
};

const SQLITE: Readonly<Record<Column['type'], string>> = { string: 'TEXT', bigint: 'INTEGER', double: 'REAL', boolean: 'BOOLEAN' };

/** The table in SQLite, with the day as a column, as a partition is one in Athena. */
export const sqliteTable = (table: TelemetryTable): string =>
  `CREATE TABLE ${table} (${[...columnsOf(table).map(({ name, type }) => `${name} ${SQLITE[type]}`), `${TELEMETRY_PARTITION} TEXT`].join(', ')})`;

/** Inserts one row: its values in the order of the columns, and the day. */
export const sqliteInsert = (table: TelemetryTable): string =>
  `INSERT INTO ${table} VALUES (${[...columnsOf(table), TELEMETRY_PARTITION].map(() => '?').join(', ')})`;

export type SqliteValue = string | number | null;

/** The values that `sqliteInsert` takes. SQLite has no booleans: they are 1 and 0. */
export const sqliteValues = (table: TelemetryTable, row: object, day: string): SqliteValue[] => [
  ...columnsOf(table).map(({ name }): SqliteValue => {
    const value: unknown = Reflect.get(row, name);
    if (typeof value === 'boolean') return value ? 1 : 0;
    return typeof value === 'string' || typeof value === 'number' ? value : null;
  }),
  day,
];

/** The table in Athena, as a statement: what the stack declares through Glue (https://docs.aws.amazon.com/athena/latest/ug/create-table.html). */
export const athenaTable = (table: TelemetryTable, location: string): string =>
  [
    `CREATE EXTERNAL TABLE ${table} (`,
    columnsOf(table)
      .map(({ name, type }) => `  \`${name}\` ${type}`)
      .join(',\n'),
    `) PARTITIONED BY (\`${TELEMETRY_PARTITION}\` string)`,
    "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'",
    "STORED AS INPUTFORMAT 'org.apache.hadoop.mapred.TextInputFormat' OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'",
    `LOCATION '${location}'`,
  ].join('\n');
