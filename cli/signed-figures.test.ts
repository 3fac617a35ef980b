import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BudgetEscalation } from '../contracts/budget.ts';
import type { EventDraft } from '../contracts/events.ts';
import type { LivePlan } from '../contracts/live-plan.ts';
import { DIGEST, DRAFTS, JOB_ID, jobHandler, logOf } from './testing/job.ts';
import { type FakeServer, problem, startServer } from './testing/server.ts';
import { cli } from './testing/world.ts';

let server: FakeServer;
beforeEach(async () => {
  server = await startServer(() => problem(404, 'NOT_FOUND'));
});
afterEach(() => server.close());

const PLAN: LivePlan = {
  ...{ schema_version: 'live_confirm_v1', mode: 'record', risk: ['Calls are billed.'] },
  chain: [{ position: 1, provider: 'glm', model: 'glm-4.6', host: 'open.bigmodel.cn' }],
  budget: { calls: 1, tokens: 200_000, nano_usd: 2_000_000_000 },
  estimate: { calls: 2, tokens: 20_000, nano_usd: 40_000_000 },
};
const ESCALATION: BudgetEscalation = {
  limits: { calls: 20, tokens: 20_000, nano_usd: 2_000_000_000 },
  use: { committed: { calls: 4, tokens: 19_000, nano_usd: 0 }, spent: { calls: 3, tokens: 17_000, nano_usd: 0 } },
  proposed: { calls: 40, tokens: 40_000, nano_usd: 4_000_000_000 },
};

const waits = (step: string, name: string, document: object, served: object | null = document) => {
  const sha256 = createHash('sha256').update(JSON.stringify(document)).digest('hex');
  const path = `outputs/llm/Hold-1.${name}.json`;
  const outputs = { ...DRAFTS.waitsLive.outputs, subject: [{ name, key: `jobs/${JOB_ID}/${path}`, sha256 }] };
  const draft: EventDraft = { ...DRAFTS.waitsLive, step, outputs };
  const decision = {
    ...{ event_type: 'APPROVED', step, visit: 1, by: 'bob', at: '2026-01-01T00:00:03.000Z', seq: 3 },
    comment: null,
    subject_digest: DIGEST,
  };
  server.handle = jobHandler(logOf(DRAFTS.submitted, draft), (request) => {
    if (request.path.endsWith('/approve')) return { json: { decision, already_decided: false } };
    return request.path === `/jobs/${JOB_ID}/artifacts/${path}` && served ? { json: served } : undefined;
  });
};
const out = async (...argv: string[]) => (await cli([...argv, '--endpoint', server.url])).stdout;

describe.each(['status', 'approve'])('%s', (verb) => {
  test('shows chain, mode, budget and estimate of live calls, and warns where they exceed it', async () => {
    waits('llm_live_confirm', 'live_confirm', PLAN);
    const text = await out(verb, JOB_ID);
    expect(text).toContain('mode record');
    expect(text).toContain('chain 1. glm/glm-4.6 at open.bigmodel.cn');
    expect(text).toContain('budget 1 call, 200,000 tokens, 2.00 USD');
    expect(text).toContain('estimate, at most 2 calls, 20,000 tokens, 0.04 USD');
    expect(text).toContain('exceeds the budget: 2 calls of 1 call');
    expect(text).toContain(DIGEST);
  });

  test('shows what is used of a budget, its limits, and what approving grants', async () => {
    waits('budget_escalation', 'budget_escalation', ESCALATION);
    const text = await out(verb, JOB_ID);
    expect(text).toContain('used 3 calls, 17,000 tokens, 0.00 USD');
    expect(text).toContain('limits 20 calls, 20,000 tokens, 2.00 USD');
    expect(text).toContain('limits if approved 40 calls, 40,000 tokens, 4.00 USD');
  });

  test('shows no figures of a file that is not the one in the log', async () => {
    waits('llm_live_confirm', 'live_confirm', PLAN, { ...PLAN, mode: 'live' });
    const text = await out(verb, JOB_ID);
    expect(text).toContain('is not the one in the log');
    expect(text).not.toContain('mode live');
    waits('llm_live_confirm', 'live_confirm', PLAN, null);
    expect(await out(verb, JOB_ID)).toContain('live_confirm is gone');
  });
});

test('approve refuses a file that is not the one in the log, and sends nothing; reject goes through', async () => {
  waits('llm_live_confirm', 'live_confirm', PLAN, null);
  const { exit, stderr } = await cli(['approve', JOB_ID, '--endpoint', server.url]);
  expect([exit, stderr.includes('gone or altered')]).toEqual([5, true]);
  expect(server.requests.every(({ method }) => method === 'GET')).toBe(true);
  await cli(['reject', JOB_ID, '--comment', 'altered', '--endpoint', server.url]);
  expect(server.requests.at(-1)?.method).toBe('POST');
});

describe('status', () => {
  test('of a stopped job says why in words, and what to do', async () => {
    const detail = 'no provider answered intent (glm/m: cooling_down, it failed); no cassette for intent/99999999';
    const error = { ...DRAFTS.error, outputs: { ...DRAFTS.error.outputs, detail } };
    server.handle = jobHandler(logOf(DRAFTS.submitted, error, DRAFTS.failed));
    const text = await out('status', JOB_ID);
    expect(text).toContain('reason STOPPED_LLM_ERROR: no provider answered intent (glm/m: left out after repeated failures');
    expect(text).toContain(`holdpoint redrive ${JOB_ID}`);
  });

  test('counts a replayed answer as recorded, not as a billed call', async () => {
    const calls = [{ response_source: 'replay', cost_usd: 0 }];
    server.handle = jobHandler(logOf(DRAFTS.submitted, { ...DRAFTS.proposed, outputs: { ...DRAFTS.proposed.outputs, calls } }));
    expect(await out('status', JOB_ID)).toContain('1 recorded answer, nothing billed');
  });
});
