import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import * as z from 'zod';
import { runCli } from '../../cli/program.ts';
import { cli, fakeWorld, type Ran } from '../../cli/testing/world.ts';
import { chooseAt, handBrowser } from '../support/browser-by-hand.ts';
import { startTestCloud, type TestCloud, temporaryFolder, until } from '../support/cloud.ts';

let cloud: TestCloud;
let configDir: string;
beforeAll(async () => {
  cloud = await startTestCloud({ oidc: true });
});
afterAll(() => cloud.remove());
beforeEach(() => {
  configDir = join(temporaryFolder(), 'config');
});

const env = (more: { token?: string } = {}) => ({ url: cloud.web, token: null, configDir, noColor: true, dumb: false, ...more });
const file = () => join(configDir, 'holdpoint', 'tokens.json');
const realTime = { now: Date.now };

/** Runs `holdpoint login`, and follows the printed address as a browser would. */
const logIn = async (
  person: string,
  argv: string[] = [],
  meanwhile: (callback: string) => Promise<void> = async () => {},
): Promise<Ran> => {
  const world = fakeWorld({ env: env(), ...realTime });
  const running = runCli(['login', ...argv], world);
  const shown = async () => /http:\S+authorize\S+/.exec(world.printed.err)?.[0] ?? '';
  const address = await Promise.race([until(shown, (url) => url !== ''), running.then(() => '')]);
  if (address !== '') {
    const browser = handBrowser();
    const callback = await chooseAt(browser, address, person);
    await meanwhile(callback);
    await fetch(callback);
  }
  return { exit: await running, stdout: world.printed.out, stderr: world.printed.err };
};

test('login keeps a token that only its owner can read, and later commands act with it', async () => {
  const before = await cli(['jobs'], { env: env() });
  expect([before.exit, before.stderr]).toEqual([6, expect.stringContaining('run "holdpoint login"')]);
  const ran = await logIn('ann');
  expect([ran.exit, ran.stdout]).toEqual([0, expect.stringContaining(`signed in at ${cloud.web} as ann@example.test until`)]);
  expect([statSync(file()).mode & 0o777, statSync(join(configDir, 'holdpoint')).mode & 0o777]).toEqual([0o600, 0o700]);
  expect((await cli(['jobs', '--json'], { env: env(), ...realTime })).exit).toBe(0);
});

test('with --json the document stands alone and holds no token', async () => {
  const ran = await logIn('bob', ['--json']);
  expect(JSON.parse(ran.stdout)).toEqual({
    ...{ endpoint: cloud.web, signed_in: true, id: 'bob@example.test', file: file() },
    expires_at: expect.stringMatching(/^\d{4}-/),
  });
  expect(ran.stdout + ran.stderr).not.toContain('eyJ');
});

test('--logout removes the token, and nothing else does', async () => {
  await logIn('ann');
  expect((await cli(['login', '--logout'], { env: env() })).exit).toBe(0);
  expect(readFileSync(file(), 'utf8')).not.toContain('eyJ');
  expect((await cli(['jobs'], { env: env(), ...realTime })).exit).toBe(6);
  expect((await cli(['login', '--logout'], { env: env() })).stdout).toContain('nobody was signed in');
});

test('HOLDPOINT_TOKEN comes before what is kept', async () => {
  await logIn('ann');
  const ran = await cli(['jobs'], { env: env({ token: 'wrong' }), ...realTime });
  expect(ran.exit).toBe(6);
});

test('a token that ran out is not sent: exit 6, and what to run', async () => {
  await logIn('ann');
  const ran = await cli(['jobs'], { env: env(), now: () => Date.now() + 2 * 3_600_000 });
  expect(ran.exit).toBe(6);
  expect(ran.stderr).toMatch(/your sign-in at \S+ ended at .*\n\s*next: run "holdpoint login"/);
});

test('a token is sent to the server it was given for, and to no other', async () => {
  await logIn('ann');
  const Kept = z.object({ tokens: z.record(z.string(), z.unknown()) });
  const { tokens } = Kept.parse(JSON.parse(readFileSync(file(), 'utf8')));
  expect(Object.keys(tokens)).toEqual([cloud.web]);
  const elsewhere = cloud.web.replace('127.0.0.1', 'localhost');
  expect((await cli(['jobs', '--endpoint', elsewhere], { env: env(), ...realTime })).exit).toBe(6);
});

test('whoever turns back is not signed in, and nothing is kept', async () => {
  const ran = await logIn('');
  expect([ran.exit, ran.stderr]).toEqual([6, expect.stringContaining('the sign-in was not finished')]);
  expect(() => statSync(file())).toThrow();
});

test('another page on this machine can neither end the wait nor hand in a code of its own', async () => {
  const ran = await logIn('ann', [], async (callback) => {
    const forged = new URL(callback);
    forged.searchParams.set('state', 'x'.repeat(43));
    expect((await fetch(forged)).status).toBe(400);
    expect((await fetch(new URL('/', callback))).status).toBe(404);
    expect((await fetch(callback, { method: 'POST' })).status).toBe(404);
  });
  expect(ran.exit).toBe(0);
});

test('a broken file is named and not overwritten', async () => {
  mkdirSync(join(configDir, 'holdpoint'), { recursive: true });
  writeFileSync(file(), '{"tokens": {"x": {"token": "se cret"}}}');
  for (const argv of [['jobs'], ['login', '--logout']]) {
    const ran = await cli(argv, { env: env() });
    expect([ran.exit, ran.stderr.includes(file()), ran.stderr.includes('se cret')]).toEqual([2, true, false]);
  }
});

test('where nobody signs in, login says how to name who acts', async () => {
  const open = await startTestCloud();
  try {
    const ran = await cli(['login', '--endpoint', open.web], { env: env() });
    expect([ran.exit, ran.stderr]).toEqual([2, expect.stringContaining('--as NAME')]);
  } finally {
    await open.remove();
  }
});

test('a sign-in is not sent over plain http to another machine', async () => {
  const ran = await cli(['login', '--endpoint', 'http://holdpoint.example'], { env: env() });
  expect([ran.exit, ran.stderr]).toEqual([2, expect.stringContaining('https://')]);
});
