import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCassettes } from '../../adapters/aws/cassettes.ts';
import { fixtureCassettes } from '../../adapters/model/fixtures.ts';
import type { Cassette } from '../../contracts/llm.ts';
import type { Cassettes } from '../../contracts/ports.ts';
import { sha256Hex } from '../../functions/lib/hash.ts';
import { type Services, startServices } from '../support/services.ts';

const BUCKET = 'holdpoint-local-cassettes';
let services: Services;
beforeAll(async () => {
  services = await startServices();
});
afterAll(() => services.close());

const implementations: Record<string, () => Cassettes> = {
  'on S3': () => createCassettes(services.clients.s3, BUCKET),
  'in memory': () => fixtureCassettes(),
};

const cassette = (agent: string, seed: string, n = 0, text = 'answer'): Cassette => ({
  schema_version: 'cassette_v1',
  key: sha256Hex(seed),
  match: {
    agent,
    model_alias: 'a',
    prompt_version: 'v1',
    output_schema_version: 'v1',
    output_schema_sha256: sha256Hex('schema'),
    messages: [{ role: 'user', content: seed }],
    tools: [],
    settings: { temperature: 0 },
  },
  n,
  answer: { text, finish_reason: 'stop', usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }, provider: 'p', model: 'm' },
  recorded_at: '2026-01-05T09:00:00.000Z',
  redactor_version: 'redactor_v1',
});

describe.each(Object.entries(implementations))('cassettes %s', (name, create) => {
  const agent = (suffix: string) => `${name.replace(' ', '-').toLowerCase()}-${suffix}`;

  it('give back what was recorded, and null for what was not', async () => {
    const store = create();
    const one = cassette(agent('get'), 'x');
    expect(await store.get(one.match.agent, one.key, 0)).toBeNull();
    expect(await store.create(one)).toBe(true);
    expect(await store.get(one.match.agent, one.key, 0)).toEqual(one);
    expect(await store.get(one.match.agent, one.key, 1)).toBeNull();
  });

  it('let one of 16 writers win, and keep what it wrote', async () => {
    const store = create();
    const won = await Promise.all(Array.from({ length: 16 }, (_, i) => store.create(cassette(agent('race'), 'x', 0, `answer ${i}`))));
    const winner = won.indexOf(true);
    expect(won.filter(Boolean)).toHaveLength(1);
    expect((await store.get(agent('race'), sha256Hex('x'), 0))?.answer.text).toBe(`answer ${winner}`);
  });

  it('list one agent or all, in key order', async () => {
    const store = create();
    for (const [seed, n] of [
      ['x', 0],
      ['x', 1],
      ['y', 0],
    ] as const)
      await store.create(cassette(agent('list'), seed, n));
    await store.create(cassette(agent('list2'), 'x'));
    const listed = await store.list(agent('list'));
    expect(listed).toHaveLength(3);
    expect(listed).toEqual([...listed].sort((a, b) => (`${a.key}.${a.n}` < `${b.key}.${b.n}` ? -1 : 1)));
    expect((await store.list()).map((c) => c.agent)).toContain(agent('list2'));
  });
});

describe('cassettes on S3', () => {
  it('lie at <agent>/<key>.<n>.json', async () => {
    const one = cassette('layout', 'x', 2);
    await createCassettes(services.clients.s3, BUCKET).create(one);
    const object = await services.clients.s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: `layout/${one.key}.2.json` }));
    expect(JSON.parse((await object.Body?.transformToString()) ?? '')).toEqual(one);
  });

  it('refuse names that would reach another object', async () => {
    const store = createCassettes(services.clients.s3, BUCKET);
    await expect(store.get('../x', sha256Hex('x'), 0)).rejects.toThrow('no cassette can be named');
    await expect(store.get('x', 'short', 0)).rejects.toThrow('no cassette can be named');
    await expect(store.get('x', sha256Hex('x'), -1)).rejects.toThrow('no cassette can be named');
  });

  it('fail loudly for a recording of an unknown version', async () => {
    const key = sha256Hex('new');
    await services.clients.s3.send(
      new PutObjectCommand({ Bucket: BUCKET, Key: `odd/${key}.0.json`, Body: '{"schema_version":"cassette_v9"}' }),
    );
    await expect(createCassettes(services.clients.s3, BUCKET).get('odd', key, 0)).rejects.toThrow('"cassette_v9"');
  });
});
