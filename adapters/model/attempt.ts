import type { LanguageModelV4CallOptions, LanguageModelV4GenerateResult, LanguageModelV4Prompt } from '@ai-sdk/provider';
import type { Message, ModelAnswer, Usage } from '../../contracts/llm.ts';
import type { ProviderTarget } from '../../contracts/llm-config.ts';
import { redact } from '../../functions/lib/redaction.ts';
import { type Failure, failureOf } from './failure.ts';
import type { Provider } from './providers.ts';

/** What is kept of a provider's result. */
export type Reply = Pick<ModelAnswer, 'text' | 'finish_reason'> & {
  model: string /** Null where the provider did not say. */;
  usage: Usage | null;
};

export type Attempted = ({ reply: Reply; failure: null } | { reply: null; failure: Failure }) & { latency_ms: number };

const MAX_MODEL_NAME = 200;

const toPrompt = (messages: readonly Message[]): LanguageModelV4Prompt =>
  messages.map(({ role, content }) => (role === 'system' ? { role, content } : { role, content: [{ type: 'text', text: content }] }));

/** The same words for every provider: the schema is in the prompt. Only the OpenAI protocol has a switch for plain JSON. */
const optionsOf = (target: ProviderTarget, prompt: readonly Message[], settings: CallSettings): LanguageModelV4CallOptions => ({
  prompt: toPrompt(prompt),
  maxOutputTokens: settings.max_output_tokens,
  temperature: settings.temperature,
  ...(target.kind === 'openai-compatible' ? { responseFormat: { type: 'json' as const } } : {}),
});

const usageOf = ({ usage }: LanguageModelV4GenerateResult): Usage | null => {
  const [prompt, completion] = [usage.inputTokens.total, usage.outputTokens.total].map((n) =>
    n === undefined || !(n >= 0) ? null : Math.ceil(n),
  );
  if (prompt == null || completion == null) return null;
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
};

class EmptyAnswer extends Error {
  override name = 'EmptyAnswer';
}

const replyOf = (target: ProviderTarget, result: LanguageModelV4GenerateResult): Reply => {
  const text = result.content.map((part) => (part.type === 'text' ? part.text : '')).join('');
  const reason = result.finishReason.unified;
  if (reason === 'error' || (text === '' && reason === 'stop')) throw new EmptyAnswer('the provider answered without a text');
  const model = redact((result.response?.modelId ?? target.model).slice(0, MAX_MODEL_NAME)).text;
  return { text, finish_reason: reason === 'tool-calls' ? 'other' : reason, model, usage: usageOf(result) };
};

/** Settles with the signal, whether or not the client listens to it. */
const raced = <T>(work: PromiseLike<T>, signal: AbortSignal): Promise<T> =>
  Promise.race([work, new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))]);

type CallSettings = { temperature: number; max_output_tokens: number };
type Attempt = {
  target: ProviderTarget;
  provider: Provider;
  prompt: readonly Message[];
  settings: CallSettings;
  timeoutMs: number;
  secrets: readonly string[];
  now: () => number;
  clock: () => Date;
};

/** Asks one provider once. Never throws: a failure is a value. */
export const attempt = async ({ target, provider, prompt, settings, timeoutMs, secrets, now, clock }: Attempt): Promise<Attempted> => {
  const signal = AbortSignal.timeout(timeoutMs);
  const started = now();
  const latency = () => Math.max(0, Math.round(now() - started));
  try {
    const result = await raced(provider.doGenerate({ ...optionsOf(target, prompt, settings), abortSignal: signal }), signal);
    return { reply: replyOf(target, result), failure: null, latency_ms: latency() };
  } catch (thrown) {
    const failure = failureOf(thrown, { timedOut: signal.aborted, timeoutMs, secrets, nowMs: clock().getTime() });
    return { reply: null, failure, latency_ms: latency() };
  }
};
