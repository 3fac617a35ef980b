import type { CloudOptions } from '../../../infra/local/cloud.ts';
import { call, startTestCloud } from '../cloud.ts';

/** A question to the telemetry that Athena does not get done with: who asked is told so, and it is stopped. */
export const slowQuestion = async (options: Partial<CloudOptions>): Promise<void> => {
  const stillRunning: CloudOptions['intercept'] = (handle) => async (request) => {
    const answer = await handle(request);
    const asks = request.headers['x-amz-target']?.endsWith('.GetQueryExecution') === true && answer.status === 200;
    return asks ? { ...answer, body: String(answer.body).replace('"SUCCEEDED"', '"RUNNING"') } : answer;
  };
  const cloud = await startTestCloud({ ...options, intercept: stillRunning });
  try {
    const { status, body } = await call(cloud.web, '/telemetry?sql=SELECT%201');
    if (status !== 400 || !JSON.stringify(body).includes('was stopped')) throw new Error(`answered ${status}: ${JSON.stringify(body)}`);
  } finally {
    await cloud.remove();
  }
};
