import * as z from 'zod';
import { invalidOutput, invalidToken, taskGone } from '../errors.ts';
import { readToken } from '../execution.ts';
import { dataProblem, MAX_DATA_BYTES } from '../limits.ts';
import type { Outcome } from '../records.ts';
import type { Sfn } from '../sfn.ts';
import { settle } from '../world.ts';
import { operation } from './operation.ts';

const taskToken = z.string().min(1).max(2048);

const Success = z.object({
  taskToken,
  output: z.string().max(MAX_DATA_BYTES, `Member must have length less than or equal to ${MAX_DATA_BYTES}`),
});

export const sendTaskSuccess = operation(Success, async (sfn, request) => {
  const problem = dataProblem(request.output);
  if (problem) throw invalidOutput(problem);
  await send(sfn, request.taskToken, { ok: true, output: JSON.parse(request.output) });
  return {};
});

const Failure = z.object({ taskToken, error: z.string().max(256).optional(), cause: z.string().max(32_768).optional() });

export const sendTaskFailure = operation(Failure, async (sfn, { taskToken: token, error = '', cause = '' }) => {
  await send(sfn, token, { ok: false, error, cause });
  return {};
});

/** Changes nothing: no state has a heartbeat here. */
export const sendTaskHeartbeat = operation(z.object({ taskToken }), async (sfn, request) => {
  openTask(sfn, request.taskToken);
  return {};
});

/** One answer wins, however many come at once; it is durable before it is acknowledged. */
async function send(sfn: Sfn, token: string, outcome: Outcome): Promise<void> {
  const { execution, task } = openTask(sfn, token);
  if (!settle(sfn, execution, task, outcome)) throw taskGone();
  await execution.journal.flush();
}

function openTask(sfn: Sfn, token: string) {
  const open = sfn.tokens.get(token);
  if (open) return open;
  const place = readToken(token);
  const known = place !== null && sfn.store.records(place).some((record) => record.t === 'task' && record.token === token);
  throw known ? taskGone() : invalidToken('Invalid token');
}
