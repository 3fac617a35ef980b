import type { Message, ModelRequest } from '../../contracts/llm.ts';
import { factsIn } from '../../functions/lib/sample/facts.ts';
import { sampleJson } from '../../functions/lib/sample/sample-json.ts';
import type { Provider } from './providers.ts';

/** Characters per token, as a rule of thumb for English. */
const CHARS_PER_TOKEN = 4;

const tokensOf = (text: string): number => Math.ceil(text.length / CHARS_PER_TOKEN);

/**
 * Answers with a value made from the request's JSON Schema: valid against it, and the same for the same key. Symbols
 * and dates come from the question. Costs nothing and touches no network.
 */
export const mockProvider = (
  { output_schema }: Pick<ModelRequest, 'output_schema'>,
  key: string,
  prompt: readonly Message[],
): Provider => ({
  doGenerate: async () => {
    const questions = prompt.filter(({ role }) => role === 'user').map(({ content }) => content);
    const text = JSON.stringify(sampleJson(output_schema, key, factsIn(questions)), null, 2);
    const input = prompt.reduce((sum, { content }) => sum + tokensOf(content), 0);
    const output = tokensOf(text);
    return {
      content: [{ type: 'text', text }],
      finishReason: { unified: 'stop', raw: 'stop' },
      usage: {
        inputTokens: { total: input, noCache: input, cacheRead: 0, cacheWrite: 0 },
        outputTokens: { total: output, text: output, reasoning: 0 },
      },
      warnings: [],
    };
  },
});
