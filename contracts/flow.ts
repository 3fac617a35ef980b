/**
 * Which state may follow which, and by which answer: the machine's routes as the functions know them. A
 * test compares this with the files in statemachines/. Contexts are signed for the state they lead to.
 */
export type StateFlow = {
  /** Where the context leads when the state succeeds. */
  next: string;
  /** The hold's step, where a person is asked. */
  step?: string;
  /** Where `revise` leads. */
  revise?: string;
  /** States a Choice may lead to instead of `next`, by the route field and value that select them. */
  routes?: { field: string; value: string; to: string }[];
  /** Holds a failure of this state leads to, by error name: their input is this state's own. */
  failures?: Record<string, string>;
};

export const JOB_FLOW = {
  Intake: { next: 'ConfirmLive', routes: [{ field: 'kind', value: 'blueprint', to: 'Compile' }] },
  ConfirmLive: { next: 'Intent', step: 'llm_live_confirm' },
  Intent: {
    next: 'HoldBlueprint',
    routes: [
      { field: 'guard', value: 'failed', to: 'HoldIntentOutput' },
      { field: 'guard', value: 'question', to: 'HoldIntentQuestion' },
    ],
    failures: { LiveConfirmRequired: 'ConfirmLive', BudgetEscalation: 'HoldIntentBudget' },
  },
  HoldIntentOutput: { next: 'Intent', step: 'agent_output_invalid', revise: 'Intent' },
  HoldIntentQuestion: { next: 'Intent', step: 'intent' },
  HoldIntentBudget: { next: 'Intent', step: 'budget_escalation' },
  HoldBlueprint: { next: 'Compile', step: 'blueprint', revise: 'Intent' },
  Compile: { next: 'HoldRunspec' },
  HoldRunspec: { next: 'Run', step: 'runspec', revise: 'HoldBlueprint' },
  Run: { next: 'Gates' },
  Gates: { next: 'Registry' },
  Registry: { next: 'Report' },
  Report: {
    next: 'Finish',
    routes: [
      { field: 'guard', value: 'failed', to: 'HoldReportOutput' },
      { field: 'gates', value: 'failed', to: 'Stop' },
    ],
    failures: { LiveConfirmRequired: 'ReconfirmLive', BudgetEscalation: 'HoldReportBudget' },
  },
  ReconfirmLive: { next: 'Report', step: 'llm_live_confirm' },
  HoldReportBudget: { next: 'Report', step: 'budget_escalation' },
  HoldReportOutput: { next: 'Report', step: 'agent_output_invalid', revise: 'Report' },
} as const satisfies Record<string, StateFlow>;

/** The rollout machine. Its canaries run beside the context, which goes on from the state that planned them. */
export const ROLLOUT_FLOW = {
  RolloutIntake: { next: 'Checks' },
  Checks: {
    next: 'HoldChecks',
    routes: [
      { field: 'runner', value: 'pass', to: 'Smoke' },
      { field: 'runner', value: 'fail', to: 'Rollback' },
    ],
  },
  HoldChecks: { next: 'Attest', step: 'checks' },
  Attest: {
    next: 'Checks',
    routes: [
      { field: 'checks', value: 'passed', to: 'Smoke' },
      { field: 'checks', value: 'failed', to: 'Rollback' },
    ],
  },
  Smoke: { next: 'Rollback', routes: [{ field: 'smoke', value: 'go', to: 'EnterStage' }] },
  EnterStage: { next: 'Evaluate' },
  Evaluate: {
    next: 'Rollback',
    routes: [
      { field: 'verdict', value: 'done', to: 'RolloutFinish' },
      { field: 'verdict', value: 'enter_1', to: 'HoldStage1' },
      { field: 'verdict', value: 'enter_2', to: 'HoldStage2' },
      { field: 'verdict', value: 'enter_3', to: 'HoldStage3' },
    ],
  },
  HoldStage1: { next: 'EnterStage', step: 'stage_1' },
  HoldStage2: { next: 'EnterStage', step: 'stage_2' },
  HoldStage3: { next: 'EnterStage', step: 'stage_3' },
} as const satisfies Record<string, StateFlow>;

/**
 * The shortest flow that holds: eight states that do nothing of their own, and two approvals. What the harness itself costs, and how
 * long it takes, is measured on a machine of these.
 */
export const CHAIN_FLOW = {
  ChainBegin: { next: 'Chain2' },
  Chain2: { next: 'Chain3' },
  Chain3: { next: 'HoldChain3' },
  HoldChain3: { next: 'Chain4', step: 'blueprint' },
  Chain4: { next: 'Chain5' },
  Chain5: { next: 'Chain6' },
  Chain6: { next: 'HoldChain6' },
  HoldChain6: { next: 'Chain7', step: 'runspec' },
  Chain7: { next: 'ChainEnd' },
} as const satisfies Record<string, StateFlow>;

/**
 * Longest time, in seconds, that the history of an execution may stand still while one of its stages works: the longest attempt that its
 * machine allows, and the longest pause before the next one (300). Every attempt writes history, so retries need no allowance. A test
 * compares this with every machine.
 */
const LONGEST_SILENCE_S = { job: 600 + 300, rollout: 1800 + 300 } as const;

export const longestSilence = (kind: 'idea' | 'blueprint' | 'rollout'): number => LONGEST_SILENCE_S[kind === 'rollout' ? 'rollout' : 'job'];

const flows: Record<string, StateFlow> = { ...JOB_FLOW, ...ROLLOUT_FLOW, ...CHAIN_FLOW };

/** The state that follows `state` when it answers with these route fields. */
export const nextState = (state: string, route: Record<string, string> = {}): string => {
  const flow = flows[state];
  if (!flow) throw new Error(`no flow is declared for state "${state}"; add it to contracts/flow.ts`);
  return flow.routes?.find((r) => route[r.field] === r.value)?.to ?? flow.next;
};

/** The state that `revise` leads to, or null where the hold cannot be sent back. */
export const reviseState = (state: string): string | null => flows[state]?.revise ?? null;

/** States that wait for a person, by name. */
export const holdStep = (state: string): string | null => flows[state]?.step ?? null;

/** States whose failure leads to `hold`: the hold's input then carries the context meant for them. */
export const failingStates = (hold: string): string[] =>
  Object.keys(flows).filter((state) => Object.values(flows[state]?.failures ?? {}).includes(hold));
