import type { TelemetryTable } from './telemetry.ts';

/** Name of the partition, by the day a job was created. */
export const TELEMETRY_PARTITION = 'dt';

/** Where the rows of a table lie. */
export const telemetryPrefix = (table: TelemetryTable): string => `${table}/`;

/** Where the rows of a job lie, and of no other. `createdAt`: ISO instant of the job's creation. */
export const telemetryJobPrefix = (table: TelemetryTable, jobId: string, createdAt: string): string =>
  `${telemetryPrefix(table)}${TELEMETRY_PARTITION}=${createdAt.slice(0, 10)}/${jobId}.`;

/**
 * The one object that holds what a job added to a table until it ended, as JSON Lines. `ending` counts from 1: a job that is
 * redriven ends again, and what it did meanwhile is an object of its own.
 */
export const telemetryKey = (table: TelemetryTable, jobId: string, createdAt: string, ending = 1): string =>
  `${telemetryJobPrefix(table, jobId, createdAt)}${ending === 1 ? '' : `${ending}.`}jsonl`;
