import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as z from 'zod';
import { EventList, JobView } from '../../contracts/http.ts';
import { SESSION_SECONDS } from '../../contracts/session.ts';
import { createVault, type Purpose } from '../../functions/web/session/vault.ts';
import { handBrowser, signIn } from '../support/browser-by-hand.ts';
import { startTestCloud, type TestCloud } from '../support/cloud.ts';
import { sample } from '../support/specs.ts';

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud({ oidc: true, environment: { HOLDPOINT_OPERATOR_GROUPS: 'operators' } });
});
afterAll(() => cloud.remove());

const Ring = z.object({ current: z.string() }).catchall(z.string());
const keyFile = () => join(cloud.dataDir, 'context-keys.json');
const readRing = () => Ring.parse(JSON.parse(readFileSync(keyFile(), 'utf8')));

/** A cookie that the server itself could have made, but for one thing. */
const forge = (options: { purpose?: Purpose; ageSeconds?: number; audience?: string; secret?: string }): Promise<string> => {
  const { current, ...keys } = readRing();
  const ring = { current, keys: options.secret ? { [current]: options.secret } : keys };
  const audience = options.audience ?? `local ${cloud.oidc?.issuer} holdpoint-local`;
  const now = () => Date.now() - (options.ageSeconds ?? 0) * 1000;
  const vault = createVault({ ring: async () => ring, audience, now });
  return vault.seal(options.purpose ?? 'session', { id: 'ann@example.test', groups: [] }, SESSION_SECONDS);
};

const visit = async (session: string): Promise<{ status: number; text: string }> => {
  const headers = { accept: 'text/html', cookie: `holdpoint-session=${session}` };
  const answer = await fetch(`${cloud.web}/ui/jobs`, { headers });
  return { status: answer.status, text: await answer.text() };
};

test('a session and a token know who runs the environment by the groups of the provider: others cancel their own jobs alone', async () => {
  const send = async (person: string, path: string, body: unknown, method = 'POST') => {
    const headers = { authorization: `Bearer ${await cloud.oidc?.tokenFor(person)}`, 'content-type': 'application/json' };
    return fetch(cloud.web + path, { method, headers, body: JSON.stringify(body) });
  };
  const { job_id } = JobView.parse(await (await send('bob', '/jobs', sample('idea-trend', { run: 9101 }))).json());
  const flag = ['/flags/telemetry', { value: true }, 'PUT'] as const;
  expect([(await send('ann', ...flag)).status, (await send('carol', ...flag)).status]).toEqual([403, 200]);
  const cancel = async (person: string): Promise<number> => {
    const browser = handBrowser();
    await signIn(browser, cloud.web, person);
    return (await browser.post(`${cloud.web}/ui/jobs/${job_id}/cancel`, { reason: 'a test' })).status;
  };
  expect([await cancel('ann'), await cancel('carol')]).toEqual([403, 303]);
  const own = JobView.parse(await (await send('bob', '/jobs', sample('idea-trend', { run: 9102 }))).json());
  expect((await send('bob', `/jobs/${own.job_id}/cancel`, {})).status).toBe(200);
  const token = `Bearer ${await cloud.oidc?.tokenFor('ann')}`;
  const audit = EventList.parse(await (await fetch(`${cloud.web}/audit/events`, { headers: { authorization: token } })).json());
  expect(audit.events.map(({ event_type, actor }) => [event_type, actor.id])).toEqual([
    ['DECISION_REFUSED', 'ann@example.test'],
    ['FLAG_CHANGED', 'carol@example.test'],
    ['DECISION_REFUSED', 'ann@example.test'],
  ]);
});

test('a session lasts eight hours and not a minute more, and the page says that it ended', async () => {
  expect((await visit(await forge({ ageSeconds: SESSION_SECONDS - 60 }))).status).toBe(200);
  const { status, text } = await visit(await forge({ ageSeconds: SESSION_SECONDS + 1 }));
  expect([status, text.includes('Your session has ended')]).toEqual([401, true]);
});

test.each<[string, Parameters<typeof forge>[0]]>([
  ['another key', { secret: 'k'.repeat(64) }],
  ['another purpose', { purpose: 'login' }],
  ['another environment', { audience: 'prod https://id.example holdpoint' }],
])('a session of %s does not open', async (_, options) => {
  expect((await visit(await forge(options))).status).toBe(401);
});

test('a session with any part altered does not open', async () => {
  const session = await forge({});
  const parts = session.split('.');
  for (const [i, part] of parts.entries()) {
    const flipped = part === '' ? 'AAAA' : `${part.slice(0, -2)}${part.at(-2) === 'A' ? 'B' : 'A'}${part.at(-1)}`;
    expect((await visit(parts.with(i, flipped).join('.'))).status).toBe(401);
  }
  for (const junk of ['', 'x', '....', `${session}.x`, session.slice(0, -1), 'a'.repeat(3000)])
    expect((await visit(junk)).status).toBe(401);
});

test('a rotated key ring keeps sessions while it holds the old key, over a restart', async () => {
  const browser = handBrowser();
  await signIn(browser, cloud.web, 'ann');
  const session = browser.cookies.get('holdpoint-session') ?? '';
  const restart = async (ring: Record<string, string>) => {
    await cloud.close();
    writeFileSync(keyFile(), JSON.stringify(ring));
    cloud = await startTestCloud({ oidc: true, dataDir: cloud.dataDir });
  };
  const old = readRing();
  await restart({ ...old, current: 'k2', k2: '2'.repeat(64) });
  expect((await visit(session)).status).toBe(200);
  await signIn(browser, cloud.web, 'bob');
  const header: unknown = JSON.parse(Buffer.from(browser.cookies.get('holdpoint-session')?.split('.')[0] ?? '', 'base64url').toString());
  expect(header).toMatchObject({ kid: 'k2' });
  await restart({ current: 'k2', k2: '2'.repeat(64) });
  expect((await visit(session)).status).toBe(401);
});

test('where sign-in is optional, whoever signs in is known by it, others as before, and a wrong token is still refused', async () => {
  const open = await startTestCloud({ oidc: true, environment: { HOLDPOINT_SIGN_IN: 'optional' } });
  try {
    const browser = handBrowser();
    const name = async (page: Response) => /You are<\/span> <bdi>([^<]+)/.exec(await page.text())?.[1];
    expect(await name(await browser.get(`${open.web}/ui/jobs`))).toBe('local-user');
    await signIn(browser, open.web, 'ann');
    expect(await name(await browser.get(`${open.web}/ui/jobs`))).toBe('ann@example.test');
    const asked = (headers: Record<string, string>) => fetch(`${open.web}/jobs`, { headers });
    expect((await asked({ 'x-holdpoint-user': 'bob' })).status).toBe(200);
    expect((await asked({ 'x-holdpoint-user': 'bob', authorization: 'Bearer x' })).status).toBe(401);
  } finally {
    await open.remove();
  }
});
