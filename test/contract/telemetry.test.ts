import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTelemetry } from '../../adapters/aws/telemetry.ts';
import type { Telemetry } from '../../contracts/ports.ts';
import { telemetryKey } from '../../contracts/telemetry-layout.ts';
import { type Services, startServices } from '../support/services.ts';

const BUCKET = 'holdpoint-local-telemetry';
let services: Services;
beforeAll(async () => {
  services = await startServices();
});
afterAll(() => services.close());

const implementations: Record<string, () => Telemetry> = { 'on S3': () => createTelemetry(services.clients.s3, BUCKET) };

const CREATED = '2026-01-05T23:59:59.999Z';
const place = (job_id: string, ending = 1) => ({ job_id, created_at: CREATED, ending });
const row = (job_id: string, phase_id: string, tokens = 0) => ({
  ...{ run_id: `job-${job_id}-1`, phase_id, failure_hardening_triggered: tokens > 0, doctor_call_skipped: tokens > 0 },
  ...{ doctor_tokens_avoided_estimate: tokens, intention_context_injected: false },
});

describe.each(Object.entries(implementations))('telemetry %s', (_, create) => {
  it('gives back the rows of a job in the order they were written, and none for one that has none', async () => {
    const store = create();
    const rows = [row('aaaaaaaaaaa1', 'Run:1'), row('aaaaaaaaaaa1', 'Gates:1')];
    expect(await store.read('phase6_metrics', 'aaaaaaaaaaa1', CREATED)).toEqual([]);
    expect(await store.write('phase6_metrics', place('aaaaaaaaaaa1'), rows)).toBe('written');
    expect(await store.read('phase6_metrics', 'aaaaaaaaaaa1', CREATED)).toEqual(rows);
    expect(await store.read('token_efficiency_metrics', 'aaaaaaaaaaa1', CREATED)).toEqual([]);
    expect(await store.read('phase6_metrics', 'aaaaaaaaaaa1', '2026-01-06T00:00:00.000Z')).toEqual([]);
  });

  it('let one of 16 writers win, and keep what it wrote', async () => {
    const store = create();
    const wrote = await Promise.all(
      Array.from({ length: 16 }, (_unused, i) =>
        store.write('phase6_metrics', place('aaaaaaaaaaa2'), [row('aaaaaaaaaaa2', 'Run:1', i + 1)]),
      ),
    );
    expect(wrote.filter((result) => result === 'written')).toHaveLength(1);
    const winner = wrote.indexOf('written');
    expect(await store.read('phase6_metrics', 'aaaaaaaaaaa2', CREATED)).toEqual([row('aaaaaaaaaaa2', 'Run:1', winner + 1)]);
  });

  it('add what a job did before it ended again, in the order of its endings', async () => {
    const store = create();
    const wanted = [1, 2, 10].map((ending) => row('aaaaaaaaaaa3', `Run:${ending}`));
    for (const [i, ending] of [1, 2, 10].entries()) {
      const one = wanted[i];
      if (one) expect(await store.write('phase6_metrics', place('aaaaaaaaaaa3', ending), [one])).toBe('written');
    }
    expect(await store.read('phase6_metrics', 'aaaaaaaaaaa3', CREATED)).toEqual(wanted);
    expect(await store.read('phase6_metrics', 'aaaaaaaaaaa3', CREATED, 2)).toEqual(wanted.slice(0, 2));
  });

  it('list the objects of a table, after one of them where it is asked so', async () => {
    const store = create();
    const ids = ['bbbbbbbbbbb1', 'bbbbbbbbbbb2', 'bbbbbbbbbbb3'];
    for (const id of ids)
      await store.write('token_budget_escalation_events', place(id), [
        { run_id: 'r', phase_id: 'Intent:1', escalation_reason: 'more', new_budget_tokens: 9, escalation_count: 1, at: CREATED },
      ]);
    const keys = ids.map((id) => telemetryKey('token_budget_escalation_events', id, CREATED));
    const listed = async (after?: string): Promise<string[]> => {
      const found: string[] = [];
      for await (const { key } of store.list('token_budget_escalation_events', after)) found.push(key);
      return found;
    };
    expect(await listed()).toEqual(keys);
    expect(await listed(keys[0])).toEqual(keys.slice(1));
    const [first = ''] = keys;
    expect(await store.rows({ table: 'token_budget_escalation_events', key: first })).toHaveLength(1);
  });

  it('refuse a row of another shape out loud', async () => {
    const Key = telemetryKey('phase6_metrics', 'aaaaaaaaaaa4', CREATED);
    await services.clients.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: '{"run_id":"r"}\n' }));
    await expect(create().read('phase6_metrics', 'aaaaaaaaaaa4', CREATED)).rejects.toMatchObject({ name: 'UnreadableDocument' });
  });
});
