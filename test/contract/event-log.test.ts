import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEventLog } from '../../adapters/aws/event-log.ts';
import type { JobEvent } from '../../contracts/events.ts';
import type { EventLog } from '../../contracts/ports.ts';
import { EMPTY_LOG, sealEvent } from '../../functions/lib/event.ts';
import { type Services, startServices } from '../support/services.ts';

const BUCKET = 'holdpoint-local-events';
let services: Services;
let log: EventLog;

beforeAll(async () => {
  services = await startServices();
  log = createEventLog(services.clients.s3, BUCKET);
});
afterAll(() => services.close());

let jobs = 0;
const newJob = (): string => (jobs++).toString(16).padStart(12, '0');

const next = (jobId: string, last: JobEvent | null, writer = 0): JobEvent =>
  sealEvent(
    {
      event_type: 'RUN_COMPLETED',
      state: 'Run',
      visit: (last?.seq ?? 0) + 1,
      kind: `writer-${writer}`,
      actor: { type: 'stage', id: 'Run', identity: 'none' },
    },
    {
      ...(last ? { last_seq: last.seq, last_hash: last.hash } : EMPTY_LOG),
      job_id: jobId,
      run_id: 'run-1',
      at: '2026-01-01T00:00:00.000Z',
    },
  );

const appendChain = async (jobId: string, length: number): Promise<JobEvent[]> => {
  const events: JobEvent[] = [];
  for (let i = 0; i < length; i++) {
    const event = next(jobId, events.at(-1) ?? null);
    await log.append(event);
    events.push(event);
  }
  return events;
};

describe('the event log', () => {
  it('lets one of 32 writers of a sequence number win, and tells the others', async () => {
    const jobId = newJob();
    const racers = Array.from({ length: 32 }, (_, writer) => next(jobId, null, writer));
    const results = await Promise.all(racers.map((event) => log.append(event)));
    expect(results.filter((result) => result === 'appended')).toHaveLength(1);
    expect(results.filter((result) => result === 'conflict')).toHaveLength(31);
    expect(await log.read(jobId)).toEqual([racers[results.indexOf('appended')]]);
  });

  it('reads events in order, from any place, across every read-ahead boundary', async () => {
    const jobId = newJob();
    const events = await appendChain(jobId, 50);
    expect(await log.read(jobId)).toEqual(events);
    for (const after of [1, 15, 16, 17, 31, 49]) expect(await log.read(jobId, after)).toEqual(events.slice(after));
    expect(await log.read(jobId, 50)).toEqual([]);
    expect(await log.read(jobId, 7, 50, 3)).toEqual(events.slice(7, 10));
  });

  it('reads nothing of a job that has no log', async () => {
    expect(await log.read(newJob())).toEqual([]);
  });

  it('lists the jobs that have a log, in key order', async () => {
    const ids = [newJob(), newJob()];
    for (const id of ids) await appendChain(id, 1);
    const listed: string[] = [];
    for await (const id of log.jobs()) listed.push(id);
    expect(listed).toEqual(listed.toSorted());
    expect(listed).toEqual(expect.arrayContaining(ids));
  });

  it('refuses an event of an unknown version, naming its key', async () => {
    const jobId = newJob();
    const Key = `jobs/${jobId}/events/00000001.json`;
    await services.clients.s3.send(
      new PutObjectCommand({ Bucket: BUCKET, Key, Body: JSON.stringify({ ...next(jobId, null), schema_version: 'job_event_v9' }) }),
    );
    await expect(log.read(jobId)).rejects.toThrow(Key);
  });

  it.each(['../../etc', 'ABCDEF012345', '0123456789a', ''])('builds no key from the hostile job id %j', async (jobId) => {
    await expect(log.read(jobId)).rejects.toThrow('12 lower-case hex');
  });
});
