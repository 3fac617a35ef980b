import {
  ListSubscriptionsByTopicCommand,
  ListTopicsCommand,
  PublishCommand,
  type PublishCommandInput,
  SNSClient,
  SNSServiceException,
} from '@aws-sdk/client-sns';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serveHttp } from '../wire.ts';
import { createSns } from './sns.ts';

const TOPIC = 'arn:aws:sns:us-east-1:000000000000:holdpoint-local';

describe('the local SNS, asked by the AWS SDK', () => {
  const sns = createSns({ topics: [TOPIC] });
  let http: Awaited<ReturnType<typeof serveHttp>>;
  let client: SNSClient;
  beforeAll(async () => {
    http = await serveHttp(sns.handle, { port: 0, host: '127.0.0.1' });
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    client = new SNSClient({ region: 'us-east-1', endpoint: `http://127.0.0.1:${http.port}`, credentials, maxAttempts: 1 });
  });
  afterAll(async () => {
    client.destroy();
    await http.close();
  });
  const refused = async (input: PublishCommandInput): Promise<string> => {
    try {
      await client.send(new PublishCommand(input));
      return 'taken';
    } catch (thrown) {
      return thrown instanceof SNSServiceException ? `${thrown.$metadata.httpStatusCode} ${thrown.name}` : String(thrown);
    }
  };

  test('takes a message for a topic, in the words of each protocol', async () => {
    const Message = JSON.stringify({ default: 'long & <safe>', sms: 'short' });
    const { MessageId } = await client.send(new PublishCommand({ TopicArn: TOPIC, Subject: 'Sübject', Message, MessageStructure: 'json' }));
    expect(sns.published()).toEqual([
      { message_id: MessageId, to: TOPIC, subject: 'Sübject', default: 'long & <safe>', email: 'long & <safe>', sms: 'short' },
    ]);
  });

  test('takes a message for one phone', async () => {
    expect(await refused({ PhoneNumber: '+15551234567', Message: 'hi' })).toBe('taken');
    expect(sns.published().at(-1)).toMatchObject({ to: '+15551234567', sms: 'hi', subject: null });
  });

  test('refuses what the service refuses', async () => {
    const invalid = '400 InvalidParameterException';
    const Message = 'hi';
    expect(await refused({ TopicArn: `${TOPIC}-none`, Message })).toBe('404 NotFoundException');
    expect(await refused({ Message })).toBe(invalid);
    expect(await refused({ TopicArn: TOPIC, Message: '' })).toBe(invalid);
    expect(await refused({ PhoneNumber: '5551234', Message })).toBe(invalid);
    expect(await refused({ TopicArn: TOPIC, Message, Subject: 'two\nlines' })).toBe(invalid);
    expect(await refused({ TopicArn: TOPIC, Message, Subject: 'x'.repeat(100) })).toBe(invalid);
    expect(await refused({ TopicArn: TOPIC, Message: '{"sms":"no default"}', MessageStructure: 'json' })).toBe(invalid);
    expect(await refused({ TopicArn: TOPIC, Message: 'x'.repeat(256 * 1024 + 1) })).toBe(invalid);
  });

  test('says who is subscribed: nobody', async () => {
    const { Subscriptions } = await client.send(new ListSubscriptionsByTopicCommand({ TopicArn: TOPIC }));
    expect(Subscriptions).toEqual([]);
    const unknown = new ListSubscriptionsByTopicCommand({ TopicArn: `${TOPIC}-none` });
    await expect(client.send(unknown)).rejects.toMatchObject({ name: 'NotFoundException', $metadata: { httpStatusCode: 404 } });
  });

  test('says 501 to what it does not implement', async () => {
    await expect(client.send(new ListTopicsCommand({}))).rejects.toMatchObject({
      name: 'NotImplemented',
      $metadata: { httpStatusCode: 501 },
    });
  });
});
