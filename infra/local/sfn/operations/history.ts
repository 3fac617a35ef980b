import * as z from 'zod';
import { invalidToken } from '../errors.ts';
import type { HistoryEvent, JournalRecord } from '../records.ts';
import { find, placeOf } from './executions.ts';
import { operation, PageRequest, page, seconds } from './operation.ts';

const Request = z.object({
  executionArn: z.string().min(1).max(256),
  reverseOrder: z.boolean().optional(),
  includeExecutionData: z.boolean().optional(),
  ...PageRequest,
});

export const getExecutionHistory = operation(Request, async (sfn, request) => {
  const found = find(sfn, request.executionArn);
  const records = 'journal' in found ? await found.journal.read() : sfn.store.records(placeOf(request.executionArn));
  const events = records.flatMap(eventOf);
  if (request.reverseOrder) events.reverse();
  const { items, next } = page(events, `${request.executionArn} ${request.reverseOrder ?? false}`, request, invalidToken);
  return { events: items.map((event) => shown(event, request.includeExecutionData ?? true)), ...next };
});

const eventOf = (record: JournalRecord): HistoryEvent[] => (record.t === 'event' ? [record.event] : []);

const DATA = new Set(['input', 'inputDetails', 'output', 'outputDetails', 'parameters']);

function shown({ timestamp, ...event }: HistoryEvent, withData: boolean) {
  const plain = withData ? event : Object.fromEntries(Object.entries(event).map(([field, value]) => [field, withoutData(value)]));
  return { timestamp: seconds(timestamp), ...plain };
}

const withoutData = (details: unknown): unknown =>
  details !== null && typeof details === 'object'
    ? Object.fromEntries(Object.entries(details).filter(([field]) => !DATA.has(field)))
    : details;
