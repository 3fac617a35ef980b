import type { TelemetryTable } from './telemetry.ts';

/** Name of the partition, by the day a job was created. */
export const TELEMETRY_PARTITION = 'dt';

/** Where the rows of a table lie. */
export const telemetryPrefix = (table: TelemetryTable): string => `${table}/`;

/** The one object that holds a job's rows of a table, as JSON Lines. `createdAt`: ISO instant of the job's creation. */
export const telemetryKey = (table: TelemetryTable, jobId: string, createdAt: string): string =>
  `${telemetryPrefix(table)}${TELEMETRY_PARTITION}=${createdAt.slice(0, 10)}/${jobId}.jsonl`;
