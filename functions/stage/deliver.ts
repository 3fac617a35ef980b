import type { World } from '../../adapters/world.ts';
import { nextState, reviseState } from '../../contracts/flow.ts';
import type { Approval, JobState } from '../../contracts/job-state.ts';
import type { TaskToken } from '../../contracts/ports.ts';
import { signContext } from '../lib/context.ts';
import type { Head } from '../lib/event.ts';
import { findApproval } from '../lib/fold.ts';

/** Steps whose refusal ends the job as something other than rejected, by the error that says so. */
const REFUSED_AS: Record<string, string> = { budget_escalation: 'STOPPED_BUDGET' };

/** Step Functions keeps at most this many characters of a failure's cause. */
const CAUSE_MAX = 32_000;

/** A place in the log, and when it was written. */
export type Moment = Head & { last_at: string };

/**
 * The hold's own context, moved on to where the decision leads, behind the decision: in a run from the log the
 * later events are still ahead of it, and the states find them there.
 */
const contextAfter = async (world: World, { last_seq, last_hash, last_at }: Moment, token: TaskToken, to: string) =>
  signContext(await world.keyRing(), {
    ...token.context,
    state: to,
    visits: { ...token.context.visits, [token.state]: token.visit },
    last_seq,
    last_hash,
    last_at,
  });

/** Lets a hold's execution go on. False when the wait was closed already. */
export const release = async (world: World, head: Moment, token: TaskToken): Promise<boolean> =>
  world.waits.succeed(token.token, {
    context: await contextAfter(world, head, token, token.leads_to?.next ?? nextState(token.state)),
  });

const send = async (world: World, job: JobState, token: TaskToken, decision: NonNullable<Approval['decision']>): Promise<boolean> => {
  const { waits } = world;
  const after = { last_seq: decision.seq, last_hash: decision.hash, last_at: decision.at };
  if (token.run_id !== job.owner_run) return waits.fail(token.token, 'Superseded', `execution ${job.owner_run} owns job ${job.job_id} now`);
  switch (decision.event_type) {
    case 'APPROVED':
    case 'RESUMED':
      return release(world, after, token);
    case 'REVISION_REQUESTED': {
      const to = token.leads_to ? token.leads_to.revise : reviseState(token.state);
      if (!to) throw new Error(`state ${token.state} cannot be revised; contracts/flow.ts and the approval's choices disagree`);
      return waits.fail(token.token, 'Revise', JSON.stringify(await contextAfter(world, after, token, to)));
    }
    case 'REJECTED':
      return waits.fail(
        token.token,
        REFUSED_AS[token.step] ?? 'Rejected',
        `rejected by ${decision.by.id}: ${decision.comment ?? 'no reason given'}`.slice(0, CAUSE_MAX),
      );
  }
};

/**
 * Answers every open wait of the job whose approval is decided in the log. A token that was closed before
 * closes its item only. Returns how many waits were answered now.
 */
export const deliver = async (world: World, job: JobState, tokens?: TaskToken[]): Promise<number> => {
  const waits = tokens ?? (await world.tokens.list(job.job_id));
  const sent = await Promise.all(
    waits.map(async (token) => {
      const decision = findApproval(job, token)?.decision;
      if (!decision) return false;
      const open = await send(world, job, token, decision);
      await world.tokens.close(token);
      return open;
    }),
  );
  return sent.filter(Boolean).length;
};
