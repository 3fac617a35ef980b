import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { BatchWriteCommand } from '@aws-sdk/lib-dynamodb';
import { createClients } from '../../adapters/aws/clients.ts';
import { createEventLog } from '../../adapters/aws/event-log.ts';
import { createJobIndex, toItem } from '../../adapters/aws/job-index.ts';
import { readEnv } from '../../adapters/env.ts';
import { eventKey, type JobEvent } from '../../contracts/events.ts';
import type { JobRecord } from '../../contracts/ports.ts';
import { canonicalJson } from '../../functions/lib/canonical-json.ts';
import { EMPTY_LOG, sealEvent } from '../../functions/lib/event.ts';
import { createDynamo } from '../../infra/local/dynamo.ts';
import { createEndpoint } from '../../infra/local/endpoint.ts';
import { inProcess } from '../../infra/local/in-process.ts';
import { createS3 } from '../../infra/local/s3/server.ts';
import { BUCKET_SETTINGS, functionVariables, TABLE_NAME } from '../../infra/local/settings.ts';
import { temporaryFolder } from '../support/cloud.ts';
import { type Figure, percentiles, series } from './stats.ts';

const JOB = '0123456789ab';
const BUCKET = 'holdpoint-local-events';
const AT = '2026-01-01T00:00:00.000Z';
const LONG_LOG = 10_000;
const MANY_JOBS = 100_000;
const FEW_JOBS = 100;
const BATCH = 25;
const AT_ONCE = 16;

/** The stores as functions reach them, without anything that runs jobs. */
const openStores = async () => {
  const folder = temporaryFolder();
  const s3 = createS3({ dataDir: join(folder, 's3'), buckets: BUCKET_SETTINGS });
  const dynamo = await createDynamo(folder, TABLE_NAME);
  const nothing = () => Promise.resolve({ status: 501, headers: {}, body: '' });
  const endpoint = createEndpoint({ s3: (r) => s3.handle(r), dynamodb: dynamo.handle, states: nothing, sns: nothing });
  const env = readEnv(functionVariables(folder, { aws: 'http://127.0.0.1:9', web: 'http://127.0.0.1:9' }, {})('web'));
  const close = async () => {
    await dynamo.close();
    await s3.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { s3, clients: createClients(env, inProcess(endpoint)), close };
};

const eventAfter = (head: JobEvent | null): JobEvent =>
  sealEvent(
    {
      event_type: 'APPROVAL_REMINDED',
      state: 'HoldBlueprint',
      visit: 1,
      ordinal: head?.seq ?? 0,
      actor: { type: 'system', id: 'bench', identity: 'none' },
    },
    { ...(head ? { last_seq: head.seq, last_hash: head.hash } : EMPTY_LOG), job_id: JOB, run_id: 'bench', at: AT },
  );

/** Appends one event after the other, each where the last one left off; the newest of them and the times. */
const appendMore = async (append: (event: JobEvent) => Promise<unknown>, from: JobEvent | null, n: number) => {
  let head = from;
  const samples = await series(n, () => append((head = eventAfter(head))));
  return { head, samples };
};

const times = async (n: number, work: (i: number) => Promise<unknown>): Promise<void> => {
  let next = 0;
  const worker = async () => {
    while (next < n) await work(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
};

/** Time to append an event to a new log, and to one that is long already. */
export const appendFigures = async (n: number): Promise<Figure[]> => {
  const { s3, clients, close } = await openStores();
  try {
    const log = createEventLog(clients.s3, BUCKET);
    const few = await appendMore((event) => log.append(event), null, n);
    const events: JobEvent[] = [];
    for (let head = few.head; (head?.seq ?? 0) < LONG_LOG; events.push(head)) head = eventAfter(head);
    await times(events.length, async (i) => {
      const event = events[i];
      if (!event) return;
      const body = Buffer.from(canonicalJson(event));
      await s3.handle({ method: 'PUT', path: `/${BUCKET}/${eventKey(JOB, event.seq)}`, query: new URLSearchParams(), headers: {}, body });
    });
    const many = await appendMore((event) => log.append(event), events.at(-1) ?? few.head, n);
    return [
      { bench: 'append_event', what: 'new_log', n, ...percentiles(few.samples) },
      { bench: 'append_event', what: 'log_of_10000', n, ...percentiles(many.samples) },
    ];
  } finally {
    await close();
  }
};

const record = (i: number): JobRecord => {
  const at = new Date(Date.UTC(2026, 0, 1) + i * 1000).toISOString();
  return {
    ...{ job_id: i.toString(16).padStart(12, '0'), title: `Job ${i}`, kind: 'idea', status: 'DONE', step: null, outcome: 'succeeded' },
    ...{ mode: 'replay', degraded: false, subject_digest: null, visit: null, opened_at: null, expires_at: null, quorum: 1, votes: 0 },
    ...{ submitted_by: 'bench', created_at: at, updated_at: at, last_seq: 13, resumes: 2, resumed_ok: 2 },
  };
};

/** Time to read the newest page of jobs, of a hundred and of a hundred thousand. */
export const listFigures = async (n: number): Promise<Figure[]> => {
  const { clients, close } = await openStores();
  try {
    const index = createJobIndex(clients.dynamo, TABLE_NAME);
    const fill = (from: number, to: number) =>
      times(Math.ceil((to - from) / BATCH), (batch) => {
        const rows = Array.from({ length: Math.min(BATCH, to - from - batch * BATCH) }, (_, i) => record(from + batch * BATCH + i));
        const puts = rows.map((row) => ({ PutRequest: { Item: toItem(row, null) } }));
        return clients.dynamo.send(new BatchWriteCommand({ RequestItems: { [TABLE_NAME]: puts } }));
      });
    const listing = async (what: string): Promise<Figure> => ({
      ...{ bench: 'list_jobs', what, n },
      ...percentiles(await series(n, () => index.list({ limit: 50 }))),
    });
    await fill(0, FEW_JOBS);
    const few = await listing('of_100');
    await fill(FEW_JOBS, MANY_JOBS);
    return [few, await listing('of_100000')];
  } finally {
    await close();
  }
};
