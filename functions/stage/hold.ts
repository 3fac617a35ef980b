import type { World } from '../../adapters/world.ts';
import { HoldPayload, type JobContext } from '../../contracts/context.ts';
import type { EventDraft } from '../../contracts/events.ts';
import type { Mode } from '../../contracts/llm.ts';
import type { TaskToken } from '../../contracts/ports.ts';
import { findApproval, toRecord } from '../lib/fold.ts';
import { commit, readOwned } from './commit.ts';
import { deliver, release } from './deliver.ts';
import { openInput, parsePayload } from './run-stage.ts';

/** What a hold decides from values: pass, or ask with these outputs. */
export type HoldRules = {
  pass: (step: string, mode: Mode, providers: readonly string[]) => string | null;
  open: (
    context: JobContext,
    step: string,
    visit: number,
    at: string,
  ) => { subject_digest: string; expires_at: string } & Record<string, unknown>;
};

const draftOf = (world: World, rules: HoldRules, payload: HoldPayload, context: JobContext, visit: number, at: string): EventDraft => {
  const { state, step } = payload;
  const opening = rules.open(context, step, visit, at);
  const reason = rules.pass(step, context.mode, world.env.HOLDPOINT_LLM_PROVIDER);
  const common = { state, visit, kind: 'opened', step };
  if (reason !== null) {
    const outputs = { state, visit, subject_digest: opening.subject_digest, auto: true, reason };
    return { ...common, event_type: 'APPROVED', actor: { type: 'system', id: 'checkpoint', identity: 'none' }, message: reason, outputs };
  }
  const outputs = { state, visit, quorum: 1, ...opening };
  return { ...common, event_type: 'WAITING_APPROVAL', actor: { type: 'stage', id: state, identity: 'none' }, outputs };
};

/**
 * Order of a wait: append WAITING_APPROVAL → keep the token → fold again; what was decided meanwhile is
 * answered at once. Nothing here waits: Step Functions holds the state until the token is answered.
 */
export const openHold = async (world: World, rules: HoldRules, raw: unknown): Promise<{ opened: boolean }> => {
  const payload = parsePayload(HoldPayload, raw);
  const context = await openInput(world, payload);
  const { job_id, run_id, state } = context;
  const visit = (context.visits[state] ?? 0) + 1;
  const token: TaskToken = { job_id, run_id, state, step: payload.step, visit, token: payload.task_token, context };
  if (context.last_seq < context.replay_until) await readOwned(world, context);

  const { event } = await commit(world, context, draftOf(world, rules, payload, context, visit, world.clock().toISOString()));
  if (event.event_type === 'APPROVED') {
    await release(world, { last_seq: event.seq, last_hash: event.hash }, token);
    return { opened: false };
  }
  await world.tokens.put(token);
  const { state: job } = await readOwned(world, context);
  if (findApproval(job, token)?.decision) {
    await deliver(world, job, [token]);
    return { opened: false };
  }
  await world.index.put(toRecord(job), job.status === 'WAITING_APPROVAL' ? job.approval.expires_at : null);
  return { opened: true };
};
