import type { Approval, JobState } from '../../../contracts/job-state.ts';

/** Why an agent's state was entered. */
export type Errand =
  | { reason: 'first' }
  /** Sent back from `from` with a comment. */
  | { reason: 'revision'; from: string; comment: string | null }
  /** A person answered the agent's question. */
  | { reason: 'answered'; answer: string | null }
  /** A person uses the output that the guard had stopped. */
  | { reason: 'override'; by: string };

/** States at which people judge an agent's work. */
export type AgentHolds = {
  /** Where the guard's findings are shown: approving there overrides the guard. */
  output: string;
  /** Where the work itself is shown, and may be sent back. */
  work: readonly string[];
  /** Where the agent's own question is answered, for an agent that may ask. */
  question?: string;
};

type Decided = Approval & { decision: NonNullable<Approval['decision']> };

/** What the last decision about this agent's work asks of it. */
export const errandOf = (job: JobState | null, { output, work, question }: AgentHolds): Errand => {
  const judged = [output, question, ...work];
  const last = (job?.approvals ?? [])
    .filter((a): a is Decided => a.decision !== null && judged.includes(a.state))
    .reduce<Decided | null>((latest, a) => (latest && latest.decision.seq > a.decision.seq ? latest : a), null);
  if (last?.decision.event_type === 'RESUMED') return { reason: 'answered', answer: last.decision.comment };
  if (last?.decision.event_type === 'REVISION_REQUESTED') return { reason: 'revision', from: last.state, comment: last.decision.comment };
  if (last?.decision.event_type === 'APPROVED' && last.state === output) return { reason: 'override', by: last.decision.by.id };
  return { reason: 'first' };
};
