import { expect, test } from 'vitest';
import { fixtureCassettes, shippedCassettes } from '../../../adapters/model/fixtures.ts';
import { CassetteList } from '../../../contracts/http.ts';
import { Cassette } from '../../../contracts/llm.ts';
import { createWeb } from '../app.ts';
import { emptyMemory, memoryDeps } from '../testing.ts';

const recorded = shippedCassettes('cassettes');
const store = fixtureCassettes(recorded);
const asked: string[] = [];
const cassettes: typeof store = {
  ...store,
  get: (...name) => {
    asked.push(name.join('/'));
    return store.get(...name);
  },
};
const app = createWeb(memoryDeps(emptyMemory(), { cassettes }));

test('recorded answers are listed, of one agent when asked, and each is read by its name', async () => {
  const { cassettes } = CassetteList.parse(await (await app.request('/cassettes?agent=intent')).json());
  expect(new Set(cassettes.map(({ agent }) => agent))).toEqual(new Set(['intent']));
  for (const { agent, key, n } of cassettes) {
    const answer = await app.request(`/cassettes/${agent}/${key}/${n}`);
    expect([answer.status, Cassette.parse(await answer.json())]).toEqual([200, recorded.find((cassette) => cassette.key === key)]);
  }
});

test('a name that no recording has is not found, one that it cannot have never reaches the store, and an agent that cannot be is refused', async () => {
  const key = recorded[0]?.key;
  asked.length = 0;
  for (const path of [
    `intent/${key}/1`,
    `report/${key}/0`,
    `intent/${key}/-1`,
    `intent/${key}/00`,
    'intent/abc/0',
    `..%2fintent/${key}/0`,
    `intent/${key?.toUpperCase()}/0`,
  ])
    expect((await app.request(`/cassettes/${path}`)).status, path).toBe(404);
  expect(asked).toEqual([`intent/${key}/1`, `report/${key}/0`]);
  expect((await app.request('/cassettes?agent=..%2f')).status).toBe(400);
});

test('recorded answers are closed to who is not known', async () => {
  const answer = await app.request(`/cassettes/intent/${recorded[0]?.key}/0`, { headers: { 'x-holdpoint-user': 'nobody' } });
  expect(answer.status).toBe(401);
});
