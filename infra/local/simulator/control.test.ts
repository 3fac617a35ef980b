import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Simulator, startSimulator } from './simulator.ts';

let simulator: Simulator;
beforeEach(async () => {
  simulator = await startSimulator({ port: 0 });
});
afterEach(() => simulator.close());

const put = (path: string, body: string) => fetch(`${simulator.url}/simulator/${path}`, { method: 'PUT', body });
const ask = async (path = '/v1/chat/completions') => {
  const schema = '{"type":"object","properties":{"schema_version":{"const":"note_v1"}},"required":["schema_version"]}';
  const messages = [{ role: 'user', content: schema }];
  const response = await fetch(simulator.url + path, {
    method: 'POST',
    headers: { authorization: 'Bearer the-key' },
    body: JSON.stringify({ model: 'm', max_tokens: 100, messages }),
  });
  return { status: response.status, text: await response.text() };
};

test('faults put from outside meet the requests that follow, as often as they say', async () => {
  expect((await put('faults', '[{"kind":"auth","protocol":"anthropic"},{"kind":"server_error","times":2}]')).status).toBe(200);
  const statuses: number[] = [];
  for (const path of ['/v1/chat/completions', '/v1/messages', '/v1/messages', '/v1/messages']) statuses.push((await ask(path)).status);
  expect(statuses).toEqual([500, 401, 500, 200]);
});

test('a fault that is there always ends with the script', async () => {
  await put('faults', '[{"kind":"overloaded","times":"always"}]');
  for (let i = 0; i < 5; i++) expect((await ask()).status).toBe(529);
  await put('faults', '[]');
  expect((await ask()).status).toBe(200);
});

test('an answer put from outside is given where the schema names its version', async () => {
  await put('answers', '{"note_v1":{"schema_version":"note_v1","said":"yes"}}');
  expect((await ask()).text).toContain('yes');
  await put('answers', '{}');
  expect((await ask()).text).not.toContain('yes');
});

test.each([
  '',
  'null',
  '{}',
  '"auth"',
  '[null]',
  '[{}]',
  '[{"kind":"unknown"}]',
  '[{"kind":"__proto__"}]',
  '[{"kind":"auth","times":0}]',
  '[{"kind":"auth","times":1.5}]',
  '[{"kind":"auth","times":"ever"}]',
  '[{"kind":"slow","delayMs":-1}]',
  '[{"kind":"slow","delayMs":1e12}]',
  '[{"kind":"auth","protocol":"smtp"}]',
  '[{"kind":"auth","message":7}]',
  '[{"kind":"auth","more":1}]',
  '[{"kind":"auth"},{"kind":"unknown"}]',
  `[${Array.from({ length: 1001 }, () => '{"kind":"auth"}').join()}]`,
  `[${' '.repeat(9 * 1024 * 1024)}]`,
])('faults that are none are refused and change nothing (%#)', async (body) => {
  await put('faults', '[{"kind":"rate_limit","times":"always"}]');
  const response = await put('faults', body);
  expect(response.status).toBe(400);
  expect(await response.text()).toContain('nothing was changed');
  expect((await ask()).status).toBe(429);
});

test.each(['', '[]', '7', '{"Bad Name":1}', `{"${'a'.repeat(65)}":1}`])(
  'answers that are none are refused and change nothing (%#)',
  async (body) => {
    await put('answers', '{"note_v1":"kept"}');
    expect((await put('answers', body)).status).toBe(400);
    expect((await ask()).text).toContain('kept');
  },
);

test('the list of requests shows neither keys nor prompts, and not those for the simulator itself', async () => {
  await put('faults', '[{"kind":"auth"}]');
  await ask('/v1/messages');
  const text = await (await fetch(`${simulator.url}/simulator/requests`)).text();
  expect(JSON.parse(text)).toEqual({ requests: [{ protocol: 'anthropic', model: 'm', path: '/v1/messages', fault: 'auth' }] });
});

test('what the simulator does not have answers 404 and says what is there', async () => {
  for (const [method, path] of [
    ['GET', ''],
    ['GET', '/faults'],
    ['DELETE', '/faults'],
    ['PUT', '/requests'],
    ['GET', '/requests/1'],
  ]) {
    const response = await fetch(`${simulator.url}/simulator${path}`, { method: method ?? '' });
    expect(response.status).toBe(404);
    expect(await response.text()).toContain('PUT /simulator/faults');
  }
  expect(simulator.requests()).toEqual([]);
});
