import { expect, test } from 'vitest';
import { CassetteMiss } from '../../contracts/errors.ts';
import type { Cassette, ModelRequest } from '../../contracts/llm.ts';
import { cassetteKey } from '../../functions/lib/cassette-key.ts';
import { fixtureCassettes } from './fixtures.ts';
import { createReplayModel } from './replay.ts';

const request: ModelRequest = {
  agent: 'intent',
  model_alias: 'strategist',
  prompt_version: 'v1',
  output_schema_version: 'blueprint_v1',
  output_schema: {},
  messages: [
    { role: 'system', content: 'Answer.' },
    { role: 'user', content: `${'same words '.repeat(20)}and then trend` },
  ],
  variables: {},
  settings: { temperature: 0, max_output_tokens: 10 },
  n: 0,
};
const recorded = (asked: ModelRequest, text = 'yes'): Cassette => {
  const { key, match } = cassetteKey(asked);
  const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
  const answer = { text, finish_reason: 'stop' as const, usage, provider: 'fixture', model: 'hand-written' };
  return {
    schema_version: 'cassette_v1',
    key,
    match,
    n: asked.n,
    answer,
    recorded_at: '2026-01-05T09:00:00.000Z',
    redactor_version: 'redactor_v1',
  };
};
const model = (...cassettes: Cassette[]) => createReplayModel({ cassettes: fixtureCassettes(cassettes) });
const missOf = async (asked: ModelRequest, ...cassettes: Cassette[]): Promise<CassetteMiss> => {
  const thrown: unknown = await model(...cassettes)
    .ask(asked)
    .catch((error: unknown) => error);
  if (thrown instanceof CassetteMiss) return thrown;
  throw new Error('expected a miss', { cause: thrown });
};

test('a replayed answer is labelled as one and bills nothing', async () => {
  expect(await model(recorded(request)).ask(request)).toEqual({
    key: cassetteKey(request).key,
    text: 'yes',
    finish_reason: 'stop',
    usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
    provider: 'fixture',
    model: 'hand-written',
    response_source: 'replay',
    replay_reason: 'mode',
    degraded: false,
    recorded_at: '2026-01-05T09:00:00.000Z',
    cost_usd: 0,
    latency_ms: 0,
    prompt: request.messages,
    redactions: {},
  });
});

test('a secret that became known after the recording is removed from the answer', async () => {
  const replay = createReplayModel({ cassettes: fixtureCassettes([recorded(request, 'it is hunter2-x')]), secrets: ['hunter2-x'] });
  expect(await replay.ask(request)).toMatchObject({ text: 'it is [REDACTED:secret_value]', redactions: { secret_value: 1 } });
});

test('a miss names the part of the key that differs from the nearest recording', async () => {
  const far = recorded({ ...request, prompt_version: 'v9', model_alias: 'x', output_schema: { a: 1 } });
  const miss = await missOf({ ...request, prompt_version: 'v2' }, far, recorded(request));
  const key = cassetteKey({ ...request, prompt_version: 'v2' }).key;
  expect(miss.message).toBe(
    `no cassette for intent/${key.slice(0, 8)}… (prompt_version differs: "v2" asked, "v1" recorded); submit with "--simulate-llm" running or in mode record to make one`,
  );
  expect(miss.wanted).toBe(`intent/${key}`);
  expect(miss.differs).toEqual([{ pointer: '/prompt_version', asked: 'v2', recorded: 'v1' }]);
});

test('a miss in a long message shows where the texts part, and picks the most similar recording', async () => {
  const changed = (end: string) => ({
    ...request,
    messages: [request.messages[0] ?? never(), { role: 'user' as const, content: `${'same words '.repeat(20)}and then ${end}` }],
  });
  const other = recorded({ ...request, messages: [request.messages[0] ?? never(), { role: 'user', content: 'wholly different' }] });
  const miss = await missOf(changed('reversal'), other, recorded(request));
  expect(miss.message).toContain('/messages/1/content differs');
  expect(miss.differs[0]).toMatchObject({ asked: expect.stringContaining('reversal'), recorded: expect.stringContaining('trend') });
});

test('a miss says so when the agent has no recording, or none for this repeat', async () => {
  expect((await missOf(request)).message).toContain('(nothing is recorded for agent "intent")');
  expect((await missOf({ ...request, n: 1 }, recorded(request))).message).toContain('(recorded, but not for repeat 1)');
});

test('a miss never shows a secret of the prompt', async () => {
  const leaky = { ...request, messages: [{ role: 'user' as const, content: 'api_key=abc123def' }] };
  expect(JSON.stringify(await missOf(leaky, recorded(request)))).not.toContain('abc123def');
});

function never(): never {
  throw new Error('the request has a first message');
}
