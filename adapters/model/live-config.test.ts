import { describe, expect, test } from 'vitest';
import { NANO_USD } from '../../contracts/budget.ts';
import { LlmConfig } from '../../contracts/llm-config.ts';
import { DEFAULT_BUDGET, PRODUCTION_CHAIN, readLlmConfig } from './live-config.ts';

const KEYS = { GLM_API_KEY: 'g-key', ANTHROPIC_API_KEY: 'a-key', OPENAI_API_KEY: 'o-key' };
const complaint = (variables: Record<string, string>): string => {
  try {
    readLlmConfig(variables);
  } catch (error) {
    if (error instanceof Error) return error.message;
  }
  return 'accepted';
};
const live = (changes: Record<string, string>) => ({ HOLDPOINT_LLM_MODE: 'live', ...changes });
const claude = (changes: Record<string, string> = {}) =>
  live({ HOLDPOINT_LLM_PROVIDER: 'anthropic', HOLDPOINT_LLM_MODEL: 'claude-sonnet-5', ...KEYS, ...changes });

test('without variables: replay, nobody to call, the default budget', () => {
  expect(readLlmConfig({})).toEqual({ mode: 'replay', network: 'allowed', chain: [], budget: DEFAULT_BUDGET });
});

test('replay needs neither model nor key', () => {
  expect(readLlmConfig({ HOLDPOINT_LLM_PROVIDER: 'anthropic,openai-compatible' }).chain).toEqual([]);
});

test('the shipped production chain is GLM, Anthropic, OpenAI, each with its own key', () => {
  const config = readLlmConfig(live({ ...PRODUCTION_CHAIN, ...KEYS }));
  expect(LlmConfig.parse(config)).toEqual(config);
  expect(config.chain.map(({ position, name, base_url, api_key_env }) => [position, name, base_url, api_key_env])).toEqual([
    [1, 'glm', 'https://open.bigmodel.cn/api/paas/v4', 'GLM_API_KEY'],
    [2, 'anthropic', 'https://api.anthropic.com/v1', 'ANTHROPIC_API_KEY'],
    [3, 'openai', 'https://api.openai.com/v1', 'OPENAI_API_KEY'],
  ]);
});

test('a suffix sets one provider, no suffix all of them', () => {
  const { chain } = readLlmConfig(
    live({
      ...PRODUCTION_CHAIN,
      ...KEYS,
      HOLDPOINT_LLM_TIMEOUT_SECONDS: '9',
      HOLDPOINT_LLM_TIMEOUT_SECONDS_2: '1.5',
      HOLDPOINT_LLM_RETRIES_3: '0',
    }),
  );
  expect(chain.map(({ timeout_ms, retries }) => [timeout_ms, retries])).toEqual([
    [9000, 2],
    [1500, 2],
    [9000, 0],
  ]);
});

test('one real provider needs no suffix', () => {
  const { chain } = readLlmConfig(claude({ HOLDPOINT_LLM_PROVIDER: 'anthropic,mock', HOLDPOINT_LLM_PRICE: '2,10' }));
  expect(chain).toMatchObject([
    { model: 'claude-sonnet-5', price: { input: 2, output: 10 } },
    { kind: 'mock', model: 'claude-sonnet-5', price: null, base_url: null },
  ]);
});

test('Bedrock signs with AWS credentials in its region, unless it is given a key', () => {
  const bedrock = live({ HOLDPOINT_LLM_PROVIDER: 'bedrock', HOLDPOINT_LLM_MODEL: 'amazon.nova-lite-v1:0', AWS_REGION: 'eu-west-1' });
  expect(readLlmConfig(bedrock).chain[0]).toMatchObject({
    region: 'eu-west-1',
    base_url: 'https://bedrock-runtime.eu-west-1.amazonaws.com',
    api_key_env: null,
  });
  expect(readLlmConfig({ ...bedrock, HOLDPOINT_LLM_API_KEY_ENV: 'BEDROCK_KEY', BEDROCK_KEY: 'k' }).chain[0]?.api_key_env).toBe(
    'BEDROCK_KEY',
  );
});

test('a server on this machine may use http and needs no key', () => {
  const local = live({
    HOLDPOINT_LLM_PROVIDER: 'openai-compatible',
    HOLDPOINT_LLM_MODEL: 'm',
    HOLDPOINT_LLM_BASE_URL: 'http://127.0.0.1:9/v1/',
  });
  expect(readLlmConfig(local).chain[0]).toMatchObject({ name: '127.0.0.1', base_url: 'http://127.0.0.1:9/v1', api_key_env: null });
});

test('keys may come from a secret instead of the environment', () => {
  expect(readLlmConfig(live({ ...PRODUCTION_CHAIN, HOLDPOINT_LLM_KEYS_SECRET_ARN: 'arn:aws:secretsmanager:x' })).chain).toHaveLength(3);
});

test.each([
  [{ HOLDPOINT_LLM_DISABLE_NETWORK: '1' }, 'disabled'],
  [{ HOLDPOINT_LLM_DISABLE_NETWORK: '0' }, 'allowed'],
  [{ HOLDPOINT_LLM_DISABLE_NETWORK: 'loopback' }, 'loopback'],
  [{ VITEST: 'true' }, 'disabled'],
  [{ VITEST: 'true', HOLDPOINT_LLM_DISABLE_NETWORK: '0' }, 'disabled'],
])('%j: the network is %s', (variables, network) => {
  expect(readLlmConfig(variables).network).toBe(network);
});

test('budgets are read in their units', () => {
  const budget = readLlmConfig({ HOLDPOINT_BUDGET_CALLS: '3', HOLDPOINT_BUDGET_TOKENS: '1000', HOLDPOINT_BUDGET_USD: '0.25' }).budget;
  expect(budget).toEqual({ calls: 3, tokens: 1000, nano_usd: 0.25 * NANO_USD });
});

describe('a bad value stops with the variable, its value and what is allowed', () => {
  test.each<[Record<string, string>, string]>([
    [{ HOLDPOINT_LLM_MODE: 'lve' }, 'HOLDPOINT_LLM_MODE is "lve": must be one of replay, record, live'],
    [
      { HOLDPOINT_LLM_PROVIDER: 'mock,openai' },
      'HOLDPOINT_LLM_PROVIDER is "mock,openai": must be 1 to 8 of mock, anthropic, openai-compatible, bedrock',
    ],
    [{ HOLDPOINT_LLM_DISABLE_NETWORK: 'yes' }, 'HOLDPOINT_LLM_DISABLE_NETWORK is "yes": must be one of 0, 1, loopback'],
    [{ HOLDPOINT_BUDGET_TOKENS: '1.5' }, 'HOLDPOINT_BUDGET_TOKENS is "1.5": must be a whole number'],
    [{ HOLDPOINT_BUDGET_USD: '-1' }, 'HOLDPOINT_BUDGET_USD is "-1": must be an amount in USD'],
    [claude({ HOLDPOINT_LLM_MODEL: ' ' }), 'HOLDPOINT_LLM_MODEL is missing: must be the id of a model of provider 1 (anthropic)'],
    [claude({ HOLDPOINT_LLM_TIMEOUT_SECONDS: '500' }), 'HOLDPOINT_LLM_TIMEOUT_SECONDS is "500": must be seconds from 1 to 280'],
    [claude({ HOLDPOINT_LLM_RETRIES: '9' }), 'HOLDPOINT_LLM_RETRIES is "9": must be a whole number from 0 to 5'],
    [claude({ HOLDPOINT_LLM_BASE_URL: 'http://example.com' }), 'HOLDPOINT_LLM_BASE_URL is "http://example.com": must be an https URL'],
    [claude({ HOLDPOINT_LLM_BASE_URL: 'http://127.0.0.1.example.com' }), 'must be an https URL'],
    [claude({ HOLDPOINT_LLM_PRICE: 'cheap' }), 'HOLDPOINT_LLM_PRICE is "cheap": must be "input,output" in USD per million tokens'],
    [claude({ HOLDPOINT_LLM_MODEL_2: 'm' }), 'HOLDPOINT_LLM_MODEL_2 is set: HOLDPOINT_LLM_PROVIDER names 1 provider only'],
    [claude({ ANTHROPIC_API_KEY: '' }), 'ANTHROPIC_API_KEY is missing: must hold the key of provider 1 (anthropic)'],
    [claude({ HOLDPOINT_LLM_API_KEY_ENV: 'MY_KEY' }), 'MY_KEY is missing'],
    [
      live({ ...PRODUCTION_CHAIN, ...KEYS, HOLDPOINT_LLM_BASE_URL: 'https://x.example' }),
      'HOLDPOINT_LLM_BASE_URL is set: say for which provider of the chain: HOLDPOINT_LLM_BASE_URL_1 to HOLDPOINT_LLM_BASE_URL_3',
    ],
    [
      live({ HOLDPOINT_LLM_PROVIDER: 'openai-compatible', HOLDPOINT_LLM_MODEL: 'm' }),
      'HOLDPOINT_LLM_BASE_URL is missing: must be the URL of the provider',
    ],
  ])('%j', (variables, message) => {
    expect(complaint(variables)).toContain(message);
  });

  test('all of them at once', () => {
    expect(complaint(claude({ HOLDPOINT_LLM_RETRIES: 'x', HOLDPOINT_BUDGET_CALLS: 'y' })).split('\n')).toHaveLength(3);
  });

  test('never a secret: neither a key put where its name belongs, nor a password in a URL', () => {
    const message = complaint(
      claude({ HOLDPOINT_LLM_API_KEY_ENV: 'my-own-key-4711', HOLDPOINT_LLM_BASE_URL: 'https://ann:hunter22@example.com' }),
    );
    expect(message).toContain('HOLDPOINT_LLM_API_KEY_ENV is (hidden): must be the name of the variable');
    expect(message).not.toContain('4711');
    expect(message).not.toContain('hunter22');
    for (const key of Object.values(KEYS)) expect(message).not.toContain(key);
  });
});
