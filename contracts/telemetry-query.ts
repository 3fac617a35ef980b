import * as z from 'zod';
import { TELEMETRY_TABLES, type TelemetryTable } from './telemetry.ts';

/** Longest question, in characters. */
export const SQL_MAX = 20_000;
/** Rows of one answer. */
export const SQL_ROWS_MAX = 1_000;
/** How long a question may take, in ms. */
export const SQL_TIME_MAX_MS = 20_000;

const Cell = z.union([z.string(), z.number(), z.boolean(), z.null()]);
export type Cell = z.infer<typeof Cell>;

/** What a question in SQL comes to. `truncated`: there are more rows than one answer holds. */
export const TelemetryAnswer = z.strictObject({
  columns: z.array(z.string()),
  rows: z.array(z.record(z.string(), Cell)),
  truncated: z.boolean(),
});
export type TelemetryAnswer = z.infer<typeof TelemetryAnswer>;

const NAMES: readonly TelemetryTable[] = [
  'llm_usage_events',
  'token_efficiency_metrics',
  'phase6_metrics',
  'token_budget_escalation_events',
];

/** Name of a table, as a caller writes it. */
export const TableName = z.enum(NAMES);

const page = <T extends TelemetryTable>(table: T) =>
  z.strictObject({
    table: z.literal(table),
    rows: z.array(z.strictObject({ dt: z.iso.date(), ...TELEMETRY_TABLES[table].shape })),
    /** Where the next page begins; null after the last. */
    next: z.string().nullable(),
  });

/** Rows of one table in the order they are stored, with the day of their job. */
export const TelemetryPage = z.discriminatedUnion('table', [
  page('llm_usage_events'),
  page('token_efficiency_metrics'),
  page('phase6_metrics'),
  page('token_budget_escalation_events'),
]);
export type TelemetryPage = z.infer<typeof TelemetryPage>;

/** Answers questions about the tables, in SQL. */
export type TelemetryQueries = {
  /** @throws Refusal for a question that cannot be answered, with the engine's reason, or that takes too long */
  query(sql: string): Promise<TelemetryAnswer>;
};
