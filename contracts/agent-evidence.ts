import * as z from 'zod';
import { AgentId, Instant, JobId, RunId, Sha256 } from './ids.ts';
import { FinishReason, Message, ResponseSource, Usage } from './llm.ts';
import { ProviderAttempt } from './llm-journal.ts';

/** Names one model call: first 24 hex characters of sha256 of (job, state, visit, n). */
export const CallId = z.string().regex(/^[0-9a-f]{24}$/, 'a call id is 24 lower-case hex characters');
export type CallId = z.infer<typeof CallId>;

/** Under what label an answer may be shown. `null` where it was not replayed. */
export const AnswerLabels = z.strictObject({
  response_source: ResponseSource,
  replay_reason: z.enum(['mode', 'provider_error']).nullable(),
  degraded: z.boolean(),
  recorded_at: Instant.nullable(),
  provider: z.string(),
  model: z.string(),
});
export type AnswerLabels = z.infer<typeof AnswerLabels>;

/** `agent_output_v1`: an answer as it came (redacted), kept whether or not the guard let it pass. */
export const AgentOutput = z.strictObject({
  schema_version: z.literal('agent_output_v1'),
  agent: AgentId,
  visit: z.int().min(1),
  prompt_version: z.string(),
  output_schema_version: z.string(),
  /** Cassette key of the question; null where a template answered and no model was asked. */
  key: Sha256.nullable(),
  finish_reason: FinishReason,
  labels: AnswerLabels.nullable(),
  text: z.string(),
  /** The text read as JSON; null when it is not JSON. */
  value: z.unknown(),
});
export type AgentOutput = z.infer<typeof AgentOutput>;

/** `llm_session_v1`: one visit of one agent. */
export const LlmSession = z.strictObject({
  schema_version: z.literal('llm_session_v1'),
  job_id: JobId,
  agent: AgentId,
  state: z.string(),
  visit: z.int().min(1),
  at: Instant,
  model_alias: z.string(),
  prompt_version: z.string(),
  output_schema_version: z.string(),
  /** What the visit was for. */
  reason: z.enum(['first', 'revision', 'answered']),
  calls: z.int().min(0),
  usage: Usage,
  cost_usd: z.number().min(0),
  /** Null when no answer came. */
  labels: AnswerLabels.nullable(),
});
export type LlmSession = z.infer<typeof LlmSession>;

/** `llm_call_v1`: one line of `llm_calls.jsonl`. A call without an answer has `answer: null` and says why. */
export const LlmCall = z.strictObject({
  schema_version: z.literal('llm_call_v1'),
  call_id: CallId,
  job_id: JobId,
  run_id: RunId,
  at: Instant,
  agent: AgentId,
  state: z.string(),
  visit: z.int().min(1),
  n: z.int().min(0),
  model_alias: z.string(),
  prompt_version: z.string(),
  output_schema_version: z.string(),
  settings: z.record(z.string(), z.unknown()),
  answer: z
    .strictObject({
      key: Sha256,
      /** As sent or looked up: redacted. */
      messages: z.array(Message),
      text_sha256: Sha256,
      finish_reason: FinishReason,
      usage: Usage,
      cost_usd: z.number().min(0),
      latency_ms: z.number().min(0),
      labels: AnswerLabels,
    })
    .nullable(),
  error: z.strictObject({ name: z.string(), message: z.string() }).nullable(),
});
export type LlmCall = z.infer<typeof LlmCall>;

/** `redaction_summary_v1`: how much was removed, never what. */
export const RedactionSummary = z.strictObject({
  schema_version: z.literal('redaction_summary_v1'),
  agent: AgentId,
  visit: z.int().min(1),
  redactor_version: z.string(),
  total: z.int().min(0),
  rules: z.record(z.string(), z.int().min(1)),
});
export type RedactionSummary = z.infer<typeof RedactionSummary>;

/** `error_summary_v1`: why no answer came, or not from where it should have, and what was tried. */
export const ErrorSummary = z.strictObject({
  schema_version: z.literal('error_summary_v1'),
  agent: AgentId,
  visit: z.int().min(1),
  at: Instant,
  /** `DEGRADED`: a recorded answer stood in. `RECOVERED`: a later attempt or provider answered. */
  reason: z.enum(['STOPPED_LLM_ERROR', 'DEGRADED', 'RECOVERED']),
  error: z.strictObject({ name: z.string(), message: z.string() }),
  /** `<agent>/<key>` that was looked up, where a recording was missing. */
  wanted: z.string().nullable(),
  /** Parts of the key that differ from the nearest recording. */
  differs: z.array(z.strictObject({ pointer: z.string(), asked: z.string().nullable(), recorded: z.string().nullable() })),
  /** Providers that were asked, in order. */
  attempts: z.array(ProviderAttempt),
  /** A crash came between a provider's answer and the journal: that call may have been billed twice. */
  possible_double_charge: z.boolean(),
});
export type ErrorSummary = z.infer<typeof ErrorSummary>;

/** `llm_usage_event_v1`: one row of the table `llm_usage_events`, one per model call. */
export const LlmUsageEvent = z.strictObject({
  run_id: RunId,
  job_id: JobId,
  /** State and visit: `Intent:1`. */
  phase_id: z.string(),
  /** The same call is the same row, however often it is written. */
  call_id: CallId,
  at: Instant,
  provider: z.string(),
  model: z.string(),
  /** The agent. */
  role: z.string(),
  prompt_tokens: z.int().min(0),
  completion_tokens: z.int().min(0),
  total_tokens: z.int().min(0),
  cost_usd: z.number().min(0),
  response_source: ResponseSource,
  degraded: z.boolean(),
  is_doctor_call: z.boolean(),
  doctor_model: z.string().nullable(),
  latency_ms: z.number().min(0),
});
export type LlmUsageEvent = z.infer<typeof LlmUsageEvent>;

const Totals = z.strictObject({
  calls: z.int().min(0),
  degraded_calls: z.int().min(0),
  prompt_tokens: z.int().min(0),
  completion_tokens: z.int().min(0),
  total_tokens: z.int().min(0),
  cost_usd: z.number().min(0),
});

/** `llm_usage_report_v1`: a job's model usage, summed. Keys are sorted. */
export const LlmUsageReport = z.strictObject({
  schema_version: z.literal('llm_usage_report_v1'),
  job_id: JobId,
  total: Totals,
  by_agent: z.record(z.string(), Totals),
  /** `provider/model`. */
  by_model: z.record(z.string(), Totals),
  by_source: z.record(z.string(), Totals),
});
export type LlmUsageReport = z.infer<typeof LlmUsageReport>;
export type UsageTotals = z.infer<typeof Totals>;
