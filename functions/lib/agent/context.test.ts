import { describe, expect, it } from 'vitest';
import { ContextPack } from '../../../contracts/context-pack.ts';
import type { FlagValues } from '../../../contracts/flags.ts';
import type { StageEffects } from '../../../contracts/stage.ts';
import { jsonOf, saying } from '../../../test/fixtures/agents.ts';
import { cassetteKey } from '../cassette-key.ts';
import { DEFAULT_FLAGS } from '../context-builder/context-builder.fixture.ts';
import { trial } from '../context-builder/trials.fixture.ts';
import { type Question, requestOf } from './consult.ts';
import { consultInContext } from './context.ts';

const visit = {
  profile: {
    ...{ agent: 'intent', model_alias: 'strategist', prompt_version: 'v1', output_schema_version: 'x_v1' },
    settings: { temperature: 0, max_output_tokens: 100 },
  },
  ...{ job_id: '0123456789ab', run_id: 'run-1', state: 'Intent', visit: 1, at: '2026-01-05T09:00:00.000Z' },
};
const question: Question = {
  messages: [
    { role: 'system', content: 'Rules.' },
    { role: 'user', content: 'Draft.' },
  ],
  output_schema: {},
  reason: 'first',
  judge: { schemaIssues: () => [], holdout: { start: '2010-01-04', end: '2012-12-31' }, policyKeys: [], numbers: null },
  carried: [],
};
const about = { intention: 'Find a trend.', symbols: ['SPX'] };

const consult = async (flags: Partial<FlagValues>, more: Partial<StageEffects> = {}) => {
  const model = saying('{}');
  const effects = { ask: model.ask, flags: async () => ({ ...DEFAULT_FLAGS, ...flags }), history: async () => [trial({})], ...more };
  const consulted = await consultInContext(visit, question, about, effects);
  return { consulted, asked: model.asked[0] ?? expect.fail('nobody was asked') };
};

describe('the context of an agent', () => {
  it('with every flag off is none: the question, and so its recording, is the same to the byte', async () => {
    const { asked, consulted } = await consult({});
    expect(cassetteKey(asked).key).toBe(cassetteKey(requestOf(visit, question)).key);
    expect(consulted.artifacts.map(({ path }) => path).filter((path) => path.includes('context'))).toEqual([]);
  });

  it('without flags at all is none, and nobody looks for trials', async () => {
    const history = () => Promise.reject(new Error('nobody may look'));
    const model = saying('{}');
    await consultInContext(visit, question, about, { ask: model.ask, history });
    await consult({ extended_contexts: true, document_substitution: true }, { history });
    expect(model.asked[0]?.messages).toEqual(question.messages);
  });

  it('with the flags on stands behind the question, and is kept as evidence', async () => {
    const { asked, consulted } = await consult({ history_pack: true, intention_context: true });
    const pack = ContextPack.parse(jsonOf(consulted, 'intent_context'));
    expect(pack).toMatchObject({ intention_context_injected: true, history: { tiers: 1, phases: 1 } });
    expect(asked.messages[0]).toEqual(question.messages[0]);
    const { key, prompt } = cassetteKey(asked);
    expect(prompt[1]?.content).toMatch(/^Draft\.\n\nContext, .*\n\{"kind":"intention".*Find a trend\./);
    expect(key, 'the recording of the bare question stands in').toBe(cassetteKey(requestOf(visit, question)).key);
    expect(consulted.artifacts.find(({ name }) => name === 'intent_context')?.path).toBe('outputs/agents/intent/1/context_pack.json');
  });

  it('of a retried visit is the one of its first try, whatever happened since', async () => {
    const kept = new Map<string, string>();
    const once: StageEffects['once'] = async (path, make) => {
      const text = kept.get(path) ?? (await make());
      kept.set(path, text);
      return text;
    };
    const first = await consult({ history_pack: true }, { once });
    const second = await consult({ history_pack: true }, { once, history: async () => [trial({}), trial({ name: 'another' })] });
    expect(second.asked).toEqual(first.asked);
  });

  it('never holds more than its budget, however many trials there are', async () => {
    const many = Array.from({ length: 300 }, (_, n) => trial({ name: `strategy ${n} ${'x'.repeat(90)}` }));
    const { consulted } = await consult({ history_pack: true, extended_contexts: true }, { history: async () => many });
    const pack = ContextPack.parse(jsonOf(consulted, 'intent_context'));
    expect(pack.budget_used).toBeLessThanOrEqual(2000);
    expect(pack.history.phases).toBeLessThanOrEqual(20);
  });
});
