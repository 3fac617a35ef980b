import type {
  AgentOutput,
  AnswerLabels,
  ErrorSummary,
  LlmCall,
  LlmSession,
  LlmUsageEvent,
  RedactionSummary,
} from '../../../contracts/agent-evidence.ts';
import { asError, CassetteMiss, StoppedLlmError } from '../../../contracts/errors.ts';
import type { OutputGuardReport } from '../../../contracts/guard.ts';
import type { Message, ModelAnswer, ModelRequest } from '../../../contracts/llm.ts';
import type { Artifact, StageEffects } from '../../../contracts/stage.ts';
import { type GuardContext, guard, readOutput } from '../guard/guard.ts';
import { sha256Hex } from '../hash.ts';
import { addCounts, REDACTOR_VERSION, redact } from '../redaction.ts';
import type { Errand } from './errand.ts';
import { usageEvent } from './usage.ts';
import { callId, evidence, evidenceLines, type Visit } from './visit.ts';

/** What a visit asks, what its answer is judged by, and calls of earlier visits that no event lists yet. */
export type Question = {
  messages: Message[];
  /** What the agent is shown beside its question. */
  context?: string;
  output_schema: Record<string, unknown>;
  reason: Exclude<Errand['reason'], 'override'>;
  judge: Pick<GuardContext, 'schemaIssues' | 'holdout' | 'policyKeys' | 'numbers'>;
  carried: readonly LlmCall[];
};

/** An answer with its verdict and evidence. */
export type Consulted = {
  output: AgentOutput;
  report: OutputGuardReport;
  usage: ModelAnswer['usage'];
  /** Rows of the log's `outputs.calls`. */
  calls: LlmUsageEvent[];
  artifacts: Artifact[];
};

export const requestOf = (
  { profile }: Pick<Visit, 'profile'>,
  { messages, context, output_schema }: Pick<Question, 'messages' | 'context' | 'output_schema'>,
): ModelRequest => ({
  ...profile,
  messages,
  ...(context === undefined ? {} : { context }),
  output_schema,
  variables: {},
  n: 0,
});

const labelsOf = ({ response_source, replay_reason, degraded, recorded_at, provider, model }: ModelAnswer): AnswerLabels => ({
  ...{ response_source, replay_reason, degraded, recorded_at, provider, model },
});

const callOf = (visit: Visit, answer: LlmCall['answer'], error: LlmCall['error']): LlmCall => ({
  schema_version: 'llm_call_v1',
  call_id: callId(visit, visit.ordinal ?? 0),
  job_id: visit.job_id,
  run_id: visit.run_id,
  at: visit.at,
  state: visit.state,
  visit: visit.visit,
  n: 0,
  ...visit.profile,
  answer,
  error,
});

const answerOf = (answer: ModelAnswer, text: string): LlmCall['answer'] => ({
  key: answer.key,
  messages: answer.prompt,
  text_sha256: sha256Hex(text),
  finish_reason: answer.finish_reason,
  usage: answer.usage,
  cost_usd: answer.cost_usd,
  latency_ms: answer.latency_ms,
  labels: labelsOf(answer),
});

const redactionSummary = (visit: Visit, rules: Record<string, number>): Artifact => {
  const summary: RedactionSummary = {
    schema_version: 'redaction_summary_v1',
    agent: visit.profile.agent,
    visit: visit.visit,
    redactor_version: REDACTOR_VERSION,
    total: Object.values(rules).reduce((sum, n) => sum + n, 0),
    rules,
  };
  return evidence(visit, `${visit.profile.agent}_redaction`, 'redaction_summary.json', summary);
};

const sessionFile = (visit: Visit, reason: Question['reason'], answer: ModelAnswer | null): Artifact => {
  const { agent, model_alias, prompt_version, output_schema_version } = visit.profile;
  const session: LlmSession = {
    schema_version: 'llm_session_v1',
    job_id: visit.job_id,
    ...{ agent, model_alias, prompt_version, output_schema_version, reason },
    state: visit.state,
    visit: visit.visit,
    at: visit.at,
    calls: 1,
    usage: answer?.usage ?? { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 },
    cost_usd: answer?.cost_usd ?? 0,
    labels: answer && labelsOf(answer),
  };
  return evidence(visit, `${agent}_session`, 'llm_session.json', session);
};

const callsFile = (visit: Visit, calls: readonly LlmCall[]): Artifact =>
  evidenceLines(visit, `${visit.profile.agent}_calls`, 'llm_calls.jsonl', calls);

type Trouble = Pick<ErrorSummary, 'reason' | 'error' | 'attempts' | 'possible_double_charge'> & { miss: CassetteMiss | null };

const errorFile = (visit: Visit, { miss, ...trouble }: Trouble): Artifact => {
  const summary: ErrorSummary = {
    schema_version: 'error_summary_v1',
    agent: visit.profile.agent,
    visit: visit.visit,
    at: visit.at,
    ...trouble,
    wanted: miss?.wanted ?? null,
    differs: miss?.differs.map((d) => ({ ...d })) ?? [],
  };
  return evidence(visit, `${visit.profile.agent}_error`, 'error_summary.json', summary);
};

const missBehind = (error: CassetteMiss | StoppedLlmError): CassetteMiss | null => {
  if (error instanceof CassetteMiss) return error;
  return error.cause instanceof CassetteMiss ? error.cause : null;
};

/** The same failure, with what is left of it as evidence. */
const stopped = (visit: Visit, question: Question, error: CassetteMiss | StoppedLlmError): StoppedLlmError => {
  const { text: message, counts } = redact(error.message);
  const failure = { name: error.name, message };
  const tried = error instanceof StoppedLlmError ? error : null;
  const artifacts = [
    errorFile(visit, {
      reason: 'STOPPED_LLM_ERROR',
      error: failure,
      attempts: [...(tried?.attempts ?? [])],
      possible_double_charge: tried?.possibleDoubleCharge ?? false,
      miss: missBehind(error),
    }),
    sessionFile(visit, question.reason, null),
    callsFile(visit, [...question.carried, callOf(visit, null, failure)]),
    redactionSummary(visit, addCounts(counts)),
  ];
  return new StoppedLlmError(message, { artifacts: [...(tried?.artifacts ?? []), ...artifacts], cause: error });
};

/** What went wrong on the way to an answer, if anything did. */
const troubleFiles = (visit: Visit, answer: Awaited<ReturnType<StageEffects['ask']>>): Artifact[] => {
  const attempts = answer.attempts ?? [];
  const failed = attempts.filter(({ outcome }) => outcome !== 'answered');
  const possible_double_charge = answer.possible_double_charge ?? false;
  if (failed.length === 0 && !possible_double_charge) return [];
  const reason = answer.degraded ? 'DEGRADED' : 'RECOVERED';
  const last = failed.at(-1);
  const error = { name: last?.outcome ?? 'crash', message: last?.message ?? 'a call was begun before and its answer was lost' };
  return [errorFile(visit, { reason, error, attempts, possible_double_charge, miss: null })];
};

const ask = async (visit: Visit, question: Question, effects: StageEffects): ReturnType<StageEffects['ask']> => {
  try {
    return await effects.ask(requestOf(visit, question));
  } catch (thrown) {
    const error = asError(thrown);
    if (error instanceof CassetteMiss || error instanceof StoppedLlmError) throw stopped(visit, question, error);
    throw thrown;
  }
};

export const outputFile = (visit: Visit, output: AgentOutput): Artifact => evidence(visit, `${output.agent}_output`, 'output.json', output);

export const guardFile = (visit: Visit, report: OutputGuardReport): Artifact =>
  evidence(visit, `${report.agent}_guard`, 'output_guard_report.json', report);

/** Judges a text, whoever wrote it. */
export const judgeText = (
  visit: Visit,
  text: string,
  finish_reason: ModelAnswer['finish_reason'],
  judge: Question['judge'],
): OutputGuardReport => {
  const { agent, prompt_version, output_schema_version } = visit.profile;
  return guard(text, { agent, prompt_version, output_schema_version, finish_reason, ...judge });
};

/** The output as it is kept. */
export const keptOutput = (visit: Visit, text: string, from: Pick<AgentOutput, 'key' | 'finish_reason' | 'labels'>): AgentOutput => ({
  schema_version: 'agent_output_v1',
  agent: visit.profile.agent,
  visit: visit.visit,
  prompt_version: visit.profile.prompt_version,
  output_schema_version: visit.profile.output_schema_version,
  key: from.key,
  finish_reason: from.finish_reason,
  labels: from.labels,
  text,
  value: readOutput(text).value ?? null,
});

/**
 * Asks the model once and judges what it says. The evidence is complete whether the guard passes or not.
 * Throws `StoppedLlmError` with evidence when there is no answer.
 */
export const consult = async (visit: Visit, question: Question, effects: StageEffects): Promise<Consulted> => {
  const answer = await ask(visit, question, effects);
  const { text, counts } = redact(answer.text.toWellFormed());
  const report = judgeText(visit, text, answer.finish_reason, question.judge);
  const output = keptOutput(visit, text, { key: answer.key, finish_reason: answer.finish_reason, labels: labelsOf(answer) });
  const calls = [...question.carried, callOf(visit, answerOf(answer, text), null)];
  return {
    output,
    report,
    usage: answer.usage,
    calls: calls.map(usageEvent).filter((row) => row !== null),
    artifacts: [
      outputFile(visit, output),
      guardFile(visit, report),
      sessionFile(visit, question.reason, answer),
      callsFile(visit, calls),
      redactionSummary(visit, addCounts(answer.redactions, counts)),
      ...(answer.cassette ? [evidenceLines(visit, `${visit.profile.agent}_cassette`, 'cassette.jsonl', [answer.cassette])] : []),
      ...troubleFiles(visit, answer),
    ],
  };
};
