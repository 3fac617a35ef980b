import * as z from 'zod';
import { type Amount, NANO_USD } from '../../contracts/budget.ts';
import { Mode } from '../../contracts/llm.ts';
import { type LlmConfig, type NetworkAccess, PROVIDER_KINDS, type ProviderKind, type ProviderTarget } from '../../contracts/llm-config.ts';
import { redact } from '../../functions/lib/redaction.ts';
import { isLoopback } from './network.ts';
import { defaultBaseUrl, defaultKeyEnv, targetName } from './vendors.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/** Limits per job where none are set. */
export const DEFAULT_BUDGET: Amount = { calls: 20, tokens: 400_000, nano_usd: 5 * NANO_USD };

/** The shipped production chain: GLM, Anthropic, OpenAI. */
export const PRODUCTION_CHAIN: Readonly<Record<string, string>> = {
  HOLDPOINT_LLM_PROVIDER: 'openai-compatible,anthropic,openai-compatible',
  HOLDPOINT_LLM_BASE_URL_1: 'https://open.bigmodel.cn/api/paas/v4',
  HOLDPOINT_LLM_MODEL_1: 'glm-5.3',
  HOLDPOINT_LLM_MODEL_2: 'claude-sonnet-5',
  HOLDPOINT_LLM_BASE_URL_3: 'https://api.openai.com/v1',
  HOLDPOINT_LLM_MODEL_3: 'gpt-5.4',
};

const DEFAULT_TIMEOUT_SECONDS = 60;
const DEFAULT_RETRIES = 2;
const MAX_CHAIN = 8;

/** A value and its complaints; a secret never reaches a complaint. */
class Reader {
  readonly complaints: string[] = [];
  readonly #variables: Variables;
  constructor(variables: Variables) {
    this.#variables = variables;
  }

  complain(name: string, allowed: string, shown: string | null = this.#shown(name)): void {
    this.complaints.push(`${name} is ${shown ?? 'missing'}: ${allowed}`);
  }

  #shown(name: string): string | null {
    const value = this.text(name);
    return value === undefined ? null : JSON.stringify(redact(value).text);
  }

  /** An empty variable counts as unset. */
  text(name: string): string | undefined {
    const value = this.#variables[name]?.trim();
    return value === '' ? undefined : value;
  }

  choice<const T extends string>(name: string, allowed: readonly T[], fallback: T): T {
    const value = this.text(name);
    const found = allowed.find((option) => option === value);
    if (value !== undefined && !found) this.complain(name, `must be one of ${allowed.join(', ')}`);
    return found ?? fallback;
  }

  number(name: string, rule: { min: number; max: number; whole: boolean; what: string }): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const parsed = /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
    if (parsed >= rule.min && parsed <= rule.max && (!rule.whole || Number.isInteger(parsed))) return parsed;
    this.complain(name, `must be ${rule.what} from ${rule.min} to ${rule.max}`);
    return undefined;
  }

  suffixed(name: string): number[] {
    const pattern = new RegExp(`^${name}_(\\d+)$`);
    return Object.keys(this.#variables)
      .filter((key) => this.text(key) !== undefined)
      .map((key) => Number(pattern.exec(key)?.[1] ?? 0))
      .filter((n) => n > 0);
  }
}

const kindsOf = (reader: Reader): ProviderKind[] => {
  const parsed = z
    .array(z.enum(PROVIDER_KINDS))
    .min(1)
    .max(MAX_CHAIN)
    .safeParse((reader.text('HOLDPOINT_LLM_PROVIDER') ?? 'mock').split(',').map((name) => name.trim()));
  if (parsed.success) return parsed.data;
  reader.complain('HOLDPOINT_LLM_PROVIDER', `must be 1 to ${MAX_CHAIN} of ${PROVIDER_KINDS.join(', ')}, separated by commas`);
  return [];
};

const networkOf = (reader: Reader): NetworkAccess => {
  const value = reader.choice('HOLDPOINT_LLM_DISABLE_NETWORK', ['0', '1', 'loopback'], '0');
  if (value === 'loopback') return 'loopback';
  return value === '1' || reader.text('VITEST') !== undefined ? 'disabled' : 'allowed';
};

const budgetOf = (reader: Reader): Amount => {
  const whole = (name: string) => reader.number(name, { min: 0, max: 1e12, whole: true, what: 'a whole number' });
  const usd = reader.number('HOLDPOINT_BUDGET_USD', { min: 0, max: 1e6, whole: false, what: 'an amount in USD' });
  return {
    calls: whole('HOLDPOINT_BUDGET_CALLS') ?? DEFAULT_BUDGET.calls,
    tokens: whole('HOLDPOINT_BUDGET_TOKENS') ?? DEFAULT_BUDGET.tokens,
    nano_usd: usd === undefined ? DEFAULT_BUDGET.nano_usd : Math.round(usd * NANO_USD),
  };
};

/** Variables of one provider: with its suffix, or without one where the chain leaves no doubt. */
const nameFor = (reader: Reader, base: string, position: number, shared: boolean): string => {
  const own = `${base}_${position}`;
  return reader.text(own) === undefined && shared ? base : own;
};

const baseUrlOf = (reader: Reader, name: string, fallback: string | null): string | null => {
  const text = reader.text(name) ?? fallback;
  if (text === null) {
    reader.complain(name, 'must be the URL of the provider, such as https://api.openai.com/v1');
    return null;
  }
  const parsed = URL.canParse(text) ? new URL(text) : null;
  const plain = parsed && parsed.username === '' && parsed.password === '' && parsed.search === '' && parsed.hash === '';
  if (plain && (parsed.protocol === 'https:' || (parsed.protocol === 'http:' && isLoopback(text)))) return text.replace(/\/+$/, '');
  reader.complain(name, 'must be an https URL without user, query or fragment (http only to this machine)');
  return null;
};

const keyEnvOf = (reader: Reader, name: string, fallback: string | null): string | null => {
  const value = reader.text(name);
  if (value === undefined) return fallback;
  if (/^[A-Z][A-Z0-9_]{0,63}$/.test(value)) return value;
  // It may be the key itself.
  reader.complain(name, 'must be the name of the variable that holds the key, such as ANTHROPIC_API_KEY', '(hidden)');
  return null;
};

const priceOf = (reader: Reader, name: string): ProviderTarget['price'] => {
  const value = reader.text(name);
  if (value === undefined) return null;
  const match = /^(\d+(?:\.\d+)?),\s*(\d+(?:\.\d+)?)$/.exec(value);
  if (match) return { input: Number(match[1]), output: Number(match[2]) };
  reader.complain(name, 'must be "input,output" in USD per million tokens, such as 0.5,1.5');
  return null;
};

const SECONDS = { min: 1, max: 280, whole: false, what: 'seconds' };
const RETRIES = { min: 0, max: 5, whole: true, what: 'a whole number' };

const targetOf = (reader: Reader, kind: ProviderKind, position: number, only: boolean): ProviderTarget => {
  const shared = (base: string) => nameFor(reader, base, position, true);
  const own = (base: string) => nameFor(reader, base, position, only);
  const timing = {
    timeout_ms: Math.round((reader.number(shared('HOLDPOINT_LLM_TIMEOUT_SECONDS'), SECONDS) ?? DEFAULT_TIMEOUT_SECONDS) * 1000),
    retries: reader.number(shared('HOLDPOINT_LLM_RETRIES'), RETRIES) ?? DEFAULT_RETRIES,
  };
  const model = reader.text(own('HOLDPOINT_LLM_MODEL'));
  const nowhere = { base_url: null, region: null, api_key_env: null, price: null };
  if (kind === 'mock') return { position, kind, name: 'mock', model: model ?? 'mock', ...nowhere, ...timing };
  if (model === undefined) reader.complain(own('HOLDPOINT_LLM_MODEL'), `must be the id of a model of provider ${position} (${kind})`);
  const region = kind === 'bedrock' ? (reader.text('AWS_REGION') ?? 'us-east-1') : null;
  const base_url = baseUrlOf(reader, own('HOLDPOINT_LLM_BASE_URL'), defaultBaseUrl(kind, region));
  const api_key_env = keyEnvOf(reader, own('HOLDPOINT_LLM_API_KEY_ENV'), defaultKeyEnv(kind, base_url));
  return {
    ...{ position, kind, name: targetName(kind, base_url), model: model ?? '?', base_url, region, api_key_env },
    ...timing,
    price: priceOf(reader, own('HOLDPOINT_LLM_PRICE')),
  };
};

const PER_PROVIDER = ['MODEL', 'BASE_URL', 'API_KEY_ENV', 'PRICE', 'TIMEOUT_SECONDS', 'RETRIES'].map((name) => `HOLDPOINT_LLM_${name}`);
const NEEDS_SUFFIX = PER_PROVIDER.slice(0, 4);

const checkSuffixes = (reader: Reader, kinds: readonly ProviderKind[], only: boolean): void => {
  for (const base of PER_PROVIDER) {
    for (const n of reader.suffixed(base).filter((n) => n > kinds.length)) {
      reader.complain(`${base}_${n}`, `HOLDPOINT_LLM_PROVIDER names ${kinds.length} provider${kinds.length === 1 ? '' : 's'} only`, 'set');
    }
  }
  // Unsuffixed, one provider's key could be sent to another one's URL.
  for (const base of NEEDS_SUFFIX) {
    if (!only && reader.text(base) !== undefined)
      reader.complain(base, `say for which provider of the chain: ${base}_1 to ${base}_${kinds.length}`, 'set');
  }
};

const checkKeys = (reader: Reader, chain: readonly ProviderTarget[]): void => {
  // Who may call nobody shows the chain, and needs no key.
  const calls = reader.text('HOLDPOINT_LLM_DISABLE_NETWORK') !== '1';
  if (!calls || reader.text('HOLDPOINT_LLM_KEYS_SECRET_ARN') !== undefined) return;
  for (const { api_key_env, name, position } of chain) {
    if (api_key_env !== null && reader.text(api_key_env) === undefined) {
      reader.complain(
        api_key_env,
        `must hold the key of provider ${position} (${name}); or name another variable in HOLDPOINT_LLM_API_KEY_ENV_${position}`,
      );
    }
  }
};

/**
 * Reads the HOLDPOINT_LLM_* and HOLDPOINT_BUDGET_* variables, with `_<N>` for the N-th provider of the chain.
 * What live calls need is required only where the mode is not `replay`.
 * @throws Error naming every bad variable, its value (never a secret) and what is allowed
 */
export const readLlmConfig = (variables: Variables): LlmConfig => {
  const reader = new Reader(variables);
  const mode = reader.choice('HOLDPOINT_LLM_MODE', Mode.options, 'replay');
  const kinds = kindsOf(reader);
  const network = networkOf(reader);
  const budget = budgetOf(reader);
  const only = kinds.filter((kind) => kind !== 'mock').length <= 1;
  const chain = mode === 'replay' ? [] : kinds.map((kind, i) => targetOf(reader, kind, i + 1, only));
  if (mode !== 'replay') {
    checkSuffixes(reader, kinds, only);
    checkKeys(reader, chain);
  }
  if (reader.complaints.length > 0) throw new Error(`bad configuration:\n  ${reader.complaints.join('\n  ')}`);
  return { mode, network, chain, budget };
};
