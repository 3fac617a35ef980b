import type { LanguageModelV4 } from '@ai-sdk/provider';
import type { LlmConfig, ProviderTarget } from '../../contracts/llm-config.ts';
import { guardedFetch } from './network.ts';
import { adaptBody } from './vendors.ts';

/** The part of a provider that is used: one call, no retries of its own. */
export type Provider = Pick<LanguageModelV4, 'doGenerate'>;

export type AwsCredentials = { accessKeyId: string; secretAccessKey: string; sessionToken?: string };

export type ProviderAccess = {
  network: LlmConfig['network'];
  /** Null where the provider needs none. */
  apiKey: string | null;
  /** Sign requests to Bedrock where it has no key of its own. */
  credentials?: () => Promise<AwsCredentials>;
};

// Every setting is passed, or the clients would look for it in the environment.
const load: Record<
  Exclude<ProviderTarget['kind'], 'mock'>,
  (target: ProviderTarget, baseURL: string, access: ProviderAccess) => Promise<Provider>
> = {
  anthropic: async (target, baseURL, { apiKey, network }) => {
    const { createAnthropic } = await import('@ai-sdk/anthropic');
    return createAnthropic({ baseURL, apiKey: apiKey ?? 'none', fetch: guardedFetch(network, target) }).languageModel(target.model);
  },
  'openai-compatible': async (target, baseURL, { apiKey, network }) => {
    const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible');
    return createOpenAICompatible({
      name: target.name,
      baseURL,
      ...(apiKey === null ? {} : { apiKey }),
      fetch: guardedFetch(network, target),
      transformRequestBody: (body) => adaptBody(target.name, body),
    }).languageModel(target.model);
  },
  bedrock: async (target, baseURL, { apiKey, network, credentials }) => {
    const { createAmazonBedrock } = await import('@ai-sdk/amazon-bedrock');
    return createAmazonBedrock({
      baseURL,
      apiKey: apiKey ?? '',
      region: target.region ?? 'us-east-1',
      ...(credentials ? { credentialProvider: credentials } : {}),
      fetch: guardedFetch(network, target),
    }).languageModel(target.model);
  },
};

/** The client of a real provider, loaded when it is first needed: a replay pays nothing for it. */
export const loadProvider = async (target: ProviderTarget, access: ProviderAccess): Promise<Provider> => {
  const { kind, base_url } = target;
  if (kind === 'mock' || base_url === null) throw new Error(`provider ${target.position} (${kind}) has no server to call`);
  return load[kind](target, base_url, access);
};
