import { createModel, type LiveModel, type ModelDeps } from '../../adapters/model/call-model.ts';
import { fixtureCassettes } from '../../adapters/model/fixtures.ts';
import { createReplayModel } from '../../adapters/model/replay.ts';
import { type Amount, NANO_USD } from '../../contracts/budget.ts';
import type { Cassette, Mode, ModelRequest } from '../../contracts/llm.ts';
import type { LlmConfig, ProviderTarget } from '../../contracts/llm-config.ts';
import type { Artifacts, ModelScope } from '../../contracts/ports.ts';
import { cassetteKey } from '../../functions/lib/cassette-key.ts';
import type { Protocol, Simulator } from '../../infra/local/simulator/simulator.ts';
import { memoryBudgets } from './memory-budgets.ts';

/** A key and a secret that no stored byte may hold. */
export const API_KEY = 'PLANTED0key1234567890ofNoKnownShape';
export const AWS_SECRET = 'wJalrXUtnFEMIofPLANTEDofNoKnownShape';
export const SECRET = 'canary-4711-hush';

export const LIMITS: Amount = { calls: 100, tokens: 1_000_000, nano_usd: 100 * NANO_USD };

export const OUTPUT_SCHEMA = {
  type: 'object',
  properties: {
    schema_version: { type: 'string', const: 'note_v1' },
    note: { type: 'string', minLength: 1 },
    score: { type: 'integer', minimum: 1, maximum: 9 },
  },
  required: ['schema_version', 'note', 'score'],
  additionalProperties: false,
};

export const request: ModelRequest = {
  agent: 'intent',
  model_alias: 'strategist',
  prompt_version: 'v1',
  output_schema_version: 'note_v1',
  output_schema: OUTPUT_SCHEMA,
  messages: [
    { role: 'system', content: `Answer as JSON.\n\nJSON Schema of the answer:\n${JSON.stringify(OUTPUT_SCHEMA)}` },
    { role: 'user', content: 'What do you make of "trend following"?' },
  ],
  variables: {},
  settings: { temperature: 0, max_output_tokens: 500 },
  n: 0,
};

export const scopeOf = (mode: Mode, changes: Partial<ModelScope> = {}): ModelScope => ({
  ...{ job_id: '0123456789ab', run_id: 'run-1', state: 'Intent', visit: 1, ordinal: 0, mode },
  ...changes,
});

const KINDS = {
  anthropic: { kind: 'anthropic', name: 'anthropic', model: 'claude-haiku-4-5', api_key_env: 'ANTHROPIC_API_KEY', region: null },
  openai: { kind: 'openai-compatible', name: 'glm', model: 'glm-5.3', api_key_env: 'GLM_API_KEY', region: null },
  bedrock: {
    kind: 'bedrock',
    name: 'bedrock',
    model: 'us.anthropic.claude-haiku-4-5-20251001-v1:0',
    api_key_env: null,
    region: 'us-east-1',
  },
} as const;

export const targetTo = (
  simulator: Simulator,
  protocol: Protocol,
  position = 1,
  changes: Partial<ProviderTarget> = {},
): ProviderTarget => ({
  ...KINDS[protocol],
  ...{ position, base_url: simulator.baseUrls[protocol], timeout_ms: 10_000, retries: 1, price: null },
  ...changes,
});

export const configOf = (chain: ProviderTarget[], changes: Partial<LlmConfig> = {}): LlmConfig => ({
  ...{ mode: 'live', network: 'loopback', chain, budget: LIMITS },
  ...changes,
});

export const recorded = (asked: ModelRequest, text: string): Cassette => {
  const { key, match } = cassetteKey(asked);
  return {
    schema_version: 'cassette_v1',
    ...{ key, match, n: asked.n },
    answer: {
      text,
      finish_reason: 'stop',
      usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
      provider: 'anthropic',
      model: 'recorded-model',
    },
    recorded_at: '2026-01-05T09:00:00.000Z',
    redactor_version: 'redactor_v1',
  };
};

export type MemoryArtifacts = Artifacts & { files: Map<string, string> };

export const memoryArtifacts = (): MemoryArtifacts => {
  const files = new Map<string, string>();
  return {
    files,
    put: async (key, body) => {
      files.set(key, body);
      return { key, sha256: '0'.repeat(64), bytes: Buffer.byteLength(body) };
    },
    create: async (key, body) => {
      if (files.has(key)) return false;
      files.set(key, body);
      return true;
    },
    get: async (key) => {
      const body = files.get(key);
      return body === undefined ? null : { body: Buffer.from(body), content_type: 'application/json' };
    },
    list: async (prefix) =>
      [...files].filter(([key]) => key.startsWith(prefix)).map(([key, body]) => ({ key, bytes: Buffer.byteLength(body) })),
  };
};

/** Stores that count, and a model over them. Waiting takes no time; what was waited is in `waits`. */
export const modelWorld = (config: LlmConfig, cassettes: readonly Cassette[] = [], changes: Partial<ModelDeps> = {}) => {
  const store = fixtureCassettes(cassettes);
  const artifacts = memoryArtifacts();
  const budgets = memoryBudgets();
  const waits: number[] = [];
  const deps: ModelDeps = {
    config,
    ...{ cassettes: store, artifacts, budgets },
    replay: (secrets) => createReplayModel({ cassettes: store, secrets }),
    keys: async () => API_KEY,
    secrets: [SECRET],
    credentials: async () => ({ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: AWS_SECRET }),
    clock: () => new Date('2026-02-03T04:05:06.000Z'),
    time: { now: () => performance.now(), sleep: async (ms) => void waits.push(ms) },
    random: () => 0.5,
    ...changes,
  };
  const model: LiveModel = createModel(deps);
  return { model, deps, cassettes: store, artifacts, budgets, waits };
};

/** What a promise was rejected with. */
export const rejection = async (promise: Promise<unknown>): Promise<Error> => {
  const thrown: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof Error) return thrown;
  throw new Error('expected a rejection');
};
