import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { simulateProviders } from './simulate.ts';
import { startSimulator } from './simulator/simulator.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'holdpoint-simulate-'));
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

const start = async () => (await simulateProviders({}, { dataDir })).simulator;

test('a restart keeps the address that an approver signed, and takes another where it is in use', async () => {
  const first = await start();
  await first.close();
  const second = await start();
  await second.close();
  expect(second.url).toBe(first.url);
  const other = await startSimulator({ port: first.port });
  const third = await start();
  expect(third.url).not.toBe(first.url);
  await Promise.all([other.close(), third.close()]);
});

test('what the caller sets itself wins', async () => {
  const { simulator, environment } = await simulateProviders({ HOLDPOINT_LLM_MODE: 'record' }, { dataDir });
  expect(environment).toMatchObject({ HOLDPOINT_LLM_MODE: 'record', HOLDPOINT_LLM_BASE_URL_1: `${simulator.url}/v1` });
  await simulator.close();
});
