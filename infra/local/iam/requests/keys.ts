import * as z from 'zod';
import { actionOf } from '../../keys/json-service.ts';
import { ACCOUNT, CONTEXT_SECRET_ARN, REGION } from '../../settings.ts';
import type { AwsRequest } from '../../wire.ts';
import type { Call } from '../evaluate.ts';

const member = ({ body }: AwsRequest, name: string): string | null => {
  try {
    return z.object({ [name]: z.string() }).parse(JSON.parse(body.toString('utf8')))[name] ?? null;
  } catch {
    return null;
  }
};

const asked = (action: string, resource: string): Call[] => [{ action, resource, context: { 'aws:securetransport': ['true'] } }];

/** A secret is judged by its whole ARN, however it was named. */
const secretArn = (id: string): string => {
  if (id.startsWith('arn:')) return CONTEXT_SECRET_ARN.startsWith(id) ? CONTEXT_SECRET_ARN : id;
  const arn = `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:${id}`;
  return CONTEXT_SECRET_ARN.startsWith(`${arn}-`) ? CONTEXT_SECRET_ARN : arn;
};

/** What a request to Secrets Manager asks permission for. Null: nobody knows. */
export const askOfSecrets = (request: AwsRequest): Call[] | null => {
  const id = member(request, 'SecretId');
  return id === null || actionOf(request) !== 'GetSecretValue' ? null : asked('secretsmanager:GetSecretValue', secretArn(id));
};

const OF_KEYS = ['Sign', 'GetPublicKey'];

/** What a request to KMS asks permission for. Null: nobody knows. */
export const askOfKms = (request: AwsRequest): Call[] | null => {
  const [id, action] = [member(request, 'KeyId'), actionOf(request)];
  if (id === null || !OF_KEYS.includes(action)) return null;
  return asked(`kms:${action}`, id.startsWith('arn:') ? id : `arn:aws:kms:${REGION}:${ACCOUNT}:key/${id}`);
};
