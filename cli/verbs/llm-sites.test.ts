import { expect, test } from 'vitest';
import { CallSites } from '../../functions/lib/llm-sites/map.ts';
import { cli } from '../testing/world.ts';

test('llm-sites shows every call with its state and judge, without a server', async () => {
  const { exit, stdout, stderr } = await cli(['llm-sites']);
  expect([exit, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^AGENT +ROLE +STATE/);
  expect(stdout).toMatch(/intent +producer +job\/Intent +yes +no +\$\.guard +the output guard/);
  expect(stdout).toContain('then adapters/model/attempt.ts#attempt: one request to one provider');
});

test('llm-sites --json prints the map and nothing else', async () => {
  const { stdout } = await cli(['llm-sites', '--json']);
  expect(CallSites.parse(JSON.parse(stdout)).sites.map(({ agent }) => agent)).toEqual(
    expect.arrayContaining(['intent', 'report', 'doctor']),
  );
});

test('llm-sites fits a narrow terminal', async () => {
  const { stdout } = await cli(['llm-sites'], { columns: 50 });
  expect(stdout.split('\n').filter((line) => line.startsWith('AGENT'))).toEqual([expect.not.stringContaining('LIVE ONLY')]);
});
