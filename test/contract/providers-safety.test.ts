import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { StoppedLlmError } from '../../contracts/errors.ts';
import { FAULT_KINDS, PROTOCOLS, type Simulator, startSimulator } from '../../infra/local/simulator/simulator.ts';
import {
  API_KEY,
  AWS_SECRET,
  configOf,
  modelWorld,
  OUTPUT_SCHEMA,
  recorded,
  rejection,
  request,
  SECRET,
  scopeOf,
  targetTo,
} from '../support/model-world.ts';

const LEAK = `your ${SECRET} and password=abc cookie=sid=123 token=xyz`;
const FORBIDDEN = [SECRET, 'password=abc', 'sid=123', 'token=xyz'];

let simulator: Simulator;
beforeEach(async () => {
  simulator = await startSimulator({ port: 0 });
});
afterEach(() => simulator.close());

describe('secrets', () => {
  const withLeak = (leak: string) => ({
    ...request,
    messages: [...request.messages, { role: 'user' as const, content: `Remember: ${leak}` }],
  });

  test.each(PROTOCOLS)('of a question, an answer and an error of %s are in no stored byte, no message and no request', async (protocol) => {
    const credential = protocol === 'bedrock' ? AWS_SECRET : API_KEY;
    const leak = `${LEAK} and my ${credential}`;
    await simulator.close();
    simulator = await startSimulator({ port: 0, answers: { note_v1: { schema_version: 'note_v1', note: leak, score: 3 } } });
    for (const kind of [null, ...FAULT_KINDS]) {
      const timing = kind === 'timeout' || kind === 'hang' ? { timeout_ms: 100, retries: 0 } : { retries: 0 };
      simulator.setFaults(kind ? [{ kind, times: Infinity, delayMs: 20, message: leak, retryAfterSeconds: 0 }] : []);
      const { model, artifacts, cassettes } = modelWorld(configOf([targetTo(simulator, protocol, 1, timing)], { mode: 'record' }));
      const outcome: unknown = await model.ask(withLeak(leak), scopeOf('record')).catch((error: unknown) => error);
      const told =
        outcome instanceof StoppedLlmError ? [outcome.message, ...outcome.artifacts.map(({ body }) => body)] : [JSON.stringify(outcome)];
      const recordings = await Promise.all((await cassettes.list()).map(({ agent, key, n }) => cassettes.get(agent, key, n)));
      const stored = [...[...artifacts.files].flat(), ...told, JSON.stringify(recordings)].join('\n');
      for (const secret of [...FORBIDDEN, credential]) expect(stored, `${kind}`).not.toContain(secret);
      if (kind === null) expect(stored).toContain('REDACTED');
    }
    const sent = simulator
      .requests()
      .map(({ body }) => JSON.stringify(body))
      .join('\n');
    for (const secret of [...FORBIDDEN, credential]) expect(sent).not.toContain(secret);
    expect(simulator.requests().length).toBeGreaterThan(FAULT_KINDS.length);
  });

  test('of a question do not hide its recording from a downgrade', async () => {
    const { model, cassettes } = modelWorld(configOf([targetTo(simulator, 'anthropic')], { mode: 'record' }));
    const asked = withLeak(`${LEAK} and my ${API_KEY}`);
    const { text } = await model.ask(asked, scopeOf('record'));
    simulator.setFaults([{ kind: 'auth' }]);
    const [listed] = await cassettes.list();
    const cassette = listed && (await cassettes.get(listed.agent, listed.key, listed.n));
    const failing = modelWorld(configOf([targetTo(simulator, 'anthropic')]), cassette ? [cassette] : []);
    expect(await failing.model.ask(asked, scopeOf('live'))).toMatchObject({ text, degraded: true });
  });

  test('of headers are not stored: only what is listed is kept of an attempt', async () => {
    simulator.setFaults([{ kind: 'auth', message: 'bad key' }]);
    const { model, artifacts } = modelWorld(configOf([targetTo(simulator, 'anthropic')]));
    await rejection(model.ask(request, scopeOf('live')));
    const closed = [...artifacts.files.values()].find((body) => body.includes('llm_call_closed_v1')) ?? '';
    expect(Object.keys(JSON.parse(closed).attempts[0]).toSorted()).toEqual([
      'attempt',
      'charged',
      'latency_ms',
      'message',
      'model',
      'outcome',
      'position',
      'provider',
      'status',
    ]);
  });

  test('each provider gets its own key, in its own header', async () => {
    for (const protocol of PROTOCOLS) await modelWorld(configOf([targetTo(simulator, protocol)])).model.ask(request, scopeOf('live'));
    const [anthropic, openai, bedrock] = simulator.requests().map(({ headers }) => headers);
    expect(anthropic?.['x-api-key']).toBe(API_KEY);
    expect(openai?.['authorization']).toBe(`Bearer ${API_KEY}`);
    expect(bedrock?.['authorization']).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/us-east-1\/bedrock\//);
  });
});

describe('the network', () => {
  /** Counts connections, so that refusing is seen at the socket. */
  const listening = async () => {
    let connections = 0;
    const server = createServer((socket) => {
      connections++;
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    return { url: `http://127.0.0.1:${port}`, connections: () => connections, close: () => server.close() };
  };

  test.each(PROTOCOLS)('disabled: %s is refused before a socket opens, and the recording stands in', async (protocol) => {
    const server = await listening();
    const config = configOf([targetTo(simulator, protocol, 1, { base_url: server.url })], { network: 'disabled' });
    const { model, budgets } = modelWorld(config, [recorded(request, '{}')]);
    expect(await model.ask(request, scopeOf('live'))).toMatchObject({ degraded: true, replay_reason: 'provider_error' });
    const error = await rejection(modelWorld(config).model.ask(request, scopeOf('live')));
    expect(error.message).toContain('network_disabled');
    expect(server.connections()).toBe(0);
    expect((await budgets.use('0123456789ab')).committed.calls).toBe(0);
    server.close();
  });

  test('loopback: a provider elsewhere is refused, one on this machine is asked', async () => {
    const chain = [targetTo(simulator, 'anthropic', 1, { base_url: 'https://api.anthropic.com/v1' }), targetTo(simulator, 'openai', 2)];
    const answer = await modelWorld(configOf(chain)).model.ask(request, scopeOf('live'));
    expect(answer.attempts?.map(({ outcome }) => outcome)).toEqual(['network_disabled', 'answered']);
  });

  test('mock needs none: its answer is valid against the schema, the same each time, and free', async () => {
    const mock = targetTo(simulator, 'anthropic', 1, { kind: 'mock', name: 'mock', model: 'mock', base_url: null, api_key_env: null });
    const ask = () => modelWorld(configOf([mock], { network: 'disabled' })).model.ask(request, scopeOf('live'));
    const answer = await ask();
    expect(JSON.parse(answer.text)).toMatchObject({ schema_version: OUTPUT_SCHEMA.properties.schema_version.const });
    expect((await ask()).text).toBe(answer.text);
    expect(answer).toMatchObject({ provider: 'mock', cost_usd: 0, response_source: 'live', degraded: false });
  });
});

describe('the chain', () => {
  test('waits as long as a provider asks, but not longer than a bound', async () => {
    simulator.setFaults([{ kind: 'rate_limit', retryAfterSeconds: 7 }]);
    const patient = modelWorld(configOf([targetTo(simulator, 'anthropic')]));
    await patient.model.ask(request, scopeOf('live'));
    expect(patient.waits).toEqual([7000]);
    simulator.setFaults([{ kind: 'rate_limit', retryAfterSeconds: 60 }]);
    const impatient = modelWorld(configOf([targetTo(simulator, 'anthropic')]));
    await rejection(impatient.model.ask(request, scopeOf('live')));
    expect(impatient.waits).toEqual([]);
  });

  test('backs off with full jitter, growing with each retry', async () => {
    simulator.setFaults([{ kind: 'server_error', times: 3 }]);
    const { model, waits } = modelWorld(configOf([targetTo(simulator, 'openai', 1, { retries: 3 })]));
    await model.ask(request, scopeOf('live'));
    expect(waits).toEqual([250, 500, 1000]);
  });

  test('leaves a provider alone after repeated failure, and comes back to it', async () => {
    let now = 0;
    simulator.setFaults([{ kind: 'server_error', protocol: 'anthropic', times: 4 }]);
    const chain = [targetTo(simulator, 'anthropic'), targetTo(simulator, 'openai', 2)];
    const { model } = modelWorld(configOf(chain), [], { time: { now: () => now, sleep: async () => undefined }, deadlineMs: 1e9 });
    const outcomes = async (ordinal: number) =>
      (await model.ask(request, scopeOf('live', { ordinal }))).attempts?.map(({ outcome }) => outcome);
    expect(await outcomes(0)).toEqual(['server_error', 'server_error', 'answered']);
    expect(await outcomes(1)).toEqual(['server_error', 'server_error', 'answered']);
    expect(await outcomes(2)).toEqual(['cooling_down', 'answered']);
    now += 61_000;
    expect(await outcomes(3)).toEqual(['answered']);
  });

  test.each(['shadow', 'doctor'])(
    'is what it was for every agent, however a provider treats the %s, on whose answer nothing rests',
    async (agent) => {
      const chain = [targetTo(simulator, 'anthropic'), targetTo(simulator, 'openai', 2)];
      const { model } = modelWorld(configOf(chain));
      const outcomes = async (asking: string, ordinal: number) =>
        (await model.ask({ ...request, agent: asking }, scopeOf('live', { ordinal }))).attempts?.map(({ outcome }) => outcome);
      simulator.setFaults([{ kind: 'quota', protocol: 'anthropic' }]);
      expect(await outcomes(agent, 0)).toEqual(['quota', 'answered']);
      expect(await outcomes('intent', 1)).toEqual(['answered']);
      simulator.setFaults([{ kind: 'quota', protocol: 'anthropic' }]);
      expect(await outcomes('intent', 2)).toEqual(['quota', 'answered']);
      expect(await outcomes(agent, 3)).toEqual(['cooling_down', 'answered']);
      expect(await outcomes('intent', 4)).toEqual(['cooling_down', 'answered']);
    },
  );

  test('asks a provider that cools down when no other is there', async () => {
    simulator.setFaults([{ kind: 'auth' }]);
    const { model } = modelWorld(configOf([targetTo(simulator, 'anthropic')]));
    await rejection(model.ask(request, scopeOf('live')));
    expect((await model.ask(request, scopeOf('live', { ordinal: 1 }))).attempts?.map(({ outcome }) => outcome)).toEqual(['answered']);
  });

  test('begins nothing once the time for the question is over', async () => {
    const { model } = modelWorld(configOf([targetTo(simulator, 'anthropic')]), [], { deadlineMs: 0 });
    const error = await rejection(model.ask(request, scopeOf('live')));
    expect(error.message).toContain('out_of_time');
    expect(simulator.requests()).toHaveLength(0);
  });

  test('goes past a provider whose key is missing', async () => {
    const chain = [targetTo(simulator, 'anthropic'), targetTo(simulator, 'bedrock', 2)];
    const { model } = modelWorld(configOf(chain), [], { keys: async () => null });
    expect((await model.ask(request, scopeOf('live'))).attempts?.map(({ outcome }) => outcome)).toEqual(['no_key', 'answered']);
  });

  test('never downgrades a question that must be answered live', async () => {
    simulator.setFaults([{ kind: 'quota' }]);
    const { model } = modelWorld(configOf([targetTo(simulator, 'anthropic')]), [recorded(request, '{}')]);
    const error = await rejection(model.ask(request, scopeOf('live', { require_live: true })));
    expect(error).toBeInstanceOf(StoppedLlmError);
    expect(error.message).toContain('answered live');
  });

  test('says of every provider why it did not answer, and what differs from the nearest recording', async () => {
    simulator.setFaults([
      { kind: 'auth', protocol: 'anthropic' },
      { kind: 'quota', protocol: 'openai' },
    ]);
    const other = recorded({ ...request, prompt_version: 'v0' }, '{}');
    const { model } = modelWorld(configOf([targetTo(simulator, 'anthropic'), targetTo(simulator, 'openai', 2)]), [other]);
    const { message } = await rejection(model.ask(request, scopeOf('live')));
    expect(message).toContain('anthropic/claude-haiku-4-5: auth (401), invalid API key; glm/glm-5.3: quota (402)');
    expect(message).toContain('prompt_version differs: "v1" asked, "v0" recorded');
  });

  test('every provider is sent the same words, with a limit on its answer', async () => {
    for (const protocol of PROTOCOLS) await modelWorld(configOf([targetTo(simulator, protocol)])).model.ask(request, scopeOf('live'));
    const bodies = simulator.requests().map(({ body }) => JSON.stringify(body));
    for (const body of bodies) {
      expect(body).toContain('trend following');
      expect(body).toMatch(/"max_?[tT]okens":500/);
    }
  });
});
