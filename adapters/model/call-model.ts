import { setTimeout as delay } from 'node:timers/promises';
import { type Amount, BudgetExceeded, type Budgets, NANO_USD } from '../../contracts/budget.ts';
import type { Cassette, ModelAnswer, ModelRequest } from '../../contracts/llm.ts';
import { strictest } from '../../contracts/llm.ts';
import { inOrder, type LlmConfig, type ProviderTarget } from '../../contracts/llm-config.ts';
import type { AnsweredCall, CallAnswered, ProviderAttempt, StageAnswer } from '../../contracts/llm-journal.ts';
import type { Cassettes, Clock, ModelPort, ModelScope } from '../../contracts/ports.ts';
import { cassetteKey } from '../../functions/lib/cassette-key.ts';
import { sha256Hex } from '../../functions/lib/hash.ts';
import { targetPrice } from '../../functions/lib/prices/bounds.ts';
import { PRICE_TABLE } from '../../functions/lib/prices/price-table.ts';
import type { PriceTable } from '../../functions/lib/prices/prices.ts';
import { addCounts, REDACTOR_VERSION, redact } from '../../functions/lib/redaction.ts';
import { about, type Call, type Round } from './call.ts';
import { type Answered, askChain, type ChainDeps, type Time } from './chain.ts';
import { createCooldown } from './cooldown.ts';
import { downgrade } from './downgrade.ts';
import { type Journal, type JournalStore, openJournal } from './journal.ts';
import type { ApiKeys } from './keys.ts';
import { mockProvider } from './mock.ts';
import { type AwsCredentials, loadProvider, type Provider } from './providers.ts';

/** Time for one question with all its attempts, in ms: an agent's function runs for 300 s. */
const DEADLINE_MS = 240_000;

export type ModelDeps = {
  config: LlmConfig;
  /** Answers mode `replay`, and stands in when every provider failed. What is redacted decides the key, so it gets the secrets. */
  replay: (secrets: readonly string[]) => ModelPort;
  cassettes: Pick<Cassettes, 'create'>;
  artifacts: JournalStore;
  budgets: Budgets;
  keys: ApiKeys;
  /** Values that must not be sent, stored or shown. Provider keys are added to them. */
  secrets: readonly string[];
  clock: Clock;
  /** A job's limits, where an approval raised them. Default: those of the configuration. */
  limits?: (scope: ModelScope) => Promise<Amount>;
  credentials?: () => Promise<AwsCredentials>;
  prices?: PriceTable;
  time?: Time;
  random?: () => number;
  deadlineMs?: number;
};

/** A `ModelPort` whose live answers also say what it took to get them. */
export type LiveModel = {
  ask(request: ModelRequest, scope: ModelScope): Promise<StageAnswer>;
};

const REAL_TIME: Time = { now: () => performance.now(), sleep: (ms) => delay(ms) };

/** Clients live as long as the process; a rotated key makes a new one. */
const providerCache = ({ config, keys, credentials }: ModelDeps) => {
  const loaded = new Map<number, { apiKey: string | null; provider: Promise<Provider> }>();
  return async (target: ProviderTarget): Promise<Provider | null> => {
    const apiKey = target.api_key_env === null ? null : await keys(target.api_key_env);
    if (target.api_key_env !== null && apiKey === null) return null;
    const known = loaded.get(target.position);
    if (known?.apiKey === apiKey) return known.provider;
    const provider = loadProvider(target, { network: config.network, apiKey, ...(credentials ? { credentials } : {}) });
    loaded.set(target.position, { apiKey, provider });
    return provider;
  };
};

/** What the providers are called with is as secret as what the caller names. */
const knownSecrets = async ({ config, keys, secrets, credentials }: ModelDeps): Promise<string[]> => {
  const names = [...new Set(config.chain.map((target) => target.api_key_env).filter((name) => name !== null))];
  const found = await Promise.all(names.map((name) => keys(name)));
  const signs = credentials && config.chain.some(({ kind, api_key_env }) => kind === 'bedrock' && api_key_env === null);
  const { secretAccessKey, sessionToken } = signs ? await credentials() : {};
  return [...secrets, ...[...found, secretAccessKey, sessionToken].filter((secret) => secret != null)];
};

const answerOf = ({ asked, scope, secrets }: Call, from: Answered, at: Date): ModelAnswer => {
  const { text, counts } = redact(from.text, { secrets });
  const record = scope.mode === 'record';
  return {
    key: asked.key,
    text,
    finish_reason: from.finish_reason,
    usage: from.usage,
    provider: from.target.name,
    model: from.model,
    response_source: record ? 'record' : 'live',
    replay_reason: null,
    degraded: false,
    recorded_at: record ? at.toISOString() : null,
    cost_usd: from.reservation.actual.nano_usd / NANO_USD,
    latency_ms: from.latency_ms,
    prompt: asked.prompt,
    redactions: addCounts(asked.redactions, counts),
  };
};

const cassetteOf = ({ asked, request }: Call, { answer, at }: CallAnswered): Cassette => {
  const { text, finish_reason, usage, provider, model } = answer;
  return {
    schema_version: 'cassette_v1',
    key: asked.key,
    match: asked.match,
    n: request.n,
    answer: { text, finish_reason, usage, provider, model },
    recorded_at: answer.recorded_at ?? at,
    redactor_version: REDACTOR_VERSION,
  };
};

/** What is left to do once an answer is journaled. Everything in it may be done twice. */
const finish = async ({ budgets, cassettes }: ModelDeps, call: Call, entry: CallAnswered): Promise<AnsweredCall> => {
  const { id, reserved, actual } = entry.reservation;
  await budgets.settle(call.scope.job_id, id, reserved, actual);
  const answer = { ...entry.answer, attempts: entry.attempts, possible_double_charge: entry.possible_double_charge };
  if (entry.mode !== 'record') return answer;
  const cassette = cassetteOf(call, entry);
  await cassettes.create(cassette);
  return { ...answer, cassette };
};

/** Asks the chain in a round that is this call's own, and journals how it ended. */
const askInRound = async (deps: ModelDeps, chain: ChainDeps, call: Call, journal: Journal, own: Round): Promise<AnsweredCall> => {
  const { request, scope, asked, secrets } = call;
  const attempts: ProviderAttempt[] = [];
  const name = `${scope.state}/${scope.visit}/${scope.ordinal}/${asked.key}/${own.round}`;
  const asking = {
    ...{ request, scope, key: asked.key, prompt: asked.prompt, secrets },
    limits: deps.limits ? await deps.limits(scope) : deps.config.budget,
    reservationId: (position: number, attempt: number) => sha256Hex(`${name}/${position}/${attempt}`).slice(0, 32),
    endsAt: chain.time.now() + (deps.deadlineMs ?? DEADLINE_MS),
  };
  const closed = (reason: 'no_answer' | 'budget') =>
    journal.close({
      schema_version: 'llm_call_closed_v1',
      ...about(call, own.round, deps.clock()),
      ...{ reason, attempts, possible_double_charge: own.possible_double_charge },
    });
  const answered = await askChain(chain, asking, attempts).catch(async (error: unknown) => {
    if (error instanceof BudgetExceeded) await closed('budget');
    throw error;
  });
  if (!answered) {
    await closed('no_answer');
    return downgrade(deps, call, own, attempts);
  }
  const at = deps.clock();
  const entry: CallAnswered = {
    schema_version: 'llm_call_answered_v1',
    ...about(call, own.round, at),
    mode: scope.mode,
    answer: answerOf(call, answered, at),
    ...{ attempts, reservation: answered.reservation, possible_double_charge: own.possible_double_charge },
  };
  const kept = await journal.answer(entry);
  // Another round answered first: ours was paid for all the same.
  if (kept !== entry) await deps.budgets.settle(scope.job_id, entry.reservation.id, entry.reservation.reserved, entry.reservation.actual);
  return finish(deps, call, kept);
};

const callModel = async (deps: ModelDeps, chain: ChainDeps, request: ModelRequest, scope: ModelScope): Promise<AnsweredCall> => {
  const secrets = await knownSecrets(deps);
  const call: Call = { request, scope, asked: cassetteKey(request, secrets), secrets };
  const journal = openJournal(deps.artifacts, scope, call.asked.key);
  const before = await journal.read();
  if (before.answer) return finish(deps, call, before.answer);
  for (const target of deps.config.chain) targetPrice(chain.prices, target);
  const own = await journal.begin(before, (round, possible_double_charge) => ({
    schema_version: 'llm_call_started_v1',
    ...about(call, round, deps.clock()),
    mode: scope.mode,
    chain: deps.config.chain.map(({ position, name, model }) => ({ position, provider: name, model })),
    possible_double_charge,
  }));
  return askInRound(deps, chain, call, journal, own);
};

/**
 * The model port for every mode: budget, provider chain, journal, recording and downgrade. `replay` touches neither
 * network nor journal.
 * @throws StoppedLlmError with the attempts as evidence, BudgetExceeded, UnknownPrice
 */
export const createModel = (deps: ModelDeps): LiveModel => {
  const time = deps.time ?? REAL_TIME;
  const replay = deps.replay(deps.secrets);
  const providers = providerCache(deps);
  const { config, budgets, clock, prices = PRICE_TABLE, random = Math.random } = deps;
  const chain: ChainDeps = {
    ...{ config, budgets, clock, prices, random, time },
    cooldown: createCooldown(time.now),
    provider: async (target, { request, key, prompt }) => (target.kind === 'mock' ? mockProvider(request, key, prompt) : providers(target)),
  };
  return {
    ask: async (request, scope) => {
      const mode = strictest(scope.mode, config.mode);
      if (mode === 'replay') return replay.ask(request, { ...scope, mode });
      const ordered = inOrder(config, scope.first ?? null);
      return callModel({ ...deps, config: ordered }, { ...chain, config: ordered }, request, { ...scope, mode });
    },
  };
};
