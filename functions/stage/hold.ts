import type { World } from '../../adapters/world.ts';
import { AgentOutput } from '../../contracts/agent-evidence.ts';
import { AgentQuestion } from '../../contracts/agent-question.ts';
import { policyOf } from '../../contracts/approval-policy.ts';
import { HoldPayload, type JobContext } from '../../contracts/context.ts';
import { failingStates, nextState, reviseState } from '../../contracts/flow.ts';
import { OutputGuardReport } from '../../contracts/guard.ts';
import type { HoldInput, Opening } from '../../contracts/hold.ts';
import type { Approval, JobState } from '../../contracts/job-state.ts';
import { inOrder } from '../../contracts/llm-config.ts';
import type { TaskToken } from '../../contracts/ports.ts';
import type { Decoder } from '../../contracts/stage.ts';
import { QuestionStep } from '../../contracts/steps.ts';
import { decodeCalls, unlistedCalls } from '../lib/agent/calls.ts';
import { issueLinks, linkedApprovers } from '../lib/capability.ts';
import { json } from '../lib/decode.ts';
import { findApproval, toRecord } from '../lib/fold.ts';
import { limitsOf } from '../lib/limits.ts';
import { checksQuestion } from '../lib/runner/question.ts';
import { commit, readOwned } from './commit.ts';
import { deliver, release } from './deliver.ts';
import { fetchText } from './documents.ts';
import { nextLook } from './open-job.ts';
import { keepArtifacts, openInput, parsePayload } from './run-stage.ts';
import { tell } from './tell.ts';

/** What a hold decides from values: pass, or ask with this evidence. */
export type HoldRules = (input: HoldInput) => Opening;

/** Holds that show what an agent left, by the agent. */
const AGENT_OF: Record<string, string> = { HoldIntentOutput: 'intent', HoldIntentQuestion: 'intent', HoldReportOutput: 'report' };

const decodeOutput = json(AgentOutput);
const decodeGuard = json(OutputGuardReport);

/** What an agent left behind for people to see, where this state shows it. */
const shownBy = async (world: World, context: JobContext, step: string): Promise<HoldInput['shown']> => {
  if (context.state === 'HoldChecks') return { guard: null, question: checksQuestion(context.facts), calls: [] };
  const agent = AGENT_OF[context.state];
  if (!agent) return { guard: null, question: null, calls: [] };
  const read = async <T>(name: string, decode: Decoder<T>): Promise<T | null> => {
    const ref = context.refs[`${agent}_${name}`];
    return ref ? decode(await fetchText(world, name, ref)) : null;
  };
  const [output, guard, calls, { state }] = await Promise.all([
    read('output', decodeOutput),
    read('guard', decodeGuard),
    read('calls', decodeCalls),
    readOwned(world, context),
  ]);
  // An answer in the shape of a question, where none may be asked, is an output the guard stopped.
  const asks = QuestionStep.safeParse(step).success;
  const question = asks ? (AgentQuestion.safeParse(output?.value).data?.question ?? null) : null;
  return { guard, question, calls: unlistedCalls(calls, state) };
};

const budgetOf = async (world: World, context: JobContext): Promise<HoldInput['budget']> => {
  const [{ state }, use] = await Promise.all([readOwned(world, context), world.budgets.use(context.job_id)]);
  return { limits: limitsOf(state, world.env.llm.budget), use };
};

/** The chain in the order in which it would be asked now: what is confirmed is what is called. */
const chainNow = async (world: World, { mode }: JobContext, step: string): Promise<HoldInput['llm']> => {
  const { llm } = world.env;
  if (step !== 'llm_live_confirm' || mode === 'replay') return llm;
  return inOrder(llm, (await world.switches.current()).flags.llm_first);
};

/** The wait as an earlier execution opened it, or null. */
const opened = async (world: World, context: JobContext, visit: number): Promise<JobState | null> => {
  if (context.replay_until === 0) return null;
  const { state } = await readOwned(world, context);
  return findApproval(state, { state: context.state, visit }) ? state : null;
};

/** Makes the links of an open approval findable. Doing it again changes nothing. */
export const indexLinks = async (world: World, jobId: string, { state, visit, links }: Approval): Promise<void> => {
  await Promise.all(links.map(({ hash, approver }) => world.links.put(hash, { job_id: jobId, state, visit, approver })));
};

/** Keeps the token, then looks again: what was decided meanwhile is answered at once. */
const wait = async (world: World, context: JobContext, token: TaskToken, newest: number): Promise<{ opened: boolean }> => {
  await world.tokens.put(token);
  const { state: job } = await readOwned(world, { ...context, last_seq: newest });
  if (findApproval(job, token)?.decision) {
    await deliver(world, job, [token]);
    return { opened: false };
  }
  if (job.status === 'WAITING_APPROVAL') await indexLinks(world, job.job_id, job.approval);
  await world.index.put(toRecord(job), nextLook(world, job));
  const waits = job.status === 'WAITING_APPROVAL' || job.status === 'WAITING_HUMAN';
  // An opening that time has moved on is the reconciler's to tell.
  if (waits && job.approval.reminders + job.approval.expiries === 0) await tell(world, { kind: 'opened', n: 1 }, job, job.approval);
  return { opened: true };
};

/**
 * Order of a wait: keep the evidence → append the opening → keep the token → fold again. Nothing here waits:
 * Step Functions holds the state until the token is answered.
 */
export const openHold = async (world: World, rules: HoldRules, raw: unknown): Promise<{ opened: boolean }> => {
  const payload = parsePayload(HoldPayload, raw);
  const { state, step } = payload;
  // A hold that follows a failure is given the context of the state that failed.
  const context = { ...(await openInput(world, payload, [state, ...failingStates(state)])), state };
  const visit = (context.visits[state] ?? 0) + 1;
  const token: TaskToken = {
    ...{ job_id: context.job_id, run_id: context.run_id, state, step, visit, token: payload.task_token, context },
    leads_to: { next: nextState(state), revise: reviseState(state) },
  };
  if (await opened(world, context, visit)) return wait(world, context, token, context.replay_until);

  const [shown, budget] = await Promise.all([
    shownBy(world, context, step),
    step === 'budget_escalation' ? budgetOf(world, context) : Promise.resolve(null),
  ]);
  const policy = policyOf(world.env.HOLDPOINT_APPROVAL_POLICY, step);
  const ring = await world.keyRing();
  const place = { job_id: context.job_id, state, visit };
  const links = (expires_at: string) => issueLinks(ring, place, linkedApprovers({ policy, delegations: [] }), 0, expires_at);
  const at = world.clock().toISOString();
  const llm = await chainNow(world, context, step);
  const { artifacts, draft } = rules({ context, step, visit, at, llm, policy, links, budget, shown });
  await keepArtifacts(world, context.job_id, artifacts);
  const { event } = await commit(world, context, draft);
  if (event.event_type !== 'APPROVED') return wait(world, context, token, event.seq);
  await release(world, { last_seq: event.seq, last_hash: event.hash, last_at: event.at }, token);
  return { opened: false };
};
