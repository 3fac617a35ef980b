import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { Actor } from '../../contracts/events.ts';
import { JobView } from '../../contracts/http.ts';
import type { ProviderOptions } from '../../infra/local/oidc/provider.ts';
import { chooseAt, handBrowser, locationOf, signIn } from '../support/browser-by-hand.ts';
import { startTestCloud, type TestCloud, until } from '../support/cloud.ts';
import { sample } from '../support/specs.ts';

let cloud: TestCloud;
const faults: { idToken: NonNullable<ProviderOptions['idToken']>; skewMs: number } = { idToken: (c, sign) => sign(c), skewMs: 0 };

beforeAll(async () => {
  cloud = await startTestCloud({
    oidc: { now: () => Date.now() + faults.skewMs, idToken: (claims, sign) => faults.idToken(claims, sign) },
  });
});
afterAll(() => cloud.remove());
beforeEach(() => {
  Object.assign(faults, { idToken: (c: unknown, sign: (c: unknown) => Promise<string>) => sign(c), skewMs: 0 });
});

const bearer = async (person: string) => ({ authorization: `Bearer ${await cloud.oidc?.tokenFor(person)}` });

const startSignIn = async (page = '/ui/jobs') => {
  const browser = handBrowser();
  const leave = await browser.get(`${cloud.web}/auth/login?${new URLSearchParams({ return_to: page })}`);
  return { browser, authorize: locationOf(leave) };
};

describe('the flow', () => {
  test('from a page to the provider and back to that page, and the page says who is signed in', async () => {
    const browser = handBrowser();
    const refused = await browser.get(`${cloud.web}/ui/jobs?q=a%20b`);
    const page = await refused.text();
    expect(refused.status).toBe(401);
    const href = /class="button" href="([^"]+)"/.exec(page)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const leave = await browser.get(cloud.web + href);
    const authorize = new URL(locationOf(leave));
    expect(Object.fromEntries(authorize.searchParams)).toMatchObject({
      response_type: 'code',
      code_challenge_method: 'S256',
      scope: 'openid email profile',
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
    });
    const back = await browser.get(await chooseAt(browser, authorize.href, 'ann'));
    expect([back.status, back.headers.get('location')]).toEqual([303, '/ui/jobs?q=a%20b']);
    const there = await browser.get(locationOf(back));
    expect([there.status, (await there.text()).includes('<bdi>ann@example.test</bdi>')]).toEqual([200, true]);
  });

  test('the session cookie is HttpOnly, Lax, for the whole site, and hides what it holds', async () => {
    const browser = handBrowser();
    const back = await signIn(browser, cloud.web, 'ann');
    const [session = '', login = ''] = back.headers.getSetCookie();
    expect(session).toMatch(/^holdpoint-session=[\w.-]+; Max-Age=28800; Path=\/; HttpOnly; SameSite=Lax$/);
    expect(login).toMatch(/^holdpoint-login=; Max-Age=0; Path=\/; HttpOnly; SameSite=Lax$/);
    expect(Buffer.from(session.split('.')[3] ?? '', 'base64url').toString('latin1')).not.toContain('ann');
  });

  test('a decision of a signed-in person is recorded with who it was and how that is known', async () => {
    const headers = { 'content-type': 'application/json', ...(await bearer('bob')) };
    const submitted = await fetch(`${cloud.web}/jobs`, { method: 'POST', headers, body: JSON.stringify(sample('idea-trend')) });
    const { job_id } = JobView.parse(await submitted.json());
    const read = async () => {
      const answer = await fetch(`${cloud.web}/jobs/${job_id}`, { headers });
      return z
        .object({ job: JobView, events: z.array(z.looseObject({ event_type: z.string(), actor: Actor })) })
        .parse(await answer.json());
    };
    const { job } = await until(read, (now) => now.job.status === 'WAITING_APPROVAL');
    const browser = handBrowser();
    await signIn(browser, cloud.web, 'ann');
    const fields = { step: job.step ?? '', subject_digest: job.subject_digest ?? '', choice: 'approve', comment: '' };
    const decided = await browser.post(`${cloud.web}/ui/jobs/${job_id}/decide`, fields);
    expect(decided.status).toBe(303);
    const { events } = await read();
    expect(events[0]).toMatchObject({ actor: { type: 'user', id: 'bob@example.test', identity: 'oidc' } });
    expect(events.find(({ event_type, actor }) => event_type === 'APPROVED' && actor.type === 'user')).toMatchObject({
      actor: { id: 'ann@example.test', identity: 'oidc' },
    });
  });

  test('signing out ends the session of this browser', async () => {
    const browser = handBrowser();
    await signIn(browser, cloud.web, 'carol');
    const out = await browser.post(`${cloud.web}/auth/logout`, {});
    expect([out.status, out.headers.get('location'), browser.cookies.has('holdpoint-session')]).toEqual([303, '/auth/signed-out', false]);
    expect((await browser.get(locationOf(out))).status).toBe(200);
    expect((await browser.get(`${cloud.web}/ui/jobs`)).status).toBe(401);
  });

  test('another site can neither sign out nor decide for whoever is signed in', async () => {
    const browser = handBrowser();
    await signIn(browser, cloud.web, 'ann');
    const cookie = `holdpoint-session=${browser.cookies.get('holdpoint-session')}`;
    for (const path of ['/auth/logout', '/ui/jobs/aaaaaaaaaaaa/decide']) {
      const headers = { cookie, origin: 'https://evil.example', 'content-type': 'application/x-www-form-urlencoded' };
      expect((await fetch(cloud.web + path, { method: 'POST', headers, body: '', redirect: 'manual' })).status).toBe(403);
    }
  });

  test('whoever turns back at the provider is told so, and is not signed in', async () => {
    const browser = handBrowser();
    const answer = await signIn(browser, cloud.web, '');
    expect([answer.status, browser.cookies.size]).toEqual([403, 0]);
    expect(await answer.text()).toContain('You were not signed in');
  });
});

describe('without signing in', () => {
  test.each([
    ['GET', '/ui/jobs'],
    ['GET', '/ui/approvals'],
    ['GET', '/ui/jobs/aaaaaaaaaaaa'],
    ['POST', '/ui/jobs/aaaaaaaaaaaa/decide'],
  ])('%s %s is a page that leads to the sign-in', async (method, path) => {
    const headers = { accept: 'text/html', 'x-holdpoint-user': 'ann', 'sec-fetch-site': 'same-origin' };
    const answer = await fetch(cloud.web + path, { method, headers });
    const text = await answer.text();
    expect(answer.status).toBe(401);
    const back = path.replace('/decide', '');
    expect(text).toContain(`href="/auth/login?${new URLSearchParams({ return_to: back }).toString()}"`);
    expect(text.includes('Nothing was recorded')).toBe(method === 'POST');
  });

  test.each(['/jobs', '/jobs/aaaaaaaaaaaa', '/approvals', '/metrics', '/queue'])('%s is a problem document', async (path) => {
    const answer = await fetch(cloud.web + path, { headers: { 'x-holdpoint-user': 'ann' } });
    expect([answer.status, await answer.json()]).toMatchObject([401, { code: 'UNAUTHENTICATED' }]);
  });

  test('health, assets and what the command line must know stay open', async () => {
    for (const path of ['/healthz', '/openapi.json', '/assets/holdpoint.css', '/auth/config']) {
      expect((await fetch(cloud.web + path)).status).toBe(200);
    }
    expect(await (await fetch(`${cloud.web}/auth/config`)).json()).toEqual({
      sign_in: 'required',
      issuer: cloud.oidc?.issuer,
      client_id: 'holdpoint-cli',
      scope: 'openid email profile',
    });
  });
});

describe('answers that are not right', () => {
  test('another state is refused, and the sign-in under way goes on', async () => {
    const { browser, authorize } = await startSignIn();
    const callback = await chooseAt(browser, authorize, 'ann');
    const forged = new URL(callback);
    forged.searchParams.set('state', 'x'.repeat(43));
    expect((await browser.get(forged.href)).status).toBe(400);
    expect((await browser.get(callback)).status).toBe(303);
  });

  test('a callback in a browser that did not start it signs nobody in', async () => {
    const { browser, authorize } = await startSignIn();
    const callback = await chooseAt(browser, authorize, 'ann');
    const victim = handBrowser();
    expect([(await victim.get(callback)).status, victim.cookies.size]).toEqual([400, 0]);
  });

  test('a callback works once, also with the cookie kept', async () => {
    const { browser, authorize } = await startSignIn();
    const login = browser.cookies.get('holdpoint-login') ?? '';
    const callback = await chooseAt(browser, authorize, 'ann');
    expect((await browser.get(callback)).status).toBe(303);
    expect((await browser.get(callback)).status).toBe(400);
    const replayed = handBrowser();
    replayed.cookies.set('holdpoint-login', login);
    expect([(await replayed.get(callback)).status, replayed.cookies.has('holdpoint-session')]).toEqual([400, false]);
  });

  test('a code of another sign-in is refused: PKCE and nonce bind it to its own', async () => {
    const one = await startSignIn();
    const other = await startSignIn();
    const code = new URL(await chooseAt(one.browser, one.authorize, 'carol')).searchParams.get('code') ?? '';
    const callback = new URL(await chooseAt(other.browser, other.authorize, 'ann'));
    callback.searchParams.set('code', code);
    expect([(await other.browser.get(callback.href)).status, other.browser.cookies.has('holdpoint-session')]).toEqual([400, false]);
  });

  const unsigned = (claims: object, header: object): string =>
    `${[header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.`;

  test.each<[string, ProviderOptions['idToken']]>([
    ['another nonce', (claims, sign) => sign({ ...claims, nonce: 'n'.repeat(43) })],
    ['no nonce', (claims, sign) => sign({ ...claims, nonce: undefined })],
    ['another issuer', (claims, sign) => sign({ ...claims, iss: 'https://id.example' })],
    ['another audience', (claims, sign) => sign({ ...claims, aud: 'someone-else' })],
    ['an end two minutes ago', (claims, sign) => sign({ ...claims, exp: Number(claims.iat) - 120 })],
    ['algorithm none', async (claims) => unsigned(claims, { alg: 'none' })],
    ['a signature cut off', async (claims, sign) => (await sign(claims)).replace(/[^.]+$/, 'AAAA')],
  ])('an ID token with %s signs nobody in', async (_, idToken) => {
    Object.assign(faults, { idToken });
    const browser = handBrowser();
    const answer = await signIn(browser, cloud.web, 'ann');
    expect([answer.status, browser.cookies.has('holdpoint-session')]).toEqual([400, false]);
    expect(await answer.text()).toContain('could not be verified');
  });

  test.each([
    [45, 303],
    [-45, 303],
    [90, 400],
    [-3900, 400],
  ])('a provider whose clock is %i s off: %i', async (seconds, status) => {
    faults.skewMs = seconds * 1000;
    expect((await signIn(handBrowser(), cloud.web, 'ann')).status).toBe(status);
  });

  test('an address nobody verified names nobody', async () => {
    faults.idToken = (claims, sign) => sign({ ...claims, email: 'carol@example.test', email_verified: false });
    const browser = handBrowser();
    const answer = await signIn(browser, cloud.web, 'ann');
    expect([answer.status, browser.cookies.has('holdpoint-session')]).toEqual([403, false]);
  });
});

test.each([
  'https://evil.example/',
  '//evil.example',
  '/\\evil.example',
  '/ui/..//evil.example',
  'javascript:alert(1)',
  '/auth/logout',
  '/ui/\t/evil',
])('return_to %j leads to a page of ours only', async (page) => {
  const answer = await signIn(handBrowser(), cloud.web, 'ann', page);
  const to = new URL(locationOf(answer));
  expect([answer.status, to.origin, to.pathname.startsWith('/ui/')]).toEqual([303, cloud.web, true]);
  expect(answer.headers.get('location')).toMatch(/^\/ui\/[^/]*/);
});
