import type { AwsRequest } from '../../wire.ts';
import type { Call } from '../evaluate.ts';

/** What a request asks permission for. Null: nobody knows. */
export const askOfSns = ({ method, body }: AwsRequest): Call[] | null => {
  const form = new URLSearchParams(method === 'POST' ? body.toString('utf8') : '');
  const action = form.get('Action');
  // A phone number is no resource: who may send to one may send to all.
  const resource = form.get('TopicArn') ?? form.get('TargetArn') ?? '*';
  return action === 'Publish' ? [{ action: 'sns:Publish', resource, context: { 'aws:securetransport': ['true'] } }] : null;
};
