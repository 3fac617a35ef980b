import type { SNSClientConfig } from '@aws-sdk/client-sns';
import { asError } from '../../contracts/errors.ts';
import type { DeliveryResult, Notification, Notifier } from '../../contracts/notification.ts';
import type { Clock } from '../../contracts/ports.ts';
import { signBody } from '../../functions/lib/notification/signature.ts';
import { renderSlack } from '../../functions/lib/notification/slack.ts';
import { renderTelegram } from '../../functions/lib/notification/telegram.ts';
import { renderWebhook } from '../../functions/lib/notification/webhook.ts';
import { redact } from '../../functions/lib/redaction.ts';
import { type Address, type AddressOf, addressName, type NotifyConfig, notifySecrets } from './config.ts';
import { type Post, type PostOptions, post, RETRY, type RetryPolicy } from './post.ts';
import { createSns, type SnsSend } from './sns.ts';

export type NotifierOptions = {
  /** Read when something is to be sent: on AWS it is a secret that may change. */
  config: () => Promise<NotifyConfig>;
  /** Client of SNS: region, endpoint and credentials of the function. */
  sns: SNSClientConfig;
  /** Real time: a receiver refuses a signature that is not of now. */
  clock: Clock;
  retry?: RetryPolicy;
  /** For the pauses between tries; `Math.random` by default. */
  random?: () => number;
};

const JSON_BODY = { 'content-type': 'application/json; charset=utf-8' };

const slackPost = (notification: Notification, { url }: AddressOf<'slack'>): Post => ({
  url,
  headers: () => JSON_BODY,
  body: JSON.stringify(renderSlack(notification)),
});

const telegramPost = (notification: Notification, { base_url, token, chat_id }: AddressOf<'telegram'>): Post => ({
  url: `${base_url.replace(/\/+$/, '')}/bot${token}/sendMessage`,
  headers: () => JSON_BODY,
  body: JSON.stringify({
    chat_id,
    text: renderTelegram(notification),
    parse_mode: 'MarkdownV2',
    link_preview_options: { is_disabled: true },
  }),
});

const webhookPost = (notification: Notification, { url, key }: AddressOf<'webhook'>, clock: Clock): Post => {
  const body = renderWebhook(notification);
  return {
    url,
    body,
    headers: () => ({ ...JSON_BODY, ...signBody(key, body, clock()), 'X-Holdpoint-Delivery': notification.id, 'user-agent': 'holdpoint' }),
  };
};

const deliver = (
  notification: Notification,
  address: Address,
  by: { sns: SnsSend; clock: Clock; http: PostOptions },
): Promise<DeliveryResult> => {
  switch (address.channel) {
    case 'email':
    case 'sms':
      return by.sns(notification, address);
    case 'slack':
      return post(slackPost(notification, address), by.http);
    case 'telegram':
      return post(telegramPost(notification, address), by.http);
    case 'webhook':
      return post(webhookPost(notification, address, by.clock), by.http);
  }
};

const MAX_REASON = 1000;

/**
 * Sends through the channel and address that the notification names. A personal link goes only where one approver
 * alone reads; elsewhere the job's page stands in its place. The outbox needs no sending: its page shows it.
 */
export const createNotifier = ({ config, sns, clock, retry = RETRY, random = Math.random }: NotifierOptions): Notifier => {
  const snsSend = createSns(sns);
  return {
    send: async (notification) => {
      const { channel, address: ref, approver } = notification.to;
      if (channel === 'outbox') return { status: 'sent', attempts: 1, receipt: null };
      let secrets: string[] = [];
      try {
        const { addresses, network } = await config();
        secrets = notifySecrets({ addresses, network });
        const address = addresses.get(addressName(channel, ref));
        if (!address) {
          const reason = `no address "${addressName(channel, ref)}" is configured; add it to HOLDPOINT_NOTIFY_ADDRESSES, or name another in the policy`;
          return { status: 'failed', final: true, attempts: 0, reason };
        }
        const shown = approver !== null && address.personal ? notification : { ...notification, link: null };
        return await deliver(shown, address, { sns: snsSend, clock, http: { network, retry, random } });
      } catch (thrown) {
        return {
          status: 'failed',
          final: false,
          attempts: 0,
          reason: redact(asError(thrown).message, { secrets }).text.slice(0, MAX_REASON),
        };
      }
    },
  };
};
