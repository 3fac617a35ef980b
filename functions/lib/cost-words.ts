import * as z from 'zod';
import { ResponseSource } from '../../contracts/llm.ts';

const Row = z.object({ cost_usd: z.number() });
const Source = z.object({ response_source: ResponseSource });

/** What calls came to: answers of a provider, answers from recordings, and USD listed; null when a call does not say. */
export type CallCount = { asked: number; recorded: number; usd: number | null };

/** Counts the calls that events list: a replayed answer is no call. */
export const countCalls = (calls: readonly unknown[]): CallCount => {
  const recorded = calls.filter((call) => Source.safeParse(call).data?.response_source === 'replay').length;
  const costs = calls.map((call) => Row.safeParse(call).data?.cost_usd ?? null);
  const known = costs.filter((cost) => cost !== null);
  return {
    asked: calls.length - recorded,
    recorded,
    usd: known.length === costs.length ? known.reduce((sum, cost) => sum + cost, 0) : null,
  };
};

const plural = (n: number, one: string): string => `${n} ${one}${n === 1 ? '' : 's'}`;

/** `1 recorded answer, nothing billed`, `2 model calls, 0.01 USD, and 1 recorded answer`. `money` writes USD. */
export const costWords = ({ asked, recorded, usd }: CallCount, money: (usd: number) => string): string => {
  if (asked === 0 && recorded === 0 && usd === 0) return 'no model call so far';
  const billed = usd === null ? 'cost not recorded' : money(usd);
  if (recorded === 0) return `${plural(asked, 'model call')}, ${billed}`;
  const answers = plural(recorded, 'recorded answer');
  if (asked > 0) return `${plural(asked, 'model call')}, ${billed}, and ${answers}`;
  return usd === 0 ? `${answers}, nothing billed` : `${answers}; ${usd === null ? billed : `${billed} for calls that failed`}`;
};
