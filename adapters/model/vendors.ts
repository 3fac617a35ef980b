import type { ProviderKind } from '../../contracts/llm-config.ts';
import { isLoopback } from './network.ts';

/** Services behind the OpenAI protocol that are known by their host. */
const HOSTS: Record<string, { name: string; keyEnv: string }> = {
  'open.bigmodel.cn': { name: 'glm', keyEnv: 'GLM_API_KEY' },
  'api.z.ai': { name: 'zai', keyEnv: 'GLM_API_KEY' },
  'api.openai.com': { name: 'openai', keyEnv: 'OPENAI_API_KEY' },
};

const hostOf = (baseUrl: string | null): string => (baseUrl === null ? '' : new URL(baseUrl).hostname);

/** How answers and prices name a provider. */
export const targetName = (kind: ProviderKind, baseUrl: string | null): string =>
  kind === 'openai-compatible' ? (HOSTS[hostOf(baseUrl)]?.name ?? (hostOf(baseUrl) || kind)) : kind;

export const defaultBaseUrl = (kind: ProviderKind, region: string | null): string | null => {
  if (kind === 'anthropic') return 'https://api.anthropic.com/v1';
  if (kind === 'bedrock') return `https://bedrock-runtime.${region}.amazonaws.com${region?.startsWith('cn-') ? '.cn' : ''}`;
  return null;
};

/** The variable a key is expected in. Null: AWS credentials sign, or a server on this machine asks for none. */
export const defaultKeyEnv = (kind: ProviderKind, baseUrl: string | null): string | null => {
  if (kind === 'anthropic') return 'ANTHROPIC_API_KEY';
  if (kind !== 'openai-compatible' || baseUrl === null || isLoopback(baseUrl)) return null;
  return HOSTS[hostOf(baseUrl)]?.keyEnv ?? 'OPENAI_API_KEY';
};

// https://platform.openai.com/docs/guides/reasoning: these take no temperature and think before they answer.
const REASONING_MODEL = /^(?:o\d|gpt-[5-9])/;

/** What a service behind the OpenAI protocol wants said differently. */
export const adaptBody = (name: string, body: Record<string, unknown>): Record<string, unknown> => {
  if (name === 'openai') {
    const { max_tokens, temperature, ...rest } = body;
    const reasons = REASONING_MODEL.test(String(body['model']));
    return { ...rest, max_completion_tokens: max_tokens, ...(reasons ? { reasoning_effort: 'low' } : { temperature }) };
  }
  // GLM thinks by default, and its thoughts count against max_tokens: https://docs.z.ai/guides/capabilities/thinking-mode
  return name === 'glm' || name === 'zai' ? { ...body, thinking: { type: 'disabled' } } : body;
};
