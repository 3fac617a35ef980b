import * as z from 'zod';
import { type Fault, messageOf, type Protocol } from './faults.ts';

/** A request of any protocol, as far as an answer needs it. */
export type Question = { protocol: Protocol; model: string; system: string[]; user: string[]; maxTokens: number };

export type Reply = { text: string; stop: 'stop' | 'length'; promptTokens: number; completionTokens: number };

type Wire = {
  /** The model, when the request is of this protocol. */
  match(path: string): { model: string | null } | null;
  read(body: unknown, model: string | null): Omit<Question, 'protocol'>;
  write(reply: Reply, model: string, id: string): Record<string, unknown>;
  refuse(status: number, fault: Fault): Record<string, unknown>;
};

const Parts = z.union([z.string(), z.array(z.looseObject({ text: z.string().optional() }))]);
const textOf = (parts: z.infer<typeof Parts>): string =>
  typeof parts === 'string' ? parts : parts.map((part) => part.text ?? '').join('');

const Messages = z.array(z.looseObject({ role: z.string(), content: Parts }));
const textsOf = (messages: z.infer<typeof Messages>, ...roles: string[]): string[] =>
  messages.filter(({ role }) => roles.includes(role)).map(({ content }) => textOf(content));

const Anthropic = z.looseObject({ model: z.string(), max_tokens: z.number(), system: Parts.optional(), messages: Messages });

const ANTHROPIC_ERRORS: Record<number, string> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  429: 'rate_limit_error',
  529: 'overloaded_error',
};

// https://docs.anthropic.com/en/api/messages
const anthropic: Wire = {
  match: (path) => (path.endsWith('/messages') ? { model: null } : null),
  read: (body) => {
    const { model, max_tokens, system = [], messages } = Anthropic.parse(body);
    return { model, maxTokens: max_tokens, system: [textOf(system)], user: textsOf(messages, 'user') };
  },
  write: ({ text, stop, promptTokens, completionTokens }, model, id) => ({
    id: `msg_${id}`,
    type: 'message',
    role: 'assistant',
    model,
    content: [{ type: 'text', text }],
    stop_reason: stop === 'length' ? 'max_tokens' : 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: promptTokens, output_tokens: completionTokens },
  }),
  refuse: (status, fault) => ({ type: 'error', error: { type: ANTHROPIC_ERRORS[status] ?? 'api_error', message: messageOf(fault) } }),
};

const OpenAi = z.looseObject({
  model: z.string(),
  max_tokens: z.number().optional(),
  max_completion_tokens: z.number().optional(),
  messages: Messages,
});

// https://platform.openai.com/docs/api-reference/chat
const openai: Wire = {
  match: (path) => (path.endsWith('/chat/completions') ? { model: null } : null),
  read: (body) => {
    const { model, max_tokens, max_completion_tokens, messages } = OpenAi.parse(body);
    const maxTokens = max_tokens ?? max_completion_tokens ?? Infinity;
    return { model, maxTokens, system: textsOf(messages, 'system', 'developer'), user: textsOf(messages, 'user') };
  },
  write: ({ text, stop, promptTokens, completionTokens }, model, id) => ({
    id: `chatcmpl-${id}`,
    object: 'chat.completion',
    created: 1_767_225_600,
    model,
    choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: stop }],
    usage: { prompt_tokens: promptTokens, completion_tokens: completionTokens, total_tokens: promptTokens + completionTokens },
  }),
  refuse: (_, fault) => ({ error: { message: messageOf(fault), type: fault.kind, param: null, code: fault.kind } }),
};

const Converse = z.looseObject({
  system: z.array(z.looseObject({ text: z.string().optional() })).optional(),
  messages: Messages,
  inferenceConfig: z.looseObject({ maxTokens: z.number().optional() }).optional(),
});

// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
const bedrock: Wire = {
  match: (path) => {
    const model = /\/model\/([^/]+)\/converse$/.exec(path)?.[1];
    return model === undefined ? null : { model: decodeURIComponent(model) };
  },
  read: (body, model) => {
    const { system = [], messages, inferenceConfig } = Converse.parse(body);
    return {
      model: model ?? '',
      maxTokens: inferenceConfig?.maxTokens ?? Infinity,
      system: [textOf(system)],
      user: textsOf(messages, 'user'),
    };
  },
  write: ({ text, stop, promptTokens, completionTokens }) => ({
    output: { message: { role: 'assistant', content: [{ text }] } },
    stopReason: stop === 'length' ? 'max_tokens' : 'end_turn',
    usage: { inputTokens: promptTokens, outputTokens: completionTokens, totalTokens: promptTokens + completionTokens },
    metrics: { latencyMs: 1 },
  }),
  refuse: (_, fault) => ({ message: messageOf(fault) }),
};

export const WIRES: Record<Protocol, Wire> = { anthropic, openai, bedrock };
