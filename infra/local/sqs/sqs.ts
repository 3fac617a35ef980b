import { createHash, randomUUID } from 'node:crypto';
import * as z from 'zod';
import { jsonService, ServiceError } from '../keys/json-service.ts';
import type { Handle } from '../wire.ts';

type Message = { id: string; body: string; hiddenUntil: number };

export type Sqs = {
  /** AWS JSON protocol. Never rejects. */
  handle: Handle;
  /** Puts a message into a queue. */
  send(queue: string, body: string): void;
};

/** Messages a queue keeps; the oldest go first. Kept in memory only. */
const MAX_KEPT = 1000;
const VISIBILITY_S = 30;

const Queue = z.object({ QueueUrl: z.string() });
const Receive = Queue.extend({
  MaxNumberOfMessages: z.int().min(1).max(10).default(1),
  VisibilityTimeout: z.int().min(0).max(43_200).default(VISIBILITY_S),
});

const read = <T>(schema: z.ZodType<T>, input: unknown): T => {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new ServiceError('InvalidParameterValue', z.prettifyError(parsed.error));
};

const shown = ({ id, body }: Message) => ({
  ...{ MessageId: id, ReceiptHandle: id, Body: body },
  MD5OfBody: createHash('md5').update(body).digest('hex'),
});

/** Amazon SQS on this machine: what people need to look at dead letters, and to empty the queue. A URL means the queue it ends in. */
export const createSqs = ({ queues, now = Date.now }: { queues: readonly string[]; now?: () => number }): Sqs => {
  const kept = new Map(queues.map((name) => [name, new Array<Message>()]));
  const messagesOf = (queue: string): Message[] => {
    const found = kept.get(queue.slice(queue.lastIndexOf('/') + 1));
    if (!found) throw new ServiceError('QueueDoesNotExist', `The specified queue does not exist: ${queue.slice(0, 200)}`);
    return found;
  };
  const handle = jsonService('SQS', {
    ReceiveMessage: (input) => {
      const { QueueUrl, MaxNumberOfMessages, VisibilityTimeout } = read(Receive, input);
      const at = now();
      const visible = messagesOf(QueueUrl).filter(({ hiddenUntil }) => hiddenUntil <= at);
      const Messages = visible.slice(0, MaxNumberOfMessages);
      for (const message of Messages) message.hiddenUntil = at + VisibilityTimeout * 1000;
      return Messages.length === 0 ? {} : { Messages: Messages.map(shown) };
    },
    PurgeQueue: (input) => {
      messagesOf(read(Queue, input).QueueUrl).length = 0;
      return {};
    },
    GetQueueAttributes: (input) => {
      const messages = messagesOf(read(Queue, input).QueueUrl);
      const hidden = messages.filter(({ hiddenUntil }) => hiddenUntil > now()).length;
      return {
        Attributes: {
          ApproximateNumberOfMessages: String(messages.length - hidden),
          ApproximateNumberOfMessagesNotVisible: String(hidden),
        },
      };
    },
  });
  const send = (queue: string, body: string): void => {
    const messages = messagesOf(queue);
    messages.push({ id: randomUUID(), body, hiddenUntil: 0 });
    if (messages.length > MAX_KEPT) messages.shift();
  };
  return { handle, send };
};
