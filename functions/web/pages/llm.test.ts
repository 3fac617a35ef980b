import { describe, expect, test } from 'vitest';
import type { ErrorSummary } from '../../../contracts/agent-evidence.ts';
import type { LivePlan } from '../../../contracts/live-plan.ts';
import type { ProviderAttempt } from '../../../contracts/llm-journal.ts';
import { createWeb } from '../app.ts';
import { emptyMemory, memoryDeps, Story } from '../testing.ts';

const ID = 'aaaaaaaaaaaa';
const begin = (mode: 'replay' | 'record' | 'live' = 'live') => {
  const memory = emptyMemory();
  const story = new Story(memory, ID).submitted('Trend filter', 'idea', 60, mode);
  const page = async (path = `/ui/jobs/${ID}`) =>
    (await createWeb(memoryDeps(memory)).request(path, { headers: { accept: 'text/html' } })).text();
  return { memory, story, page };
};
const plain = (page: string): string => page.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');

const PLAN: LivePlan = {
  schema_version: 'live_confirm_v1',
  mode: 'record',
  chain: [
    { position: 1, provider: 'glm', model: 'glm-4.6', host: 'open.bigmodel.cn' },
    { position: 2, provider: 'bedrock', model: 'nova', host: null },
  ],
  budget: { calls: 20, tokens: 200_000, nano_usd: 2_000_000_000 },
  estimate: { calls: 2, tokens: 12_000, nano_usd: 84_000_000 },
  risk: ['Answers are recorded.'],
};

const attempt = (provider: string, outcome: ProviderAttempt['outcome'], status: number | null): ProviderAttempt => ({
  ...{ position: 1, provider, model: 'm1', attempt: 1, outcome, status, message: 'slow down', latency_ms: 1 },
  charged: { calls: 0, tokens: 0, nano_usd: 0 },
});
const summaryOf = (reason: ErrorSummary['reason'], more: Partial<ErrorSummary> = {}): ErrorSummary => ({
  ...{ schema_version: 'error_summary_v1', agent: 'intent', visit: 1, at: '2026-01-10T11:00:00.000Z', reason },
  error: { name: 'STOPPED_LLM_ERROR', message: 'no provider answered intent' },
  wanted: `intent/${'9'.repeat(64)}`,
  differs: [{ pointer: '/prompt_version', asked: 'v2', recorded: 'v1' }],
  attempts: [attempt('glm', 'rate_limited', 429), attempt('glm', 'rate_limited', 429)],
  possible_double_charge: false,
  ...more,
});
const LABELS = {
  ...{ response_source: 'replay', replay_reason: 'provider_error', degraded: true },
  ...{ recorded_at: '2025-12-02T08:00:00.000Z', provider: 'anthropic', model: 'claude' },
};

describe('live confirm', () => {
  const asked = (plan: LivePlan) => {
    const { story, page } = begin('record');
    const file = story.file('outputs/llm/ConfirmLive-1.live_confirm.json', JSON.stringify(plan));
    story.waits('llm_live_confirm', 'ConfirmLive', [{ ...file, name: 'live_confirm' }], 9, 1, {
      outputs: { choices: ['approve', 'reject'] },
    });
    return page();
  };

  test('shows the whole chain in order, mode, budget, estimate and risks', async () => {
    const page = await asked(PLAN);
    expect(page).toContain('<span class="mode mode-record"');
    const text = plain(page);
    expect(page).toMatch(/<li value="1">.*<li value="2">/s);
    expect(text).toContain('glm glm-4.6 at open.bigmodel.cn bedrock nova at the provider’s own host');
    expect(text).toContain('Budget of the job 20 calls, 200,000 tokens, 2.00 USD');
    expect(text).toContain('Estimate, at most 2 calls, 12,000 tokens, 0.08 USD');
    expect(text).toContain('Risks Answers are recorded.');
    expect(page).not.toContain('value="revise"');
  });

  test('an estimate beyond the budget is warned of, and one call is not "1 calls"', async () => {
    expect(plain(await asked(PLAN))).not.toContain('exceeds the budget');
    const text = plain(await asked({ ...PLAN, budget: { calls: 1, tokens: 200_000, nano_usd: 2_000_000_000 } }));
    expect(text).toContain('Budget of the job 1 call, 200,000 tokens');
    expect(text).toContain('The estimate exceeds the budget It may take up to 2 calls of 1.');
  });

  test('a price that is not known is said, not guessed', async () => {
    expect(plain(await asked({ ...PLAN, estimate: { ...PLAN.estimate, nano_usd: null } }))).toContain('USD unknown');
  });

  test('a plan of another shape is shown as any document, not left out', async () => {
    const { story, page } = begin();
    const file = story.file('outputs/llm/ConfirmLive-1.live_confirm.json', '{"schema_version":"live_confirm_v9","surprise":"here"}');
    story.waits('llm_live_confirm', 'ConfirmLive', [{ ...file, name: 'live_confirm' }], 9);
    expect(plain(await page())).toContain('surprise here');
  });
});

describe('budget', () => {
  const escalation = {
    limits: { calls: 20, tokens: 20_000, nano_usd: 2_000_000_000 },
    use: { committed: { calls: 4, tokens: 19_000, nano_usd: 0 }, spent: { calls: 3, tokens: 17_000, nano_usd: 0 } },
    proposed: { calls: 40, tokens: 40_000, nano_usd: 4_000_000_000 },
  };

  test('an escalation shows what is used, reserved and allowed, and what approving grants', async () => {
    const { story, page } = begin();
    const file = story.file('outputs/llm/HoldIntentBudget-1.budget_escalation.json', JSON.stringify(escalation));
    const outputs = { choices: ['approve', 'reject'], grant: escalation.proposed };
    story.waits('budget_escalation', 'HoldIntentBudget', [{ ...file, name: 'budget_escalation' }], 9, 1, { outputs });
    const text = plain(await page());
    expect(text).toContain(
      'calls tokens USD Used 3 17,000 0.00 Reserved 1 2000 0.00 Limit 20 20,000 2.00 Limit if approved 40 40,000 4.00',
    );
    expect(text).toContain('The limits become 40 calls, 40,000 tokens, 4.00 USD.');
  });

  test('the meter says how much is gone, and when it is nearly all', async () => {
    const { memory, page } = begin();
    expect(plain(await page())).toContain('Budget, calls 0 of 20 ');
    memory.budgets.set(ID, { committed: { calls: 17, tokens: 1, nano_usd: 0 }, spent: { calls: 16, tokens: 1, nano_usd: 0 } });
    expect(plain(await page())).toContain('Budget, calls 16 of 20, 1 reserved, nearly used up');
    memory.budgets.set(ID, { committed: { calls: 20, tokens: 1, nano_usd: 0 }, spent: { calls: 20, tokens: 1, nano_usd: 0 } });
    expect(plain(await page())).toContain('Budget, calls 20 of 20, used up');
  });
});

test('a stopped output shows its findings before its files, and how many there are', async () => {
  const { story, page } = begin('replay');
  const findings = [
    { rule: 'policy_keys', pointer: '/costs', message: 'belongs to the <b>policy</b>' },
    { rule: 'schema', pointer: '', message: 'is no blueprint' },
  ];
  const guard = { ...story.file('outputs/agents/intent/1/output_guard_report.json', '{"passed":false}'), name: 'intent_guard' };
  story.waits('agent_output_invalid', 'HoldIntentOutput', [guard], 9, 1, { outputs: { finding_count: 6, findings } });
  const shown = await page();
  const text = plain(shown);
  expect(text).toContain('6 findings of the guard policy keys /costs');
  expect(text).toContain('schema the whole output is no blueprint');
  expect(text).toContain('4 more in the guard report below.');
  expect(shown).not.toContain('<b>policy');
  expect(shown.indexOf('findings-h')).toBeLessThan(shown.indexOf('Intent guard'));
});

describe('a call that failed', () => {
  const stopped = (summary: ErrorSummary) => {
    const { story, page } = begin();
    story.file('outputs/agents/intent/1/error_summary.json', JSON.stringify(summary));
    const ended = { state: 'Stop', actor: { type: 'system', id: 'stop', identity: 'none' } as const };
    const detail = summary.error.message;
    const reason = 'STOPPED_LLM_ERROR';
    story.add({ ...ended, event_type: 'ERROR', message: reason, outputs: { reason, detail } }, 5);
    story.add({ ...ended, event_type: 'DONE', message: detail, outputs: { status: 'stopped_llm_error', reason } }, 5);
    return page();
  };

  test('that stopped its job shows the message, what was tried and what differs', async () => {
    const text = plain(await stopped(summaryOf('STOPPED_LLM_ERROR')));
    expect(text).toContain('STOPPED_LLM_ERROR no provider answered intent');
    expect(text).toContain('Provider glm Model m1 Attempts 2 Failure rate limited (429) slow down');
    expect(text).toContain('Part of the key /prompt_version Asked v2 Recorded v1');
    expect(text).not.toContain('charged twice');
  });

  test('says so once, in words, and what to do: an outage passes, a missing recording is to be made', async () => {
    const message = 'no provider answered intent (glm/m1: cooling_down, it failed repeatedly); no cassette for intent/99999999…';
    const shown = plain(await stopped(summaryOf('STOPPED_LLM_ERROR', { error: { name: 'STOPPED_LLM_ERROR', message } })));
    expect(shown.match(/no provider answered intent/g)).toHaveLength(1);
    expect(shown).not.toContain('cooling_down');
    expect(shown).toContain(`holdpoint redrive ${ID}`);
    expect(shown).not.toContain('Record one');
    expect(plain(await stopped(summaryOf('STOPPED_LLM_ERROR', { attempts: [] })))).toContain('Record one');
  });

  test('and may have been billed twice says so', async () => {
    expect(await stopped(summaryOf('STOPPED_LLM_ERROR', { possible_double_charge: true }))).toContain('may have been charged twice');
  });

  test('and was answered from a recording is DEGRADED in the head, on its event, and with why, since when and for whom', async () => {
    const { story, page } = begin();
    story.file('outputs/agents/intent/1/error_summary.json', JSON.stringify(summaryOf('DEGRADED')));
    story.file('outputs/agents/intent/1/llm_session.json', JSON.stringify({ labels: LABELS }));
    story.did('BLUEPRINT_PROPOSED', 'Intent', [], { ...LABELS, name: 'x' }, 9);
    const shown = await page();
    expect(shown.match(/class="mode mode-degraded"/g)).toHaveLength(3);
    const text = plain(shown);
    expect(text).toContain('replay_reason=provider_error');
    expect(text).toContain('2025-12-02 08:00:00 UTC from anthropic/claude');
    expect(text).toContain('Failed glm/m1 rate limited (429), 2 attempts');
  });

  test('and was answered by a later attempt says which provider failed', async () => {
    const { story, page } = begin();
    story.file('outputs/agents/intent/1/error_summary.json', JSON.stringify(summaryOf('RECOVERED')));
    const text = plain(await page());
    expect(text).toContain('A provider failed, and a later attempt answered');
    expect(text).not.toContain('DEGRADED');
  });
});

test('cassettes are listed with who answered and when; one that is gone does not hide the others', async () => {
  const { memory, page } = begin('replay');
  const recorded = (agent: string, key: string) => ({
    ...{
      schema_version: 'cassette_v1' as const,
      key: key.repeat(64),
      n: 0,
      recorded_at: '2025-12-02T08:00:00.000Z',
      redactor_version: 'r1',
    },
    match: {
      ...{ agent, model_alias: 'a', prompt_version: 'v1', output_schema_version: 'o', output_schema_sha256: 'a'.repeat(64) },
      ...{ messages: [], tools: [], settings: {} },
    },
    answer: {
      ...{ text: '', finish_reason: 'stop' as const, provider: 'glm', model: 'glm-4.6' },
      usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
    },
  });
  memory.recorded.push(recorded('intent', 'a'), recorded('report', 'b'));
  const text = plain(await page('/ui/cassettes'));
  expect(text).toMatch(/intent aaaaaaaaaaaa 0 glm\/glm-4\.6 .*2025-12-02 08:00:00 UTC report/);
  const { cassettes } = memoryDeps(memory);
  const gone = createWeb(memoryDeps(memory, { cassettes: { ...cassettes, get: async () => null } }));
  expect(plain(await (await gone.request('/ui/cassettes')).text())).toContain('gone, or not readable');
});
