import { afterEach, beforeEach, expect, test } from 'vitest';
import { Blueprint } from '../../../contracts/blueprint.ts';
import type { Snapshot } from '../../../contracts/snapshot.ts';
import { intentMessages } from '../../../functions/agent/intent/prompt.ts';
import { type Simulator, startSimulator } from './simulator.ts';

let simulator: Simulator;
beforeEach(async () => {
  simulator = await startSimulator({ port: 0, answers: { canned_v1: { hello: 1 } } });
});
afterEach(() => simulator.close());

const post = (path: string, body: unknown, signal?: AbortSignal) =>
  fetch(simulator.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    ...(signal ? { signal } : {}),
  });
const chat = (...contents: string[]) => ({
  model: 'm',
  max_tokens: 900,
  messages: contents.map((content, i) => ({ role: i === 0 ? 'system' : 'user', content })),
});
const textOf = async (response: Response): Promise<string> => {
  const body: { choices: { message: { content: string } }[] } = JSON.parse(await response.text());
  return body.choices[0]?.message.content ?? '';
};

test('answers the intent agent with a blueprint for the symbols and the days it was asked about', async () => {
  const idea = {
    hypothesis: 'Trends persist {really}',
    symbols: ['SPX'],
    frequency: '1d' as const,
    start: '2001-01-02',
    end: '2015-12-31',
  };
  const snapshot: Snapshot = {
    ...{ schema_version: 'snapshot_v1', snapshot_id: 'sp500', sha256: 'a'.repeat(64), bytes: 1, rows: 1, adjusted: false, source: null },
    ...{ symbols: ['SPX'], first: '2000-01-03', last: '2016-12-30' },
  };
  const messages = intentMessages({
    idea,
    snapshot,
    holdout: { start: '2013-01-01', end: '2015-12-31' },
    revision: null,
  });
  const text = await textOf(await post('/v1/chat/completions', chat(...messages.map(({ content }) => content))));
  const blueprint = Blueprint.parse(JSON.parse(text));
  expect(blueprint.symbols).toEqual(['SPX']);
  expect(blueprint.train.start >= idea.start && blueprint.evaluation.end < '2013-01-01').toBe(true);
});

test('the same question gets the same answer', async () => {
  const asked = chat('{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}', 'Which?');
  const ask = async () => textOf(await post('/v1/chat/completions', asked));
  expect(await ask()).toBe(await ask());
});

test('a canned answer is given where the schema names its version', async () => {
  const schema = '{"anyOf":[{"type":"object","properties":{"schema_version":{"const":"canned_v1"}}}]}';
  expect(await textOf(await post('/v1/chat/completions', chat(schema, 'q')))).toBe('{"hello":1}');
});

test('faults are used up in order, by requests of their protocol', async () => {
  simulator.setFaults([
    { kind: 'auth', protocol: 'anthropic' },
    { kind: 'rate_limit', times: 2, retryAfterSeconds: 9 },
  ]);
  const statuses: number[] = [];
  for (const path of ['/v1/chat/completions', '/v1/messages', '/v1/messages', '/v1/messages'])
    statuses.push((await post(path, chat('', 'q'))).status);
  expect(statuses).toEqual([429, 401, 429, 200]);
  expect(simulator.requests().map(({ fault }) => fault)).toEqual(['rate_limit', 'auth', 'rate_limit', null]);
});

test('an answer longer than the limit of the request is cut, and says so', async () => {
  const body: { choices: { finish_reason: string }[] } = JSON.parse(
    await (await post('/v1/chat/completions', { ...chat('', 'q'), max_tokens: 2 })).text(),
  );
  expect(body.choices[0]?.finish_reason).toBe('length');
});

test('what is no request of a protocol is refused with a message', async () => {
  expect((await fetch(`${simulator.url}/v1/messages`)).status).toBe(404);
  const response = await post('/v1/messages', { model: 1 });
  expect(response.status).toBe(400);
  expect(await response.text()).toContain('invalid_request_error');
});

test('closing waits for no client', async () => {
  simulator.setFaults([{ kind: 'hang' }, { kind: 'timeout' }]);
  const hanging = Promise.allSettled([post('/v1/messages', chat('', 'q')), post('/v1/messages', chat('', 'q'))]);
  while (simulator.requests().length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  await simulator.close();
  expect((await hanging).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  simulator = await startSimulator({ port: 0 });
});
