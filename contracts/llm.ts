import * as z from 'zod';
import { AgentId, Instant, Sha256 } from './ids.ts';

/** `replay` < `record` < `live`; the strictest of environment, flags and spec wins. */
export const MODES = ['replay', 'record', 'live'] as const;
export const Mode = z.enum(MODES);
export type Mode = z.infer<typeof Mode>;

/** The safest of several modes. */
export const strictest = (...modes: Mode[]): Mode => MODES.find((mode) => modes.includes(mode)) ?? 'replay';

export const ResponseSource = z.enum(['live', 'record', 'replay']);
export type ResponseSource = z.infer<typeof ResponseSource>;

export const Message = z.strictObject({ role: z.enum(['system', 'user', 'assistant']), content: z.string() });
export type Message = z.infer<typeof Message>;

/** Counts as providers bill them; `total_tokens` = prompt + completion. */
export const Usage = z.strictObject({
  prompt_tokens: z.int().min(0),
  completion_tokens: z.int().min(0),
  total_tokens: z.int().min(0),
});
export type Usage = z.infer<typeof Usage>;

/** What a model is asked: the question, which is what a recording is found by, and the context it is asked in. */
export const ModelRequest = z.strictObject({
  agent: AgentId,
  /** Logical name ("strategist"), never a provider's model id: fallback order must not change keys. */
  model_alias: z.string().min(1).max(64),
  prompt_version: z.string().min(1).max(64),
  output_schema_version: z.string().min(1).max(64),
  /** JSON Schema of the output. */
  output_schema: z.record(z.string(), z.unknown()),
  messages: z.array(Message).min(1),
  /**
   * Sent behind the last message, and no part of the cassette key: it is made of other jobs, so that no question would ever be asked
   * twice with it.
   */
  context: z.string().optional(),
  /** Declared volatile values: replaced by `{{name}}` in the messages before hashing. */
  variables: z.record(z.string(), z.string()),
  settings: z.strictObject({ temperature: z.number().min(0).max(2), max_output_tokens: z.int().min(1) }),
  /** Repeat index: the n-th time the same question is asked within one state. */
  n: z.int().min(0),
});
export type ModelRequest = z.infer<typeof ModelRequest>;

export const FinishReason = z.enum(['stop', 'length', 'content-filter', 'error', 'other']);

/** What a provider answered, and under what label it may be shown. */
export const ModelAnswer = z.strictObject({
  key: Sha256,
  text: z.string(),
  finish_reason: FinishReason,
  usage: Usage,
  /** Who answered when the answer was first given. */
  provider: z.string(),
  model: z.string(),
  response_source: ResponseSource,
  /** Why a recorded answer stands in; null for a live one. */
  replay_reason: z.enum(['mode', 'provider_error']).nullable(),
  degraded: z.boolean(),
  recorded_at: Instant.nullable(),
  /** What this call bills now: 0 for a replay. */
  cost_usd: z.number().min(0),
  latency_ms: z.number().min(0),
  /** The messages as they were sent or looked up: redacted. */
  prompt: z.array(Message),
  /** What was removed from prompt and answer, by rule of the redactor. */
  redactions: z.record(z.string(), z.int().min(1)),
});
export type ModelAnswer = z.infer<typeof ModelAnswer>;

/** `cassette_v1`: one recorded interaction, redacted before it was hashed. */
export const Cassette = z.strictObject({
  schema_version: z.literal('cassette_v1'),
  key: Sha256,
  /** The parts the key is the digest of, so that a miss can say which one differs. */
  match: z.strictObject({
    agent: AgentId,
    model_alias: z.string(),
    prompt_version: z.string(),
    output_schema_version: z.string(),
    output_schema_sha256: Sha256,
    messages: z.array(Message),
    tools: z.array(z.unknown()),
    settings: z.record(z.string(), z.unknown()),
  }),
  n: z.int().min(0),
  answer: z.strictObject({
    text: z.string(),
    finish_reason: FinishReason,
    usage: Usage,
    provider: z.string(),
    model: z.string(),
  }),
  recorded_at: Instant,
  redactor_version: z.string(),
});
export type Cassette = z.infer<typeof Cassette>;
export type CassetteMatch = Cassette['match'];
