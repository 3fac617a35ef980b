import type { LlmCall } from './agent-evidence.ts';
import type { StepPolicy } from './approval-policy.ts';
import type { Amount, BudgetUse } from './budget.ts';
import type { JobContext } from './context.ts';
import type { EventDraft } from './events.ts';
import type { OutputGuardReport } from './guard.ts';
import type { IssuedLink } from './job-state.ts';
import type { LlmConfig } from './llm-config.ts';
import type { Artifact } from './stage.ts';

/** What a hold is given: values only. */
export type HoldInput = {
  context: JobContext;
  step: string;
  visit: number;
  at: string;
  llm: LlmConfig;
  policy: StepPolicy;
  /** Links of the named approvers, as they are kept. */
  links: (expires_at: string) => readonly Omit<IssuedLink, 'revoked'>[];
  /** The job's limits and what it has used of them; null where the step does not ask about them. */
  budget: { limits: Amount; use: BudgetUse } | null;
  /** The guard's report, the agent's question and its calls that no event lists yet, where the step shows them. */
  shown: { guard: OutputGuardReport | null; question: string | null; calls: readonly LlmCall[] };
};

/** What the hold writes: evidence first, then the event. */
export type Opening = { artifacts: Artifact[]; draft: EventDraft };
