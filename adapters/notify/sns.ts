import type { SNSClient, SNSClientConfig } from '@aws-sdk/client-sns';
import { asError } from '../../contracts/errors.ts';
import type { DeliveryResult, Notification } from '../../contracts/notification.ts';
import { renderEmail } from '../../functions/lib/notification/email.ts';
import { renderSms } from '../../functions/lib/notification/sms.ts';
import type { AddressOf } from './config.ts';

export type SnsSend = (notification: Notification, address: AddressOf<'email'> | AddressOf<'sms'>) => Promise<DeliveryResult>;

const messageOf = (notification: Notification, address: AddressOf<'email'> | AddressOf<'sms'>) => {
  if (address.channel === 'sms') return { PhoneNumber: address.phone, Message: renderSms(notification) };
  const { subject, text } = renderEmail(notification);
  const Message = JSON.stringify({ default: text, email: text, sms: renderSms(notification) });
  return { TopicArn: address.topic_arn, Subject: subject, Message, MessageStructure: 'json' };
};

/** Faults that pass: the service's own, throttling, and what never reached it. */
const passes = (error: Error): boolean => {
  const fault = '$fault' in error ? error.$fault : undefined;
  return fault !== 'client' || /Thrott|TooManyRequests|RequestTimeout/.test(error.name);
};

/** Of one message with the SDK's own retries, in ms. */
const TIMEOUT_MS = 20_000;

/** Publishes to Amazon SNS. The SDK is loaded with the first message, and does its own retries. */
export const createSns = (config: SNSClientConfig): SnsSend => {
  let loaded: Promise<{ client: SNSClient; sdk: typeof import('@aws-sdk/client-sns') }> | undefined;
  const load = () => {
    loaded ??= import('@aws-sdk/client-sns').then((sdk) => ({ sdk, client: new sdk.SNSClient(config) }));
    return loaded;
  };
  return async (notification, address) => {
    try {
      const { client, sdk } = await load();
      const { MessageId, $metadata } = await client.send(new sdk.PublishCommand(messageOf(notification, address)), {
        abortSignal: AbortSignal.timeout(TIMEOUT_MS),
      });
      return { status: 'sent', attempts: $metadata.attempts ?? 1, receipt: MessageId ?? null };
    } catch (thrown) {
      const error = asError(thrown);
      // The service's message may quote the number; its name never does.
      return { status: 'failed', final: !passes(error), attempts: 1, reason: `SNS refused it: ${error.name}` };
    }
  };
};
