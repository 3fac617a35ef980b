import * as z from 'zod';
import { actionOf } from '../../keys/json-service.ts';
import { ACCOUNT, REGION, WORKGROUP } from '../../settings.ts';
import type { AwsRequest } from '../../wire.ts';
import type { Call } from '../evaluate.ts';

// A question belongs to the workgroup it was asked in; here there is one.
const Body = z.object({ WorkGroup: z.string().default(WORKGROUP) });

const ON_WORKGROUP = ['StartQueryExecution', 'GetQueryExecution', 'GetQueryResults', 'StopQueryExecution'];

const parse = ({ body }: AwsRequest): z.infer<typeof Body> | null => {
  try {
    return Body.parse(JSON.parse(body.toString('utf8') || '{}'));
  } catch {
    return null;
  }
};

/** What a request asks permission for. Null: nobody knows. */
export const askOfAthena = (request: AwsRequest): Call[] | null => {
  const [body, action] = [parse(request), actionOf(request)];
  if (!body || !ON_WORKGROUP.includes(action)) return null;
  const resource = `arn:aws:athena:${REGION}:${ACCOUNT}:workgroup/${body.WorkGroup}`;
  return [{ action: `athena:${action}`, resource, context: { 'aws:securetransport': ['true'] } }];
};
