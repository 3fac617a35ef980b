import { executionArn } from './arns.ts';
import type { HistoryEvent, JournalRecord } from './records.ts';
import type { Sfn } from './sfn.ts';
import type { Place } from './store.ts';

/** What Step Functions bills and writes to its log for executions. */
export type Counted = { transitions: number; log_bytes: number /** Whether one of them still runs. */; running: boolean };

/** States that run a task of some kind: their attempts are what is billed, retries among them. */
const ATTEMPTED = /^(Task|Wait|Parallel|Map)StateEntered$/;

/** States entered, plus attempts beyond the first: retries and what a redrive began again. */
const transitions = (records: readonly JournalRecord[]): number => {
  const entered = records.filter((record) => record.t === 'event' && record.event.type.endsWith('StateEntered'));
  const first = entered.filter((record) => record.t === 'event' && ATTEMPTED.test(record.event.type));
  const attempts = records.filter(({ t }) => t === 'task');
  return entered.length + Math.max(0, attempts.length - first.length);
};

const DATA = /^(input|output|parameters|inputDetails|outputDetails)$/;

/** A line of the log at level ALL without execution data (https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html). */
const lineBytes = (place: Place, { id, previousEventId, timestamp, type, ...details }: HistoryEvent): number => {
  const shown = JSON.stringify(details, (name, value: unknown) => (DATA.test(name) ? undefined : value));
  const envelope = {
    ...{ id: String(id), type, previous_event_id: String(previousEventId), event_timestamp: String(timestamp) },
    ...{ execution_arn: executionArn(place.machine, place.name), redrive_count: '0' },
  };
  return JSON.stringify(envelope).length + '"details":,'.length + shown.length + CLOUDWATCH_BYTES;
};

/** What CloudWatch adds to every line it takes. */
const CLOUDWATCH_BYTES = 26;

/** Of the executions of these names, of whatever machine. */
export const countExecutions = async (sfn: Sfn, names: readonly string[]): Promise<Counted> => {
  const wanted = new Set(names);
  const total: Counted = { transitions: 0, log_bytes: 0, running: false };
  for (const place of sfn.store.summaries().filter(({ name }) => wanted.has(name))) {
    const records = (await sfn.store.running(place)?.journal.read()) ?? sfn.store.records(place);
    total.transitions += transitions(records);
    for (const record of records) if (record.t === 'event') total.log_bytes += lineBytes(place, record.event);
    total.running ||= place.status === 'RUNNING';
  }
  return total;
};
