import { LiveConfirmRequired } from '../../contracts/errors.ts';
import type { JobState } from '../../contracts/job-state.ts';
import type { LivePlan } from '../../contracts/live-plan.ts';
import { type Mode, strictest } from '../../contracts/llm.ts';
import type { LlmConfig, ProviderTarget } from '../../contracts/llm-config.ts';
import { canonicalJson } from './canonical-json.ts';
import { sha256Hex } from './hash.ts';
import { PRICE_TABLE } from './prices/price-table.ts';
import { costNanoUsd, priceOf } from './prices/prices.ts';

/** Agents that ask a model in one job, and the most one question and one answer take, in tokens: a token is at least a byte. */
const AGENTS = 2;
const TOKENS = { prompt: 8_000, completion: 2_000 };

const hostOf = ({ base_url }: ProviderTarget): string | null => (base_url === null ? null : new URL(base_url).host);

/** Nano-USD of one call at most, or null where no price is known. */
const callPrice = (target: ProviderTarget): number | null => {
  const listed = priceOf(PRICE_TABLE, target.name, target.model);
  const price = target.price ? { id: target.model, match: [], ...target.price } : listed;
  return price && costNanoUsd(price, { prompt_tokens: TOKENS.prompt, completion_tokens: TOKENS.completion });
};

const dearest = (chain: readonly ProviderTarget[]): number | null => {
  const prices = chain.filter(({ kind }) => kind !== 'mock').map(callPrice);
  return prices.includes(null) ? null : Math.max(0, ...prices.filter((price) => price !== null));
};

const RISKS: Record<Mode, string[]> = {
  replay: [],
  record: ['Answers are recorded, redacted, and may be replayed by later jobs.'],
  live: ['Answers are not recorded: this job cannot be repeated to the byte.'],
};

/** True where a real model may be called. */
export const callsRealModel = (config: Pick<LlmConfig, 'chain'>, mode: Mode): boolean =>
  mode !== 'replay' && config.chain.some(({ kind }) => kind !== 'mock');

/** What must be confirmed before the first live call. A function of the configuration and the mode alone. */
export const livePlan = (config: LlmConfig, mode: Mode): LivePlan => {
  const price = dearest(config.chain);
  return {
    schema_version: 'live_confirm_v1',
    mode,
    chain: config.chain.map((target) => ({ position: target.position, provider: target.name, model: target.model, host: hostOf(target) })),
    budget: config.budget,
    estimate: { calls: AGENTS, tokens: AGENTS * (TOKENS.prompt + TOKENS.completion), nano_usd: price === null ? null : AGENTS * price },
    risk: [
      'The hypothesis, snapshot facts and metrics of this job are sent to the providers above.',
      'Calls are billed by the provider that answers, up to the budget above.',
      'Where flags switch them on, a shadow of the gates and a doctor after a failure ask once each beyond the estimate.',
      ...RISKS[mode],
    ],
  };
};

/**
 * A live call needs an approval of exactly this plan.
 * @throws LiveConfirmRequired where nobody approved it, or it changed since
 */
export const requireConfirmed = (job: JobState | null, config: LlmConfig, mode: Mode): void => {
  const effective = strictest(config.mode, mode);
  if (!callsRealModel(config, effective)) return;
  const digest = sha256Hex(canonicalJson(livePlan(config, mode)));
  const confirmed = job?.approvals.some(
    ({ step, decision, subject }) =>
      step === 'llm_live_confirm' && decision?.event_type === 'APPROVED' && subject.some(({ sha256 }) => sha256 === digest),
  );
  if (!confirmed) throw new LiveConfirmRequired('chain, models, mode or budget of live calls were not approved as they are now');
};
