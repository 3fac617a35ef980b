import { afterEach, describe, expect, test } from 'vitest';
import type { Channel } from '../../contracts/notification.ts';
import { CAPABILITY, withLink } from '../../functions/lib/notification/notification.fixture.ts';
import { verifySignature } from '../../functions/lib/notification/signature.ts';
import { inProcess } from '../../infra/local/in-process.ts';
import { createSns as localSns } from '../../infra/local/sns/sns.ts';
import { type Address, addressName, type NotifyConfig } from './config.ts';
import { createNotifier } from './notifier.ts';
import { type RetryPolicy, retryAfter } from './post.ts';
import { type Fault, type Receiver, startReceiver } from './testing.ts';

const KEY = 'signing-key-canary-0123456789abcdef';
const TOKEN = `123456789:${'A'.repeat(35)}`;
const TOPIC = 'arn:aws:sns:us-east-1:000000000000:holdpoint-local';
const NOW = new Date('2026-01-01T09:00:00.000Z');
const QUICK: RetryPolicy = { attempts: 3, timeout_ms: 200, base_ms: 4, max_pause_ms: 50 };
const CREDENTIALS = { accessKeyId: 'LOCAL-notify', secretAccessKey: 'local' };

const open: Receiver[] = [];
const receiver = async (faults: Fault[] = []): Promise<Receiver> => {
  const started = await startReceiver(faults);
  open.push(started);
  return started;
};
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

const sns = localSns({ topics: [TOPIC] });
const notifierFor = (address: Address, more: Partial<NotifyConfig> = {}) => {
  const addresses = new Map([[addressName(address.channel, 'default'), address]]);
  return createNotifier({
    config: async () => ({ addresses, network: 'loopback', ...more }),
    sns: { region: 'us-east-1', endpoint: 'http://127.0.0.1:1', credentials: CREDENTIALS, requestHandler: inProcess(sns.handle) },
    clock: () => NOW,
    retry: QUICK,
    random: () => 1,
  });
};
const to = (channel: Channel) => withLink({ to: { approver: 'alice', channel, address: 'default' } });
const webhook = (url: string, personal = true): Address => ({ channel: 'webhook', url, key: KEY, personal });

describe('a webhook', () => {
  test('is signed over what is sent, and says which delivery it is', async () => {
    const { url, received } = await receiver();
    expect(await notifierFor(webhook(url)).send(to('webhook'))).toEqual({ status: 'sent', attempts: 1, receipt: null });
    const [one] = received;
    const { 'x-holdpoint-timestamp': timestamp = null, 'x-holdpoint-signature': signature = null, ...headers } = one?.headers ?? {};
    expect(verifySignature({ timestamp, signature, body: one?.body ?? '' }, [KEY], NOW)).toEqual({ ok: true });
    expect(JSON.parse(one?.body ?? '')).toEqual(to('webhook'));
    expect(headers['x-holdpoint-delivery']).toBe(to('webhook').id);
  });

  test('is tried again after 429, 5xx, a reset and silence, with the same bytes', async () => {
    for (const fault of [
      { status: 429, headers: { 'retry-after': '0' } },
      { status: 503 },
      { ends: 'reset' },
      { ends: 'hang' },
    ] satisfies Fault[]) {
      const { url, received } = await receiver([fault]);
      expect(await notifierFor(webhook(url)).send(to('webhook'))).toMatchObject({ status: 'sent', attempts: 2 });
      expect(received).toHaveLength(2);
      expect(received[1]?.body).toBe(received[0]?.body);
    }
  });

  test('fails for now when the tries are used up, or the receiver asks for more patience than there is', async () => {
    const down = await receiver([{ status: 500 }, { status: 502 }, { status: 503 }]);
    expect(await notifierFor(webhook(down.url)).send(to('webhook'))).toEqual({
      status: 'failed',
      final: false,
      attempts: 3,
      reason: 'the receiver answered 503',
    });
    const busy = await receiver([{ status: 429, headers: { 'retry-after': '3600' } }]);
    expect(await notifierFor(webhook(busy.url)).send(to('webhook'))).toMatchObject({ final: false, attempts: 1 });
    expect([down.received.length, busy.received.length]).toEqual([3, 1]);
  });

  test('fails for good at a refusal, and never follows a redirect', async () => {
    const elsewhere = await receiver();
    for (const status of [301, 302, 307, 308, 400, 401, 404, 410]) {
      const { url, received } = await receiver([{ status, headers: { location: elsewhere.url } }]);
      expect(await notifierFor(webhook(url)).send(to('webhook'))).toMatchObject({ status: 'failed', final: true, attempts: 1 });
      expect(received).toHaveLength(1);
    }
    expect(elsewhere.received).toHaveLength(0);
  });

  test('leaves this machine only where the network is allowed', async () => {
    const result = await notifierFor(webhook('https://receiver.example/canary')).send(to('webhook'));
    expect(result).toMatchObject({ status: 'failed', final: true, attempts: 0 });
  });
});

describe('every channel', () => {
  test('gets a personal link only where one approver alone reads', async () => {
    const { url, received } = await receiver();
    const phone = '+15551234567';
    const addresses = (personal: boolean): Address[] => [
      webhook(url, personal),
      { channel: 'slack', url, personal },
      { channel: 'telegram', base_url: url, token: TOKEN, chat_id: '-1', personal },
      { channel: 'email', topic_arn: TOPIC, personal },
      { channel: 'sms', phone, personal },
    ];
    const texts = async (personal: boolean, approver: string | null): Promise<string[]> => {
      const before = [received.length, sns.published().length];
      for (const address of addresses(personal))
        expect((await notifierFor(address).send({ ...to(address.channel), to: { ...to(address.channel).to, approver } })).status).toBe(
          'sent',
        );
      return [
        ...received.slice(before[0]).map(({ body }) => body),
        ...sns
          .published()
          .slice(before[1])
          .map((one) => one.email + one.sms),
      ];
    };
    expect((await texts(true, 'alice')).map((text) => text.includes(CAPABILITY))).toEqual([true, true, true, true, true]);
    for (const text of [...(await texts(false, 'alice')), ...(await texts(true, null))]) {
      expect(text).not.toContain(CAPABILITY);
      expect(text).toContain('/ui/jobs/');
    }
  });

  test('speaks its own format', async () => {
    const { url, received } = await receiver();
    await notifierFor({ channel: 'telegram', base_url: `${url}/`, token: TOKEN, chat_id: '42', personal: true }).send(to('telegram'));
    await notifierFor({ channel: 'slack', url: `${url}/services/T/B/x`, personal: true }).send(to('slack'));
    expect(received.map(({ path }) => path)).toEqual([`/bot${TOKEN}/sendMessage`, '/services/T/B/x']);
    expect(JSON.parse(received[0]?.body ?? '')).toMatchObject({
      chat_id: '42',
      parse_mode: 'MarkdownV2',
      link_preview_options: { is_disabled: true },
    });
    expect(JSON.parse(received[1]?.body ?? '')).toMatchObject({ unfurl_links: false, blocks: expect.any(Array) });
    const { receipt } = {
      receipt: null,
      ...(await notifierFor({ channel: 'email', topic_arn: TOPIC, personal: false }).send(to('email'))),
    };
    expect(sns.published().at(-1)).toMatchObject({ message_id: receipt, subject: '[prod] Approval asked: blueprint of Trend filter' });
  });

  test('says what went wrong without an address, a token or a key', async () => {
    const gone = await receiver();
    await gone.close();
    const failures = [
      await notifierFor({ channel: 'telegram', base_url: gone.url, token: TOKEN, chat_id: '42', personal: true }).send(to('telegram')),
      await notifierFor(webhook(`${gone.url}/canary-path`)).send(to('webhook')),
      await notifierFor({ channel: 'email', topic_arn: `${TOPIC}-none`, personal: false }).send(to('email')),
      await notifierFor(webhook(gone.url)).send(to('slack')),
    ];
    expect(failures.map((one) => one.status === 'failed' && [one.final, one.reason])).toEqual([
      [false, 'the receiver could not be reached: ECONNREFUSED'],
      [false, 'the receiver could not be reached: ECONNREFUSED'],
      [true, 'SNS refused it: NotFoundException'],
      [true, expect.stringContaining('no address "slack/default" is configured')],
    ]);
    expect(JSON.stringify(failures)).not.toMatch(/canary|AAAA|127\.0\.0\.1/);
  });

  test('never throws, and hides secrets of a configuration that cannot be read', async () => {
    const broken = createNotifier({ config: () => Promise.reject(new Error('password=hunter2')), sns: {}, clock: () => NOW });
    expect(await broken.send(to('slack'))).toEqual({
      status: 'failed',
      final: false,
      attempts: 0,
      reason: 'password=[REDACTED:sensitive_key]',
    });
  });
});

test('Retry-After is seconds or a date', () => {
  const now = NOW.getTime();
  expect([
    retryAfter('7', now),
    retryAfter(new Date(now + 3000).toUTCString(), now),
    retryAfter('soon', now),
    retryAfter(null, now),
  ]).toEqual([7000, 3000, null, null]);
});
