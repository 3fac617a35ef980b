import { describe, expect, test } from 'vitest';
import type { DeliveryResult, Notification, Notifier } from '../../contracts/notification.ts';
import { nameOf } from '../../functions/lib/notification/keys.ts';
import { approval, CAPABILITY, draft, JOB_ID, linkFor } from '../../functions/lib/notification/notification.fixture.ts';
import { createNotifier } from './notifier.ts';
import { createOutbox } from './outbox.ts';
import { readOutbox } from './read-outbox.ts';
import { type Files, memoryArtifacts, startReceiver } from './testing.ts';

const ORIGIN = 'https://holdpoint.example';
const START = Date.parse('2026-01-01T09:00:00.000Z');
const MINUTE = 60_000;

const SENT: DeliveryResult = { status: 'sent', attempts: 1, receipt: null };
const BUSY: DeliveryResult = { status: 'failed', final: false, attempts: 4, reason: 'the receiver answered 503' };
const REFUSED: DeliveryResult = { status: 'failed', final: true, attempts: 1, reason: 'the receiver answered 410' };

/** A clock moved by hand, artifacts in memory, and a channel that answers as told. */
const world = (answer: () => DeliveryResult | Promise<DeliveryResult> = () => SENT) => {
  const files: Files = new Map();
  const sent: Notification[] = [];
  const time = { now: START };
  const notifier: Notifier = {
    send: async (notification) => {
      sent.push(notification);
      return answer();
    },
  };
  const deps = { artifacts: memoryArtifacts(files), notifier, linkOf: () => linkFor(ORIGIN), clock: () => new Date(time.now) };
  return { files, sent, time, deps, outbox: createOutbox(deps), entries: () => readOutbox(deps.artifacts, JOB_ID) };
};

describe('a notification', () => {
  test('is kept before it is sent, and marked when it is', async () => {
    const { files, outbox, entries } = world(() => {
      expect([...files.keys()]).toEqual([`notifications/${nameOf(draft().notification)}.json`]);
      return SENT;
    });
    expect(await outbox.notify(draft())).toBe('sent');
    expect((await entries()).map(({ delivery }) => delivery)).toEqual([
      { ...SENT, schema_version: 'outbox_sent_v1', at: '2026-01-01T09:00:00.000Z', round: 0 },
    ]);
  });

  test('for the outbox alone is one object: it is shown from there, and nobody sends it', async () => {
    const { files, sent, outbox, entries } = world();
    const drafted = draft();
    const shown = { ...drafted, notification: { ...drafted.notification, to: { ...drafted.notification.to, channel: 'outbox' as const } } };
    expect([await outbox.notify(shown), await outbox.notify(shown)]).toEqual(['sent', 'elsewhere']);
    expect([...files.keys()]).toEqual([`notifications/${nameOf(shown.notification)}.shown.json`]);
    expect(await outbox.flush()).toEqual({ sent: 0, dead: 0, later: 0, problems: [] });
    expect(sent).toEqual([]);
    expect(await entries()).toMatchObject([
      { record: { notification: { to: { channel: 'outbox' } } }, delivery: { status: 'sent', attempts: 1 } },
    ]);
  });

  test('gets its link when it is sent, and no stored byte has it', async () => {
    const { files, sent, outbox } = world();
    await outbox.notify(draft());
    expect(sent[0]?.link).toBe(linkFor(ORIGIN));
    expect([...files].join()).not.toMatch(new RegExp(`${CAPABILITY}|/a/`));
  });

  test('asked for 32 times at once is one request', async () => {
    const receiver = await startReceiver();
    const { deps, files } = world();
    const addresses = new Map([
      ['webhook/default', { channel: 'webhook', url: receiver.url, key: 'k'.repeat(32), personal: true } as const],
    ]);
    const notifier = createNotifier({ config: async () => ({ addresses, network: 'loopback' }), sns: {}, clock: () => new Date() });
    const outcomes = await Promise.all(Array.from({ length: 32 }, () => createOutbox({ ...deps, notifier }).notify(draft())));
    await receiver.close();
    expect(outcomes.toSorted()).toEqual([...Array.from({ length: 31 }, () => 'elsewhere'), 'sent']);
    expect(receiver.received).toHaveLength(1);
    expect(files.size).toBe(2);
  });

  test('is not sent again by a retry, a restart or a pass', async () => {
    const { sent, outbox, deps, time } = world();
    await outbox.notify(draft());
    time.now += 24 * 60 * MINUTE;
    await createOutbox(deps).notify(draft({ at: '2026-01-03T00:00:00.000Z' }));
    await createOutbox(deps).flush();
    expect(sent).toHaveLength(1);
  });

  test('that was only kept is sent by the next pass, by one of 32', async () => {
    const { sent, outbox, deps } = world();
    expect([await outbox.record(draft()), await outbox.record(draft())]).toEqual([true, false]);
    const reports = await Promise.all(Array.from({ length: 32 }, () => createOutbox(deps).flush(JOB_ID)));
    expect(sent).toHaveLength(1);
    expect(reports.reduce((sum, report) => sum + report.sent, 0)).toBe(1);
  });
});

describe('a lost sender', () => {
  test('is waited for, then replaced once, and the note says so', async () => {
    let lost = true;
    const { sent, outbox, deps, time, entries } = world(() => (lost ? new Promise<never>(() => {}) : SENT));
    void outbox.notify(draft());
    await expect.poll(() => sent.length).toBe(1);
    lost = false;
    time.now += 2 * MINUTE - 1;
    await createOutbox(deps).flush();
    expect(sent).toHaveLength(1);
    time.now += 2;
    await Promise.all(Array.from({ length: 8 }, () => createOutbox(deps).flush()));
    expect(sent).toHaveLength(2);
    expect(sent[1]?.id).toBe(sent[0]?.id);
    expect((await entries())[0]?.delivery).toMatchObject({ status: 'sent', round: 1 });
  });

  test('in every round is buried, not tried for ever', async () => {
    const { sent, outbox, time, entries } = world(() => Promise.reject(new Error(`no ${linkFor(ORIGIN)}`)));
    await outbox.record(draft());
    for (let i = 0; i < 20; i++) {
      await outbox.flush();
      time.now += 5 * 60 * MINUTE;
    }
    expect(sent).toHaveLength(7);
    const [entry] = await entries();
    expect(entry?.delivery).toMatchObject({ status: 'dead', round: 7, reason: 'the link could not be made, or the sender failed: Error' });
  });
});

describe('a channel', () => {
  test('that refuses for good makes a dead letter with the reason', async () => {
    const { outbox, sent, entries } = world(() => REFUSED);
    expect(await outbox.notify(draft())).toBe('dead');
    await outbox.flush();
    expect(sent).toHaveLength(1);
    expect((await entries())[0]?.delivery).toMatchObject({ status: 'dead', reason: 'the receiver answered 410', attempts: 1 });
  });

  test('that is down for an hour gets it once it is up', async () => {
    let up = false;
    const { outbox, sent, time } = world(() => (up ? SENT : BUSY));
    expect(await outbox.notify(draft())).toBe('later');
    for (let minute = 0; minute < 60; minute++) {
      await outbox.flush();
      time.now += MINUTE;
    }
    expect(sent.length).toBeLessThan(8);
    up = true;
    time.now += 60 * MINUTE;
    expect(await outbox.flush()).toMatchObject({ sent: 1, problems: [] });
    expect(await outbox.flush()).toMatchObject({ sent: 0 });
  });

  test('is not asked to carry a question that has expired', async () => {
    const { outbox, sent, entries } = world();
    await outbox.record(draft({ approval: approval({ expires_at: '2026-01-01T08:59:00.000Z' }) }));
    expect(await outbox.flush()).toMatchObject({ dead: 1 });
    expect(sent).toHaveLength(0);
    expect((await entries())[0]?.delivery).toMatchObject({
      status: 'dead',
      reason: expect.stringContaining('expired at 2026-01-01T08:59'),
    });
  });
});

describe('a pass', () => {
  test('looks at one job or at all, and an unreadable record does not stop it', async () => {
    const { outbox, files, sent } = world();
    files.set(`notifications/000000000000/Job-1-done-1-${'0'.repeat(16)}.json`, '{"schema_version":"outbox_record_v9"}');
    await outbox.record(draft());
    expect(await outbox.flush('ffffffffffff')).toEqual({ sent: 0, dead: 0, later: 0, problems: [] });
    const report = await outbox.flush();
    expect(report).toMatchObject({ sent: 1, problems: [expect.stringContaining('outbox_record_v9')] });
    expect(sent).toHaveLength(1);
  });

  test('whose note of a delivery fails leaves it to a later pass', async () => {
    const { outbox, deps, files, sent, time } = world();
    const artifacts = {
      ...deps.artifacts,
      create: async (key: string, body: string, type: string) => {
        if (key.endsWith('.sent.json')) throw new Error('S3 is away');
        return deps.artifacts.create(key, body, type);
      },
    };
    expect(await createOutbox({ ...deps, artifacts }).notify(draft())).toBe('later');
    time.now += 3 * MINUTE;
    expect(await outbox.flush()).toMatchObject({ sent: 1 });
    expect([sent.length, files.size]).toEqual([2, 3]);
  });
});
