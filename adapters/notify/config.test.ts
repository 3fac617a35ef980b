import { describe, expect, test } from 'vitest';
import { NOTIFY_VARIABLES, notifySecrets, readNotifyConfig } from './config.ts';

const KEY = 'k'.repeat(40);
const TOKEN = `123456789:${'A'.repeat(35)}`;
const FULL = {
  HOLDPOINT_NOTIFY_TOPIC_ARN: 'arn:aws:sns:us-east-1:000000000000:holdpoint-dev',
  HOLDPOINT_NOTIFY_WEBHOOK_URL: 'https://ops.example/hook',
  HOLDPOINT_NOTIFY_WEBHOOK_KEY: KEY,
  SLACK_WEBHOOK_URL: 'https://hooks.slack.com/services/T0/B0/canaryCanary',
  TELEGRAM_BOT_TOKEN: TOKEN,
  TELEGRAM_CHAT_ID: '-100123',
  HOLDPOINT_NOTIFY_ADDRESSES: JSON.stringify({ 'sms/alice': { phone: '+15551234567', personal: true } }),
};

const complaint = (variables: Record<string, string>): string => {
  try {
    readNotifyConfig(variables);
    return 'none';
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : '';
  }
};

describe('addresses', () => {
  test('come from the variables of each channel, and from the list', () => {
    const { addresses } = readNotifyConfig(FULL);
    expect([...addresses.keys()].toSorted()).toEqual([
      'email/default',
      'slack/default',
      'sms/alice',
      'telegram/default',
      'webhook/default',
    ]);
    expect(addresses.get('sms/alice')).toMatchObject({ personal: true });
    expect(addresses.get('slack/default')).toMatchObject({ personal: false });
    expect(readNotifyConfig({ SLACK_WEBHOOK_URL: ' ' }).addresses.size).toBe(0);
  });

  test('are secrets, but for topics', () => {
    const secrets = notifySecrets(readNotifyConfig(FULL));
    expect(secrets).toEqual(expect.arrayContaining([KEY, TOKEN, '-100123', '+15551234567', FULL.SLACK_WEBHOOK_URL]));
    expect(secrets).not.toContain(FULL.HOLDPOINT_NOTIFY_TOPIC_ARN);
  });

  test('that are bad stop the start, with the name, what is allowed, and never the value', () => {
    const cases: [Record<string, string>, string][] = [
      [{ SLACK_WEBHOOK_URL: 'http://hooks.example/canary' }, 'SLACK_WEBHOOK_URL'],
      [{ SLACK_WEBHOOK_URL: 'https://user:canary@hooks.example/' }, 'SLACK_WEBHOOK_URL'],
      [{ TELEGRAM_BOT_TOKEN: 'canary', TELEGRAM_CHAT_ID: '1' }, 'TELEGRAM_BOT_TOKEN'],
      [{ TELEGRAM_BOT_TOKEN: TOKEN }, 'TELEGRAM_CHAT_ID is missing'],
      [{ HOLDPOINT_NOTIFY_WEBHOOK_URL: 'https://x.example', HOLDPOINT_NOTIFY_WEBHOOK_KEY: 'canary' }, 'at least 32'],
      [{ HOLDPOINT_NOTIFY_TOPIC_ARN: 'canary' }, 'ARN of an SNS topic'],
      [{ HOLDPOINT_NOTIFY_ADDRESSES: '{canary' }, 'must be a JSON object'],
      [{ HOLDPOINT_NOTIFY_ADDRESSES: '{"sms/alice": {"phone": "canary"}}' }, '"sms/alice" phone'],
      [{ HOLDPOINT_NOTIFY_ADDRESSES: '{"sms": {"phone": "+15551234567"}}' }, '"<channel>/<name>"'],
      [{ HOLDPOINT_NOTIFY_ADDRESSES: '{"fax/alice": {"phone": "+15551234567"}}' }, '"fax/alice" channel'],
    ];
    for (const [variables, said] of cases) {
      expect(complaint(variables)).toContain(said);
      expect(complaint(variables)).not.toContain('canary');
    }
  });

  test('reach this machine only under tests', () => {
    expect(readNotifyConfig({ VITEST: 'true' }).network).toBe('loopback');
    expect(readNotifyConfig({}).network).toBe('allowed');
    expect(Object.keys(FULL).toSorted()).toEqual(Object.keys(NOTIFY_VARIABLES).toSorted());
  });
});
