import { describe, expect, test } from 'vitest';
import { NOTHING } from '../../../contracts/budget.ts';
import { fold } from '../../lib/fold.ts';
import { emptyMemory, Story } from '../testing.ts';
import { amountText, metersOf } from './budget.ts';
import { costSoFar } from './cost.ts';

const LIMITS = { calls: 20, tokens: 200_000, nano_usd: 2_000_000_000 };
const UNUSED = { committed: NOTHING, spent: NOTHING };
const live = { response_source: 'live', total_tokens: 4000, cost_usd: 0.0042 };
const story = (mode: 'replay' | 'live') => new Story(emptyMemory(), 'aaaaaaaaaaaa').submitted('t', 'idea', 60, mode);
const stateOf = (told: Story) => {
  const state = fold(told.events);
  if (!state) throw new Error('no job');
  return state;
};
const withCalls = (mode: 'replay' | 'live', calls: unknown[]) => stateOf(story(mode).did('BLUEPRINT_PROPOSED', 'Intent', [], { calls }, 9));

describe('budget', () => {
  test('a job that neither called a model nor may has no meter', () => {
    expect(metersOf(stateOf(story('replay')), LIMITS, UNUSED)).toBeNull();
    expect(metersOf(stateOf(story('live')), LIMITS, UNUSED)).toHaveLength(3);
  });

  test('a replayed answer takes nothing, a live one what its row says', () => {
    const state = withCalls('live', [live, { ...live, response_source: 'replay' }]);
    expect(metersOf(state, LIMITS, UNUSED)).toEqual([
      { part: 'calls', spent: 1, reserved: 0, limit: 20 },
      { part: 'tokens', spent: 4000, reserved: 0, limit: 200_000 },
      { part: 'nano_usd', spent: 4_200_000, reserved: 0, limit: 2_000_000_000 },
    ]);
  });

  test('failed attempts and reservations, which the log does not list, are counted too', () => {
    const use = { spent: { calls: 3, tokens: 9000, nano_usd: 9_000_000 }, committed: { calls: 4, tokens: 12_000, nano_usd: 12_000_000 } };
    const state = withCalls('live', [live]);
    const meters = metersOf(state, LIMITS, use);
    expect(meters?.[0]).toEqual({ part: 'calls', spent: 3, reserved: 1, limit: 20 });
    expect(costSoFar(state, meters)).toEqual({ asked: 1, recorded: 0, usd: 0.009 });
  });

  test('a raised budget is the limit once it was approved, not while it is asked for', () => {
    const grant = { calls: 40, tokens: 400_000, nano_usd: 4_000_000_000 };
    const asked = story('live').waits('budget_escalation', 'HoldIntentBudget', [], 9, 1, { outputs: { grant } });
    expect(metersOf(stateOf(asked), LIMITS, UNUSED)?.[0]?.limit).toBe(20);
    expect(metersOf(stateOf(asked.decided('APPROVED', null, 8)), LIMITS, UNUSED)?.[0]?.limit).toBe(40);
  });

  test('amounts are read with their units', () => {
    expect(amountText(LIMITS)).toBe('20 calls, 200,000 tokens, 2.00 USD');
    expect(amountText({ calls: 1, tokens: 1, nano_usd: 1_000_000_000 })).toBe('1 call, 1 token, 1.00 USD');
  });
});
