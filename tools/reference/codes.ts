import { EXIT, exitOfStatus } from '../../cli/exit.ts';
import { JOB_FLOW, type StateFlow } from '../../contracts/flow.ts';
import { PROBLEMS, type ProblemCode } from '../../contracts/http.ts';
import { Outcome } from '../../contracts/job-state.ts';
import { APPROVAL_STEPS, STEPS } from '../../contracts/steps.ts';
import { code, codes, page, table } from './markdown.ts';

const EXIT_MEANING: Record<keyof typeof EXIT, string> = {
  good: 'done and good',
  bad: 'the job ended badly, or a check failed',
  usage: 'usage, or invalid input',
  waiting: 'still waiting or running when the time was up',
  notFound: 'not found',
  conflict: 'conflict: nothing waits, the evidence changed, or somebody decided otherwise',
  forbidden: 'forbidden',
  unavailable: 'service unavailable or unreachable',
  deferred: 'try again later',
  interrupted: 'interrupted; the job goes on',
};

const PROBLEM_MEANING: Record<ProblemCode, string> = {
  INVALID_INPUT: 'A value is not allowed; `errors` names each by JSON pointer.',
  MALFORMED_PAYLOAD: 'The body or a payload does not have the promised shape.',
  UNKNOWN_STEP: '`?step=` is missing or no approval step.',
  UNAUTHENTICATED: 'Nobody known asks.',
  FORBIDDEN: 'A page of another site, or a foreign host name, sent this.',
  SELF_APPROVAL: 'The submitter cannot approve in this environment.',
  CONTEXT_SIGNATURE_INVALID: 'The context between two states was altered.',
  NOT_FOUND: 'There is no such thing.',
  NOT_WAITING: 'The step is not waiting.',
  STALE_SUBJECT: 'The evidence changed; `subject_digest` is the new digest.',
  DECISION_CONFLICT: 'Somebody decided otherwise; `decision` says what. Or an immutable thing exists with other content.',
  LINK_EXPIRED: 'The approval link is no longer valid.',
  PAYLOAD_TOO_LARGE: 'The body is too large.',
  TOO_MANY_REQUESTS: 'Others were faster too often; try again.',
  INTERNAL: 'Something failed inside.',
  KILL_SWITCH: 'A kill switch is set.',
};

const OUTCOME_MEANING: Record<Outcome, string> = {
  succeeded: 'All gates passed; a card exists.',
  gates_failed: 'A gate failed; the trial is recorded, no card.',
  rejected: 'A person rejected it; the reason is in the log.',
  stopped_llm_error: 'No answer, recorded or live, could be had.',
  stopped_budget: 'The budget was spent.',
  cancelled: 'A person cancelled it.',
  timed_out: 'It ran out of time.',
  rolled_back: 'A rollout was taken back.',
  error: 'A stage failed; the ERROR event says why.',
};

const exitTable = (): string =>
  table(
    ['exit', 'meaning'],
    Object.entries(EXIT).map(([name, value]) => [
      code(String(value)),
      Object.entries(EXIT_MEANING).find(([key]) => key === name)?.[1] ?? '',
    ]),
  );

const problemTable = (): string =>
  table(
    ['code', 'HTTP', 'exit', 'meaning'],
    Object.entries(PROBLEMS).map(([name, status]) => [
      code(name),
      String(status),
      String(exitOfStatus(status)),
      Object.entries(PROBLEM_MEANING).find(([key]) => key === name)?.[1] ?? '',
    ]),
  );

/** Exit codes, problem codes and outcomes. */
export const codesPage = (): string =>
  page(
    'Codes',
    '`cli/exit.ts`, `contracts/http.ts` and `contracts/job-state.ts`',
    '## Exit codes',
    exitTable(),
    '## Problem codes',
    'The command line turns the HTTP status of an answer into its exit code.',
    problemTable(),
    '## Outcomes',
    'The execution is `SUCCEEDED` only for `succeeded`. Otherwise it is `FAILED` with the outcome as its error name, and `ABORTED` when cancelled. Where no job ended, the error name is `DuplicateJob`, `InvalidInput`, `KILL_SWITCH`, `Superseded` or `CONTEXT_SIGNATURE_INVALID`.',
    table(
      ['outcome', 'meaning'],
      Outcome.options.map((outcome) => [code(outcome), OUTCOME_MEANING[outcome]]),
    ),
  );

const flows: Record<string, StateFlow> = JOB_FLOW;
/** Steps that the job machine has a hold for. */
const held = APPROVAL_STEPS.filter((step) => Object.values(flows).some((flow) => flow.step === step));

/** What each approval step asks, and what each answer does. */
export const approvalsPage = (): string =>
  page(
    'Approval steps',
    '`contracts/steps.ts`',
    `How to decide is in the [guide](../guide/approving.md). The job machine holds at ${codes(held)}; see [states](states.md).`,
    table(
      ['step', 'question', 'approve', 'reject', 'revise'],
      APPROVAL_STEPS.map((step) => {
        const { question, onApprove, onReject, onRevise } = STEPS[step];
        return [code(step), question, onApprove, onReject, onRevise ?? 'is refused'];
      }),
    ),
  );
