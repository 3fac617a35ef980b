import { type Amount, type Budgets, NOTHING } from '../../contracts/budget.ts';
import type { Message, ModelAnswer, ModelRequest, Usage } from '../../contracts/llm.ts';
import type { LlmConfig, ProviderTarget } from '../../contracts/llm-config.ts';
import type { FailureKind, ProviderAttempt, Reservation } from '../../contracts/llm-journal.ts';
import type { Clock, ModelScope } from '../../contracts/ports.ts';
import { amountOf, targetPrice, usageBound } from '../../functions/lib/prices/bounds.ts';
import type { PriceTable } from '../../functions/lib/prices/prices.ts';
import { attempt } from './attempt.ts';
import type { Cooldown } from './cooldown.ts';
import { type Failure, notAsked } from './failure.ts';
import { isReachable } from './network.ts';
import type { Provider } from './providers.ts';
import { reserve } from './spend.ts';

/** Longest wait a provider may ask for before the next one is tried instead, in ms. */
const MAX_RETRY_AFTER_MS = 20_000;
const BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 8_000;

/** Agents whose answers nothing rests on: how a provider treats them decides nothing for the others. */
const ASIDE: ReadonlySet<string> = new Set(['shadow', 'doctor']);

/** Monotonic time, in ms. */
export type Time = { now: () => number; sleep: (ms: number) => Promise<void> };

/** What a chain works with; values and effects are passed in. */
export type ChainDeps = {
  config: LlmConfig;
  prices: PriceTable;
  budgets: Budgets;
  cooldown: Cooldown;
  time: Time;
  clock: Clock;
  random: () => number;
  /** Null: the key the provider needs is missing. */
  provider(target: ProviderTarget, asking: Asking): Promise<Provider | null>;
};

/** One question to the chain. */
export type Asking = {
  request: ModelRequest;
  scope: ModelScope;
  key: string;
  /** Redacted: what is sent. */
  prompt: readonly Message[];
  secrets: readonly string[];
  limits: Amount;
  /** Names a reservation: the same attempt of the same round is the same one. */
  reservationId: (position: number, attempt: number) => string;
  /** Monotonic time at which no more attempts are begun. */
  endsAt: number;
};

export type Answered = Pick<ModelAnswer, 'text' | 'finish_reason' | 'latency_ms'> & {
  target: ProviderTarget;
  model: string;
  usage: Usage;
  reservation: Reservation;
};

type Log = ProviderAttempt[];

const log = (attempts: Log, target: ProviderTarget, n: number, outcome: Failure | null, latency_ms: number, charged: Amount): void => {
  const { position, name: provider, model } = target;
  const { kind = 'answered', status = null, message = null } = outcome ?? {};
  attempts.push({ position, provider, model, attempt: n, outcome: kind, status, message, latency_ms, charged });
};

/** Full jitter (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), or longer if the provider says so. */
const waitMs = (failure: Failure, retry: number, random: () => number): number =>
  Math.max(random() * Math.min(MAX_BACKOFF_MS, BACKOFF_MS * 2 ** retry), failure.retry_after_ms ?? 0);

const mayRetry = ({ retryable, retry_after_ms }: Failure): boolean => retryable && (retry_after_ms ?? 0) <= MAX_RETRY_AFTER_MS;

type Planned = { target: ProviderTarget; provider: Provider };

/** One reservation at a time: a refused attempt leaves it to the next one, a billed one uses it up. */
const holder = ({ budgets }: ChainDeps, asking: Asking, target: ProviderTarget, reserved: Amount) => {
  const { scope, limits, reservationId } = asking;
  let held: string | null = null;
  return {
    take: async (n: number): Promise<string> => {
      if (held !== null) return held;
      const id = reservationId(target.position, n);
      await reserve(budgets, target, scope, id, reserved, limits);
      held = id;
      return id;
    },
    settle: async (actual: Amount): Promise<void> => {
      if (held !== null) await budgets.settle(scope.job_id, held, reserved, actual);
      held = null;
    },
  };
};

/** Asks one provider until it answers, refuses for good, or has had its retries. */
const askTarget = async (deps: ChainDeps, asking: Asking, { target, provider }: Planned, attempts: Log): Promise<Answered | null> => {
  const { time, clock, cooldown, random } = deps;
  const { prompt, secrets, endsAt } = asking;
  const counts = !ASIDE.has(asking.request.agent);
  const { settings } = asking.request;
  const price = targetPrice(deps.prices, target);
  const bound = usageBound(prompt, settings.max_output_tokens);
  const reserved = amountOf(price, bound);
  const reservation = holder(deps, asking, target, reserved);
  for (let n = 1; ; n++) {
    const timeoutMs = Math.ceil(Math.min(target.timeout_ms, endsAt - time.now()));
    if (timeoutMs < 1) {
      log(attempts, target, n, notAsked('out_of_time', 'no time was left for this call'), 0, NOTHING);
      break;
    }
    const id = await reservation.take(n);
    const { reply, failure, latency_ms } = await attempt({ target, provider, prompt, secrets, settings, timeoutMs, now: time.now, clock });
    if (reply) {
      const usage = reply.usage ?? bound;
      const actual = amountOf(price, usage);
      if (counts) cooldown.answered(target);
      log(attempts, target, n, null, latency_ms, actual);
      // Settled once the answer is journaled: until then the whole reservation counts.
      return { ...reply, usage, target, latency_ms, reservation: { id, reserved, actual } };
    }
    if (counts) cooldown.failed(target, failure);
    log(attempts, target, n, failure, latency_ms, failure.billed ? reserved : NOTHING);
    if (failure.billed) await reservation.settle(reserved);
    const wait = waitMs(failure, n - 1, random);
    if (n > target.retries || !mayRetry(failure) || time.now() + wait >= endsAt) break;
    await time.sleep(wait);
  }
  await reservation.settle(NOTHING);
  return null;
};

/** Who can be asked, in order. Those that cool down are left out, unless nobody else is there: then the next one due is tried. */
const plan = async (deps: ChainDeps, asking: Asking, attempts: Log): Promise<Planned[]> => {
  const skip = (target: ProviderTarget, kind: FailureKind, why: string) => log(attempts, target, 1, notAsked(kind, why), 0, NOTHING);
  const able: (Planned & { until: number })[] = [];
  for (const target of deps.config.chain) {
    if (!isReachable(deps.config.network, target)) {
      skip(target, 'network_disabled', `network ${deps.config.network}: the call was not made`);
      continue;
    }
    const provider = await deps.provider(target, asking);
    if (provider) able.push({ target, provider, until: deps.cooldown.until(target) });
    else skip(target, 'no_key', `no key in ${target.api_key_env}`);
  }
  const ready = able.filter(({ until }) => until === 0);
  const [soonest] = able.toSorted((a, b) => a.until - b.until);
  const order = ready.length > 0 || !soonest ? ready : [soonest];
  for (const { target } of able)
    if (!order.some((one) => one.target === target)) skip(target, 'cooling_down', 'it failed repeatedly a short time ago');
  return order;
};

/**
 * Asks the providers in order until one answers. Every attempt is in `attempts`, which the caller passes, so that it is
 * known also when this throws: `BudgetExceeded`, `UnknownPrice`.
 */
export const askChain = async (deps: ChainDeps, asking: Asking, attempts: ProviderAttempt[]): Promise<Answered | null> => {
  for (const planned of await plan(deps, asking, attempts)) {
    const answered = await askTarget(deps, asking, planned, attempts);
    if (answered) return answered;
  }
  return null;
};
