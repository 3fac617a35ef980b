import * as z from 'zod';
import { Amount } from './budget.ts';
import { Mode } from './llm.ts';

export const PROVIDER_KINDS = ['mock', 'anthropic', 'openai-compatible', 'bedrock'] as const;
export const ProviderKind = z.enum(PROVIDER_KINDS);
export type ProviderKind = z.infer<typeof ProviderKind>;

/** Where calls may go: anywhere, to servers on this machine only, or nowhere. */
export const NetworkAccess = z.enum(['allowed', 'loopback', 'disabled']);
export type NetworkAccess = z.infer<typeof NetworkAccess>;

/** USD per million tokens. */
export const TokenPrice = z.strictObject({ input: z.number().min(0), output: z.number().min(0) });
export type TokenPrice = z.infer<typeof TokenPrice>;

/** One provider of the chain. */
export const ProviderTarget = z.strictObject({
  /** From 1, as in the suffix of its variables. */
  position: z.int().min(1),
  kind: ProviderKind,
  /** How it is named in answers, rows and the price table: `anthropic`, `bedrock`, `glm`, `openai`, or its host. */
  name: z.string().min(1),
  model: z.string().min(1),
  /** Null for `mock`. */
  base_url: z.string().nullable(),
  /** AWS region of `bedrock`; null for others. */
  region: z.string().nullable(),
  /** Name of the variable, or member of the secret, that holds the key. Null: no key, or AWS credentials. */
  api_key_env: z.string().nullable(),
  /** Of one attempt. */
  timeout_ms: z.int().min(1),
  /** Attempts after the first. */
  retries: z.int().min(0),
  /** Stands in for the price table. */
  price: TokenPrice.nullable(),
});
export type ProviderTarget = z.infer<typeof ProviderTarget>;

/** What live and record calls may do. No secret is part of it. */
export const LlmConfig = z.strictObject({
  /** The most a job may ask for. */
  mode: Mode,
  network: NetworkAccess,
  /** Fallback order. Empty in mode `replay`. */
  chain: z.array(ProviderTarget),
  /** Limits per job. */
  budget: Amount,
});
export type LlmConfig = z.infer<typeof LlmConfig>;

/** The chain with the provider of position `first` in front; as configured where there is none. */
export const inOrder = (config: LlmConfig, first: number | null): LlmConfig => {
  const front = config.chain.filter(({ position }) => position === first);
  return front.length === 0 ? config : { ...config, chain: [...front, ...config.chain.filter(({ position }) => position !== first)] };
};
