import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { AwsRequest, AwsResponse, Handle } from '../wire.ts';

/** A message as its subscribers, or one phone, would get it. */
export type Published = { message_id: string; to: string; subject: string | null; default: string; email: string; sms: string };

export type Sns = {
  /** AWS Query protocol. Never rejects. */
  handle: Handle;
  /** What was published, oldest first; the last 1,000. Kept in memory only: messages carry personal links. */
  published(): readonly Published[];
};

const MAX_KEPT = 1000;
const MAX_BYTES = 256 * 1024;
const NAMESPACE = 'http://sns.amazonaws.com/doc/2010-03-31/';

/** An SNS error answer. Codes are those of the service: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html */
class SnsError extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const escapeXml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const xml = (status: number, body: string): AwsResponse => ({ status, headers: { 'content-type': 'text/xml' }, body });

const errorAnswer = ({ status, code, message }: SnsError): AwsResponse =>
  xml(
    status,
    `<ErrorResponse xmlns="${NAMESPACE}"><Error><Type>${status < 500 ? 'Sender' : 'Receiver'}</Type><Code>${code}</Code><Message>${escapeXml(message)}</Message></Error><RequestId>${randomUUID()}</RequestId></ErrorResponse>`,
  );

const invalid = (message: string): SnsError => new SnsError(400, 'InvalidParameter', `Invalid parameter: ${message}`);

const PerProtocol = z.looseObject({ default: z.string(), email: z.string().optional(), sms: z.string().optional() });

const perProtocol = (message: string): z.infer<typeof PerProtocol> => {
  try {
    return PerProtocol.parse(JSON.parse(message));
  } catch {
    throw invalid('Message Structure - No default entry in JSON message body');
  }
};

const topicOf = (topic: string | null, topics: readonly string[]): string => {
  if (topic === null) throw invalid('TopicArn or TargetArn Reason: no value for required parameter');
  if (!topics.includes(topic)) throw new SnsError(404, 'NotFound', 'Topic does not exist');
  return topic;
};

const targetOf = (form: URLSearchParams, topics: readonly string[]): string => {
  const [topic, phone] = [form.get('TopicArn') ?? form.get('TargetArn'), form.get('PhoneNumber')];
  if (phone !== null) {
    if (!/^\+[1-9]\d{6,14}$/.test(phone)) throw invalid(`PhoneNumber Reason: ${phone} is not valid to publish to`);
    return phone;
  }
  return topicOf(topic, topics);
};

const subjectOf = (form: URLSearchParams): string | null => {
  const subject = form.get('Subject');
  if (subject !== null && (subject.length === 0 || subject.length > 99 || /[\u0000-\u001f\u007f]/.test(subject))) throw invalid('Subject');
  return subject;
};

const publish = (form: URLSearchParams, topics: readonly string[]): Published => {
  const message = form.get('Message') ?? '';
  if (message === '') throw invalid('Empty message');
  if (Buffer.byteLength(message) > MAX_BYTES) throw invalid('Message too long');
  const to = targetOf(form, topics);
  const structure = form.get('MessageStructure');
  if (structure !== null && structure !== 'json') throw invalid('MessageStructure');
  const texts = structure === 'json' ? perProtocol(message) : { default: message };
  const { default: fallback, email = fallback, sms = fallback } = texts;
  return { message_id: randomUUID(), to, subject: subjectOf(form), default: fallback, email, sms };
};

const result = (action: string, body: string): AwsResponse =>
  xml(
    200,
    `<${action}Response xmlns="${NAMESPACE}"><${action}Result>${body}</${action}Result><ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata></${action}Response>`,
  );

/** Amazon SNS on this machine: takes what is published, and sends it to nobody. Its topics have no subscribers. */
export const createSns = ({ topics }: { topics: readonly string[] }): Sns => {
  const kept: Published[] = [];
  const actions: Readonly<Record<string, (form: URLSearchParams) => string>> = {
    Publish: (form) => {
      const message = publish(form, topics);
      kept.push(message);
      if (kept.length > MAX_KEPT) kept.shift();
      return `<MessageId>${message.message_id}</MessageId>`;
    },
    ListSubscriptionsByTopic: (form) => {
      topicOf(form.get('TopicArn'), topics);
      return '<Subscriptions/>';
    },
  };
  const answer = ({ method, body }: AwsRequest): AwsResponse => {
    const form = new URLSearchParams(method === 'POST' ? body.toString('utf8') : '');
    const action = form.get('Action') ?? 'nothing';
    const run = Object.hasOwn(actions, action) ? actions[action] : undefined;
    if (!run) {
      const has = Object.keys(actions).join(' and ');
      throw new SnsError(501, 'NotImplemented', `the local cloud implements ${has} of SNS, not ${action.slice(0, 64)}`);
    }
    return result(action, run(form));
  };
  return {
    handle: async (request) => {
      try {
        return answer(request);
      } catch (error) {
        return errorAnswer(error instanceof SnsError ? error : new SnsError(500, 'InternalError', String(error)));
      }
    },
    published: () => [...kept],
  };
};
