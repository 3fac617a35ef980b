import { describe, expect, test } from 'vitest';
import { createOutbox } from '../../../adapters/notify/outbox.ts';
import { type Files, memoryArtifacts } from '../../../adapters/notify/testing.ts';
import type { DeliveryResult } from '../../../contracts/notification.ts';
import type { NotificationValues } from '../../lib/notification/build.ts';
import { nameOf } from '../../lib/notification/keys.ts';
import { approval, CAPABILITY, draft, job, linkFor } from '../../lib/notification/notification.fixture.ts';
import { createWeb } from '../app.ts';
import type { WebDeps } from '../deps.ts';
import { emptyMemory, memoryDeps, NOW, Story } from '../testing.ts';

const ORIGIN = 'http://127.0.0.1:4400';
const ID = 'aaaaaaaaaaaa';
const SENT: DeliveryResult = { status: 'sent', attempts: 1, receipt: null };

const world = (overrides: Partial<WebDeps> = {}, answer: DeliveryResult = SENT) => {
  const memory = emptyMemory();
  const files: Files = new Map();
  const artifacts = memoryArtifacts(files);
  const web = createWeb(memoryDeps(memory, { artifacts, linkOf: () => linkFor(ORIGIN), ...overrides }));
  const time = { now: NOW.getTime() };
  const outbox = createOutbox({
    artifacts,
    notifier: { send: async () => answer },
    linkOf: () => linkFor(ORIGIN),
    clock: () => new Date(time.now),
  });
  const get = (path: string) => web.request(path, { headers: { accept: 'text/html' } });
  const page = async (path: string) => (await get(path)).text();
  const jobs = (ids: string[]) => ids.forEach((id, n) => new Story(memory, id).submitted(`Job ${n}`, 'idea', 60 + n));
  return { outbox, time, get, page, jobs, files };
};

const drafted = (id: string, changes: Partial<NotificationValues> = {}) =>
  draft({
    job: { ...job(), job_id: id },
    to: { approver: 'alice', channel: 'outbox', address: 'default' },
    origin: ORIGIN,
    environment: 'local',
    approval: approval({ expires_at: '2026-01-17T12:00:00.000Z' }),
    link_ref: { job_id: id, state: 'HoldBlueprint', visit: 1, approver: 'alice', issue: 0, key_id: 'k1' },
    ...changes,
  });

describe('the outbox', () => {
  test('without notifications says where they come from', async () => {
    expect(await world().page('/ui/outbox')).toContain('Nothing was sent yet');
  });

  test('shows newest first what was sent to whom through what, with the link as a button', async () => {
    const { outbox, time, page, jobs } = world();
    jobs([ID, 'bbbbbbbbbbbb']);
    await outbox.notify(drafted(ID));
    time.now += 1000;
    await outbox.notify(drafted('bbbbbbbbbbbb', { kind: 'reminded', to: { approver: 'bob', channel: 'slack', address: 'ops' } }));
    const shown = await page('/ui/outbox');
    expect(shown.indexOf('Reminder: Is this')).toBeLessThan(shown.indexOf('Approval asked: Is this the strategy'));
    expect(shown).toContain('to <bdi>bob</bdi>, by Slack <code>ops</code>');
    expect(shown).toContain(`<a class="button" href="${linkFor(ORIGIN)}">Open as <bdi>alice</bdi></a>`);
    expect(shown).toContain('Shown here');
    expect(await page(`/ui/outbox?job=${ID}`)).not.toContain('Reminder');
  });

  test('shows no link elsewhere than on this machine', async () => {
    const { outbox, page, jobs } = world({ local: false });
    jobs([ID]);
    await outbox.notify(drafted(ID));
    for (const path of ['/ui/outbox', `/ui/outbox/${nameOf(drafted(ID).notification)}`]) {
      expect(await page(path)).toContain('Trend filter');
      expect(await page(path)).not.toContain(CAPABILITY);
    }
  });

  test('tells what waits to be sent from what was given up, and why', async () => {
    // What this page alone shows is settled as it is kept: only other channels wait.
    const sentToSlack = drafted(ID, { to: { approver: 'alice', channel: 'slack', address: 'ops' } });
    const waits = world();
    waits.jobs([ID]);
    await waits.outbox.record(sentToSlack);
    expect(await waits.page('/ui/outbox')).toContain('Recorded, not sent yet');
    const dead = world({}, { status: 'failed', final: true, attempts: 1, reason: 'the receiver answered 410' });
    dead.jobs([ID]);
    await dead.outbox.notify(sentToSlack);
    expect(await dead.page('/ui/outbox')).toContain('Not delivered');
    expect(await dead.page(`/ui/outbox/${nameOf(sentToSlack.notification)}`)).toContain('the receiver answered 410');
  });

  test('shows each channel’s text, inert, without the capability', async () => {
    const evil = '<script>alert(1)</script><img src=x onerror=alert(1)> [x](javascript:1) \u202egnp.exe';
    const { outbox, page, jobs } = world({ linkOf: null });
    jobs([ID]);
    await outbox.notify(drafted(ID, { job: { ...job(evil, evil), job_id: ID } }));
    for (const path of ['/ui/outbox', `/ui/outbox/${nameOf(drafted(ID).notification)}`]) {
      const shown = await page(path);
      expect(shown).not.toMatch(/<script>|<img src=x|href="javascript|\u202e| style=/);
      expect(shown).not.toContain(CAPABILITY);
    }
    const detail = await page(`/ui/outbox/${nameOf(drafted(ID).notification)}`);
    for (const part of ['E-mail', 'Subject: [local]', 'Holdpoint local: blueprint?', 'Telegram', 'notification_v1', '/a/(hidden)'])
      expect(detail).toContain(part);
  });

  test('answers a name that no notification can have as one that is not there', async () => {
    const { get } = world();
    const names = [
      `${ID}/x`,
      `${ID}/HoldBlueprint-1-opened-1-${'0'.repeat(16)}`,
      '..%2fjobs/x',
      `${ID}/HoldBlueprint-1-opened-1-${'0'.repeat(16)}.sent`,
    ];
    for (const name of names) expect((await get(`/ui/outbox/${name}`)).status).toBe(404);
    expect((await get('/ui/outbox?job=nope')).status).toBe(400);
  });

  test('stays a small page, whatever was sent', async () => {
    const { outbox, page, jobs } = world();
    const ids = Array.from({ length: 30 }, (_, n) => n.toString(16).padStart(12, '0'));
    jobs(ids);
    for (const id of ids)
      for (const n of [1, 2, 3]) await outbox.notify(drafted(id, { kind: 'reminded', n, job: { ...job('W'.repeat(5000)), job_id: id } }));
    const shown = await page('/ui/outbox');
    expect(shown.length).toBeLessThan(60_000);
    expect(shown).toContain('20 older ones of these jobs are not shown');
    expect(shown).toContain('Of older jobs');
    expect((await page(`/ui/outbox/${nameOf(drafted(ids[0] ?? '', { kind: 'reminded' }).notification)}`)).length).toBeLessThan(60_000);
  });
});
