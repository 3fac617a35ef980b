import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDigestIndex } from '../../adapters/aws/digest-index.ts';
import { createJobIndex } from '../../adapters/aws/job-index.ts';
import { createTaskTokens } from '../../adapters/aws/task-tokens.ts';
import type { JobIndex, JobRecord, Page, TaskToken, TaskTokens } from '../../contracts/ports.ts';
import { signContext } from '../../functions/lib/context.ts';
import { type Services, startServices } from '../support/services.ts';

let services: Services;
let index: JobIndex;
let tokens: TaskTokens;

beforeAll(async () => {
  services = await startServices();
  index = createJobIndex(services.clients.dynamo, 'holdpoint-local-jobs');
  tokens = createTaskTokens(services.clients.dynamo, 'holdpoint-local-jobs');
});
afterAll(() => services.close());

const instant = (minute: number): string => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();

const record = (n: number, changes: Partial<JobRecord> = {}): JobRecord => ({
  job_id: n.toString(16).padStart(12, '0'),
  title: `Job ${n}`,
  kind: 'idea',
  status: 'RUNNING',
  step: null,
  outcome: null,
  mode: 'replay',
  degraded: false,
  subject_digest: null,
  visit: null,
  opened_at: null,
  expires_at: null,
  quorum: 1,
  votes: 0,
  submitted_by: 'ann',
  created_at: instant(n),
  updated_at: instant(n),
  last_seq: 1,
  resumes: 0,
  resumed_ok: 0,
  ...changes,
});

const waiting = (n: number, opened: number): JobRecord =>
  record(n, {
    status: 'WAITING_APPROVAL',
    step: 'blueprint',
    visit: 1,
    opened_at: instant(opened),
    expires_at: instant(9000),
    subject_digest: `sha256:${'a'.repeat(64)}`,
    last_seq: 3,
  });

/** What a person does to a row in the console. */
const edit = (jobId: string, update: string, names: Record<string, string>, values: Record<string, unknown>) =>
  services.clients.dynamo.send(
    new UpdateCommand({
      TableName: 'holdpoint-local-jobs',
      Key: { pk: `JOB#${jobId}`, sk: 'JOB' },
      UpdateExpression: update,
      ...(Object.keys(names).length > 0 ? { ExpressionAttributeNames: names } : {}),
      ExpressionAttributeValues: values,
    }),
  );

const collect = async (page: (cursor?: string) => ReturnType<JobIndex['list']>): Promise<string[]> => {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const { items, next_cursor } = await page(cursor);
    ids.push(...items.map((item) => item.job_id));
    cursor = next_cursor ?? undefined;
  } while (cursor);
  return ids;
};

describe('the projection', () => {
  it('reserves a row once, however many try', async () => {
    const results = await Promise.all(Array.from({ length: 32 }, () => index.reserve(record(1), instant(1))));
    expect(results.filter(Boolean)).toHaveLength(1);
  });

  it('keeps the row of the later sequence, whichever is written last', async () => {
    await index.put(record(2, { last_seq: 5, status: 'DONE', outcome: 'succeeded' }), null);
    await index.put(record(2, { last_seq: 4 }), instant(1));
    expect(await index.get(record(2).job_id)).toMatchObject({ last_seq: 5, status: 'DONE' });
  });

  it('is compared with what would be written, whatever was done to the row, and not by the time of its check', async () => {
    const row = waiting(3, 9000);
    await index.put(row, instant(100));
    await index.checkSoon(row.job_id, instant(90));
    const stored = await index.inspect(row.job_id);
    expect(stored).toMatchObject({ last_seq: 3, next_check_at: instant(90) });
    expect(stored?.differences(row)).toEqual([]);
    expect(stored?.differences({ ...row, votes: 1, last_seq: 4 })).toEqual(['last_seq', 'votes']);
    await edit(row.job_id, 'SET #s = :v, note = :v REMOVE waiting_pk, last_seq', { '#s': 'status' }, { ':v': 'NONSENSE' });
    const edited = await index.inspect(row.job_id);
    expect(edited?.last_seq).toBe(0);
    expect(edited?.differences(row)).toEqual(['last_seq', 'note', 'status', 'waiting_pk']);
    expect(await index.inspect('ffffffffffff')).toBeNull();
    await index.put(record(3, { last_seq: 4 }), instant(100));
    expect((await index.inspect(row.job_id))?.differences(record(3, { last_seq: 4 }))).toEqual([]);
  });

  it('is written over an edit of the same sequence, but not where somebody moved the check forward since', async () => {
    const row = record(4, { last_seq: 5 });
    await index.put(row, instant(100));
    await edit(row.job_id, 'SET title = :v', {}, { ':v': 'Edited' });
    await index.checkSoon(row.job_id, instant(90));
    await index.put(row, instant(100));
    expect(await index.get(row.job_id)).toMatchObject({ title: 'Edited' });
    await index.put(row, instant(90));
    expect(await index.get(row.job_id)).toEqual(row);
  });

  it.each(['last_seq', 'next_check_at'])('is written over a row without %s', async (name) => {
    const row = record(5, { last_seq: 5 });
    await index.put(row, instant(100));
    await edit(row.job_id, 'SET title = :v REMOVE #n', { '#n': name }, { ':v': 'Edited' });
    await index.put(row, instant(100));
    expect(await index.get(row.job_id)).toEqual(row);
    expect((await index.inspect(row.job_id))?.next_check_at).toBe(instant(100));
  });

  it('knows nothing of an unknown job', async () => {
    expect(await index.get('ffffffffffff')).toBeNull();
  });

  it('lists every job once, newest first, across pages, with status and title filters', async () => {
    for (let n = 10; n < 60; n++) await index.put(record(n, { title: n % 5 === 0 ? 'Häufige Trends' : `Job ${n}` }), null);
    const all = await collect((cursor) => index.list({ limit: 7, ...(cursor ? { cursor } : {}) }));
    expect(new Set(all).size).toBe(all.length);
    expect(all.slice(0, 50)).toEqual(Array.from({ length: 50 }, (_, i) => record(59 - i).job_id));
    const trends = await collect((cursor) => index.list({ limit: 3, q: 'HÄUFIGE', ...(cursor ? { cursor } : {}) }));
    expect(trends).toHaveLength(10);
    const running = await collect((cursor) => index.list({ limit: 20, status: 'DONE', ...(cursor ? { cursor } : {}) }));
    expect(running).toEqual([record(2).job_id]);
  });

  it('lists rollouts and nothing else, each once, newest first, across pages, before and after they have a row', async () => {
    const rollout = (n: number) => record(n, { kind: 'rollout' });
    await index.reserve(rollout(301), instant(1));
    await index.put(rollout(302), null);
    await index.put(record(303), null);
    await index.reserve(rollout(304), instant(1));
    await index.put({ ...rollout(304), last_seq: 9, status: 'DONE', outcome: 'succeeded' }, null);
    const ids: string[] = [];
    let cursor: string | null = null;
    do {
      const page: Page<string> = await index.rollouts({ limit: 1, ...(cursor === null ? {} : { cursor }) });
      ids.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor !== null);
    expect(ids).toEqual([304, 302, 301].map((n) => record(n).job_id));
  });

  it('ends the last page without a cursor, also when it is exactly full', async () => {
    const { items, next_cursor } = await index.list({ limit: 10, q: 'häufige' });
    expect([items.length, next_cursor]).toEqual([10, null]);
  });

  it.each(['nonsense', Buffer.from('[1]').toString('base64url'), Buffer.from('{"a":"b"}').toString('base64url')])(
    'refuses the cursor %j as invalid input',
    async (cursor) => {
      await expect(index.list({ limit: 5, cursor })).rejects.toMatchObject({ name: 'Refusal', code: 'INVALID_INPUT' });
    },
  );

  it('shows what waits, oldest opening first, until it waits no more', async () => {
    await index.put(waiting(101, 30), null);
    await index.put(waiting(102, 20), null);
    expect((await index.waiting({ limit: 10 })).items.map((item) => item.job_id)).toEqual([record(102).job_id, record(101).job_id]);
    await index.put(record(102, { last_seq: 4 }), null);
    expect((await index.waiting({ limit: 10 })).items.map((item) => item.job_id)).toEqual([record(101).job_id]);
  });

  it('finds due jobs by time, and those brought forward', async () => {
    await index.put(record(201), instant(500));
    await index.put(record(202), instant(8000));
    const due = async () => (await index.due(instant(600), 10)).filter((id) => [201, 202].some((n) => record(n).job_id === id));
    expect(await due()).toEqual([record(201).job_id]);
    await index.checkSoon(record(202).job_id, instant(501));
    expect(await due()).toEqual([record(201).job_id, record(202).job_id]);
  });
});

describe('a row that somebody damaged', () => {
  it('is named by whoever reads it, with the field, until it is written again', async () => {
    const { dynamo } = services.clients;
    const { job_id } = record(900);
    await index.put(record(900), instant(0));
    await edit(job_id, 'SET last_seq = :seq', {}, { ':seq': 'x' });
    const said = {
      name: 'UnreadableDocument',
      message: expect.stringContaining(`row "JOB#${job_id}" of the table cannot be read (/last_seq: `),
    };
    await expect(index.get(job_id)).rejects.toMatchObject(said);
    await expect(index.list({ limit: 50 })).rejects.toMatchObject(said);
    await expect(createDigestIndex(dynamo, 'holdpoint-local-jobs').open(null, 50)).rejects.toMatchObject(said);
    expect(await index.due(instant(1), 50)).toContain(job_id);
    await index.put(record(900), instant(0));
    expect(await index.get(job_id)).toEqual(record(900));
  });
});

describe('task tokens', () => {
  const token = (value: string): TaskToken => ({
    job_id: record(1).job_id,
    state: 'HoldBlueprint',
    step: 'blueprint',
    visit: 1,
    run_id: 'run-1',
    token: value,
    context: signContext(
      { current: 'k', keys: { k: 'x'.repeat(32) } },
      {
        schema_version: 'context_v1',
        job_id: record(1).job_id,
        run_id: 'run-1',
        state: 'HoldBlueprint',
        last_seq: 1,
        last_hash: 'a'.repeat(64),
        replay_until: 0,
        visits: {},
        refs: {},
        facts: {},
        mode: 'replay',
      },
    ),
  });

  it('are kept side by side for one wait, and closed one by one', async () => {
    await tokens.put(token('first'));
    await tokens.put(token('second'));
    await tokens.put(token('second'));
    expect((await tokens.list(record(1).job_id)).map((t) => t.token).toSorted()).toEqual(['first', 'second']);
    await tokens.close(token('first'));
    expect(await tokens.list(record(1).job_id)).toEqual([token('second')]);
  });
});
