import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { startServer } from './testing/server.ts';

const ENTRY = fileURLToPath(new URL('./holdpoint.mjs', import.meta.url));

type Ended = { exit: number; stdout: string; stderr: string };
const holdpoint = (argv: string[], variables: Record<string, string> = {}): Promise<Ended> =>
  new Promise((resolve) => {
    const env = { PATH: process.env['PATH'] ?? '', ...variables };
    execFile(process.execPath, [ENTRY, ...argv], { env }, (error, stdout, stderr) => {
      resolve({ exit: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });

test('the command prints one document and nothing else with --json, and ends when it is done', async () => {
  const server = await startServer(() => ({ json: { jobs: [], next_cursor: null } }));
  const ended = await holdpoint(['jobs', '--json'], { HOLDPOINT_URL: server.url });
  await server.close();
  expect(ended).toEqual({ exit: 0, stdout: '{"jobs":[],"next_cursor":null}\n', stderr: '' });
});

test('a bad variable stops the command, named with its value, and a secret is not shown', async () => {
  const [url, token] = await Promise.all([
    holdpoint(['jobs'], { HOLDPOINT_URL: 'localhost' }),
    holdpoint(['jobs', '--json'], { HOLDPOINT_URL: 'http://127.0.0.1:1', HOLDPOINT_TOKEN: 'se cret' }),
  ]);
  expect(url).toMatchObject({ exit: 2, stdout: '' });
  expect(url.stderr).toContain('HOLDPOINT_URL is "localhost"');
  expect(token.exit).toBe(2);
  expect(token.stdout + token.stderr).not.toContain('cret');
  expect(JSON.parse(token.stdout)).toMatchObject({ error: { code: 'USAGE' } });
});

test('help is standard output, and every verb has it', async () => {
  const { exit, stdout, stderr } = await holdpoint(['--help']);
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
  for (const verb of ['up', 'submit', 'watch', 'approve', 'timeline', 'verify']) expect(stdout).toMatch(new RegExp(`^  ${verb} `, 'm'));
});
