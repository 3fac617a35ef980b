import * as z from 'zod';
import { DEFAULT_BUDGET, PRODUCTION_CHAIN, readLlmConfig } from '../../adapters/model/live-config.ts';
import { NANO_USD } from '../../contracts/budget.ts';
import { Mode } from '../../contracts/llm.ts';
import { PROVIDER_KINDS, ProviderKind, TokenPrice } from '../../contracts/llm-config.ts';
import { secretArn } from './arns.ts';

const model = z.string().regex(/^\S{1,200}$/, 'must be the id of a model, without spaces');

/** One provider of the chain, as `HOLDPOINT_LLM_*_<N>` describes it to the functions. */
const Provider = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({ kind: z.literal('mock') }),
    z.strictObject({
      kind: z.enum(['anthropic', 'openai-compatible', 'bedrock']),
      model,
      /** Where it is reached; the vendor's own address where it is absent. */
      baseUrl: z.url({ protocol: /^https$/, error: 'must be an https URL' }).optional(),
      /** Member of the keys' secret that holds its key; by vendor where it is absent. */
      keyName: z
        .string()
        .regex(/^[A-Z][A-Z0-9_]{0,63}$/, 'must be a name such as ANTHROPIC_API_KEY')
        .optional(),
      /** USD per million tokens, in place of the price table. */
      price: TokenPrice.optional(),
      timeoutSeconds: z.number().min(1).max(280).optional(),
      retries: z.int().min(0).max(5).optional(),
    }),
  ],
  { error: `must be one of ${PROVIDER_KINDS.join(', ')}` },
);
export type Provider = z.infer<typeof Provider>;

const Budget = z.strictObject({
  calls: z.int().min(0).max(1e12),
  tokens: z.int().min(0).max(1e12),
  usd: z.number().min(0).max(1e6),
});

/** What a job may spend where an environment does not say. */
export const BUDGET: z.infer<typeof Budget> = { ...DEFAULT_BUDGET, usd: DEFAULT_BUDGET.nano_usd / NANO_USD };

export const Llm = z.strictObject({
  /** The most that a job may ask for. */
  mode: Mode,
  /** Ordered fallback chain. */
  providers: z.array(Provider).min(1).max(8),
  /** Secret with the providers' keys, a JSON object by name. Only agents read it. */
  keysSecretArn: secretArn.optional(),
  /** Per job. */
  budget: Budget.default({ calls: BUDGET.calls, tokens: BUDGET.tokens, usd: BUDGET.usd }),
});
export type Llm = z.infer<typeof Llm>;

const suffixed = (provider: Provider, n: number): Record<string, string | undefined> => {
  if (provider.kind === 'mock') return {};
  const { baseUrl, keyName, price, timeoutSeconds, retries } = provider;
  return {
    [`HOLDPOINT_LLM_MODEL_${n}`]: provider.model,
    [`HOLDPOINT_LLM_BASE_URL_${n}`]: baseUrl,
    [`HOLDPOINT_LLM_API_KEY_ENV_${n}`]: keyName,
    [`HOLDPOINT_LLM_PRICE_${n}`]: price && `${price.input},${price.output}`,
    [`HOLDPOINT_LLM_TIMEOUT_SECONDS_${n}`]: timeoutSeconds?.toString(),
    [`HOLDPOINT_LLM_RETRIES_${n}`]: retries?.toString(),
  };
};

const present = (variables: Record<string, string | undefined>): Record<string, string> =>
  Object.fromEntries(Object.entries(variables).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));

/** The chain as the functions read it. */
export const chainVariables = (providers: readonly Provider[]): Record<string, string> =>
  present({
    HOLDPOINT_LLM_PROVIDER: providers.map(({ kind }) => kind).join(','),
    ...Object.assign({}, ...providers.map((provider, i) => suffixed(provider, i + 1))),
  });

export const budgetVariables = ({ budget }: Pick<Llm, 'budget'>): Record<string, string> => ({
  HOLDPOINT_BUDGET_CALLS: String(budget.calls),
  HOLDPOINT_BUDGET_TOKENS: String(budget.tokens),
  HOLDPOINT_BUDGET_USD: String(budget.usd),
});

/** The reverse of `chainVariables`, for chains that the code ships as variables. */
const providersOf = (variables: Readonly<Record<string, string>>): Provider[] =>
  (variables['HOLDPOINT_LLM_PROVIDER'] ?? '').split(',').map((kind, i) => {
    const baseUrl = variables[`HOLDPOINT_LLM_BASE_URL_${i + 1}`];
    return Provider.parse({
      kind: ProviderKind.parse(kind),
      model: variables[`HOLDPOINT_LLM_MODEL_${i + 1}`],
      ...(baseUrl === undefined ? {} : { baseUrl }),
    });
  });

/** GLM, then Anthropic, then OpenAI. */
export const PRODUCTION_PROVIDERS: readonly Provider[] = providersOf(PRODUCTION_CHAIN);

/** What the functions would say of this chain when they start; null when they would take it. */
export const chainProblem = ({ providers, budget }: Llm): string | null => {
  try {
    const chain = { ...chainVariables(providers), ...budgetVariables({ budget }) };
    readLlmConfig({ ...chain, HOLDPOINT_LLM_MODE: 'live', HOLDPOINT_LLM_KEYS_SECRET_ARN: 'of the environment' });
    return null;
  } catch (error) {
    return error instanceof Error ? error.message.replaceAll(/\s*\n\s*/g, ' ') : String(error);
  }
};

/** True where a call may go out that needs a key from the secret. */
export const needsKeys = ({ mode, providers }: Llm): boolean =>
  mode !== 'replay' &&
  providers.some((provider) => provider.kind !== 'mock' && (provider.kind !== 'bedrock' || provider.keyName !== undefined));
