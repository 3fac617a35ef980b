import type { Message, ModelRequest, Usage } from '../../contracts/llm.ts';
import { factsIn } from '../../functions/lib/sample/facts.ts';
import { sampleJson } from '../../functions/lib/sample/sample-json.ts';

/** Characters per token, as a rule of thumb for English. */
const CHARS_PER_TOKEN = 4;

const tokensOf = (text: string): number => Math.ceil(text.length / CHARS_PER_TOKEN);

/**
 * An answer made from the request's JSON Schema: valid against it, and the same for the same key. Symbols and dates
 * come from the question.
 */
export const mockAnswer = (
  request: Pick<ModelRequest, 'output_schema'>,
  key: string,
  prompt: readonly Message[],
): { text: string; usage: Usage } => {
  const questions = prompt.filter(({ role }) => role === 'user').map(({ content }) => content);
  const text = JSON.stringify(sampleJson(request.output_schema, key, factsIn(questions)), null, 2);
  const prompt_tokens = prompt.reduce((sum, { content }) => sum + tokensOf(content), 0);
  const completion_tokens = tokensOf(text);
  return { text, usage: { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens } };
};
