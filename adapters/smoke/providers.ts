import { asError } from '../../contracts/errors.ts';
import type { LlmConfig, ProviderTarget } from '../../contracts/llm-config.ts';
import type { FoundProvider } from '../../contracts/smoke.ts';
import type { ApiKeys } from '../model/keys.ts';
import { guardedFetch, isReachable } from '../model/network.ts';

/** Nobody waits longer for an answer to a question this small, in ms. */
const PATIENCE_MS = 10_000;

type Asked = { path: string; method: 'GET' | 'POST'; headers: Record<string, string> };
type Called = Exclude<ProviderTarget['kind'], 'mock'>;

const bearer = (key: string | null): Record<string, string> => (key === null ? {} : { authorization: `Bearer ${key}` });

// A list of models, or a question with nothing in it: who may ask is judged before what is asked, and no token is spent.
const REQUESTS: { readonly [K in Called]: (target: ProviderTarget, key: string | null) => Asked[] } = {
  // https://docs.anthropic.com/en/api/models-list
  anthropic: (_, key) => [
    {
      path: '/models?limit=1',
      method: 'GET',
      headers: { 'anthropic-version': '2023-06-01', ...(key === null ? {} : { 'x-api-key': key }) },
    },
  ],
  // Not every service behind this protocol lists its models.
  'openai-compatible': (_, key) => [
    { path: '/models', method: 'GET', headers: bearer(key) },
    { path: '/chat/completions', method: 'POST', headers: bearer(key) },
  ],
  bedrock: ({ model }, key) => [{ path: `/model/${encodeURIComponent(model)}/converse`, method: 'POST', headers: bearer(key) }],
};

const codeOf = (error: unknown): string => {
  const { name, cause } = asError(error);
  if (name === 'TimeoutError') return `no answer within ${PATIENCE_MS / 1000} s`;
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : name;
};

const send = async (target: ProviderTarget, network: LlmConfig['network'], { path, method, headers }: Asked): Promise<number> => {
  const body = method === 'POST' ? { body: '{}' } : {};
  const response = await guardedFetch(network, target)(`${target.base_url}${path}`, {
    ...{ method, headers: { ...headers, 'content-type': 'application/json' }, ...body },
    signal: AbortSignal.timeout(Math.min(target.timeout_ms, PATIENCE_MS)),
  });
  await response.body?.cancel();
  return response.status;
};

const ABSENT = [404, 405];

type Said = Pick<FoundProvider, 'state' | 'detail'>;

/** What a status says of provider and key. A complaint about the question itself is an answer. */
const saidBy = (status: number, { api_key_env }: ProviderTarget): Said => {
  if (status === 401 || status === 403) {
    if (api_key_env === null)
      return { state: 'ok', detail: `status ${status} without a key: calls are signed with the role of the function` };
    return { state: 'key_refused', detail: `status ${status} for the key in ${api_key_env}; put a valid key there` };
  }
  if (status === 429 || status >= 500) return { state: 'unwell', detail: `status ${status}; wait until it is back, or change the chain` };
  return { state: 'ok', detail: `status ${status}` };
};

const askProvider = async (target: ProviderTarget, kind: Called, network: LlmConfig['network'], keys: ApiKeys): Promise<Said> => {
  if (!isReachable(network, target)) return { state: 'not_called', detail: `network is ${network}` };
  const key = target.api_key_env === null ? null : await keys(target.api_key_env);
  if (target.api_key_env !== null && key === null)
    return { state: 'no_key', detail: `${target.api_key_env} is not set; put a valid key there` };
  const [first, ...others] = REQUESTS[kind](target, key);
  if (!first) return { state: 'not_called', detail: 'nothing is known to ask it' };
  let status = await send(target, network, first);
  for (const other of others) if (ABSENT.includes(status)) status = await send(target, network, other);
  return saidBy(status, target);
};

/** Whether each provider of the chain can be reached, and takes its key. */
export const lookAtProviders = ({ chain, network }: LlmConfig, keys: ApiKeys): Promise<FoundProvider[]> =>
  Promise.all(
    chain.map(async (target): Promise<FoundProvider> => {
      const { position, name, kind, base_url } = target;
      if (kind === 'mock') return { position, name, state: 'ok', detail: 'it needs no server' };
      try {
        return { position, name, ...(await askProvider(target, kind, network, keys)) };
      } catch (error) {
        return { position, name, state: 'unreachable', detail: `${base_url}: ${codeOf(error)}; see the network of the function` };
      }
    }),
  );
