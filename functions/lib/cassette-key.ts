import type { CassetteMatch, ModelRequest } from '../../contracts/llm.ts';
import { canonicalJson } from './canonical-json.ts';
import { sha256Hex } from './hash.ts';
import { addCounts, redact } from './redaction.ts';

/** A request as it may be sent, looked up and kept. */
export type MatchKey = {
  /** sha256 of the canonical JSON of `match`. */
  key: string;
  match: CassetteMatch;
  /** The redacted messages with their variables' values: what a provider is sent. */
  prompt: ModelRequest['messages'];
  /** What redaction removed, by rule. */
  redactions: Record<string, number>;
};

/** The messages as they are sent: the context behind the last. */
const inContext = ({ messages, context = '' }: ModelRequest): ModelRequest['messages'] =>
  messages.map(({ role, content }, i) => ({ role, content: i === messages.length - 1 ? content + context : content }));

/** Longest value first, so that a value inside another one does not break it. */
const placeholders = (variables: Record<string, string>): [string, string][] =>
  Object.entries(variables)
    .filter(([, value]) => value !== '')
    .sort(([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1));

const withPlaceholders = (text: string, variables: [string, string][]): string =>
  variables.reduce((result, [name, value]) => result.replaceAll(value, () => `{{${name}}}`), text);

/**
 * The key a question is recorded under: redact, put placeholders for declared variables, hash. Provider,
 * fallback order, repeat index and context are not part of it; every word of the messages is.
 */
export const cassetteKey = (request: ModelRequest, secrets: readonly string[] = []): MatchKey => {
  const redacted = request.messages.map(({ role, content }) => ({ role, ...redact(content, { secrets }) }));
  const sent = inContext(request).map(({ role, content }) => ({ role, ...redact(content, { secrets }) }));
  const variables = placeholders(request.variables);
  const match: CassetteMatch = {
    agent: request.agent,
    model_alias: request.model_alias,
    prompt_version: request.prompt_version,
    output_schema_version: request.output_schema_version,
    output_schema_sha256: sha256Hex(canonicalJson(request.output_schema)),
    messages: redacted.map(({ role, text }) => ({ role, content: withPlaceholders(text, variables) })),
    tools: [],
    settings: request.settings,
  };
  return {
    key: sha256Hex(canonicalJson(match)),
    match,
    prompt: sent.map(({ role, text }) => ({ role, content: text })),
    redactions: addCounts(...sent.map(({ counts }) => counts)),
  };
};
