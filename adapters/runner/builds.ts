import { AwsClient } from 'aws4fetch';
import * as z from 'zod';
import type { Env } from '../env.ts';
import type { Builds } from './build-runner.ts';

/** Of a call, before it counts as failed. */
const RETRIES = 3;

const Started = z.object({ build: z.object({ id: z.string() }) });
const Found = z.object({ builds: z.array(z.object({ buildStatus: z.string() })) });
const Refused = z.object({ __type: z.string().optional(), message: z.string().optional(), Message: z.string().optional() });

const failure = (action: string, status: number, body: unknown): Error => {
  const { __type: type, message, Message } = Refused.safeParse(body).data ?? {};
  return new Error(`CodeBuild refused ${action} (HTTP ${status}, ${type ?? 'no error type'}): ${message ?? Message ?? 'no message'}`);
};

/** CodeBuild, by its JSON protocol: two calls do not need its SDK (https://docs.aws.amazon.com/codebuild/latest/APIReference/). */
export const createBuilds = (env: Env): Builds => {
  const call = async (action: string, input: unknown): Promise<unknown> => {
    const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '', AWS_SESSION_TOKEN: sessionToken } = env;
    const client = new AwsClient({
      ...{ accessKeyId, secretAccessKey, service: 'codebuild', region: env.AWS_REGION, retries: RETRIES },
      ...(sessionToken ? { sessionToken } : {}),
    });
    const response = await client.fetch(env.AWS_ENDPOINT_URL ?? `https://codebuild.${env.AWS_REGION}.amazonaws.com/`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `CodeBuild_20161006.${action}` },
      body: JSON.stringify(input),
    });
    const body: unknown = await response.json().catch(() => null);
    if (!response.ok) throw failure(action, response.status, body);
    return body;
  };

  return {
    start: async ({ project, token, variables }) => {
      const environmentVariablesOverride = Object.entries(variables).map(([name, value]) => ({ name, value, type: 'PLAINTEXT' }));
      const body = await call('StartBuild', { projectName: project, idempotencyToken: token, environmentVariablesOverride });
      return Started.parse(body).build.id;
    },
    status: async (id) => Found.parse(await call('BatchGetBuilds', { ids: [id] })).builds[0]?.buildStatus ?? 'NOT_FOUND',
  };
};
