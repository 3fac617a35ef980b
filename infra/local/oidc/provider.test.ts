import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Oidc, startOidc } from './oidc.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'holdpoint-oidc-'));
let oidc: Oidc;
let skewMs = 0;
beforeAll(async () => {
  oidc = await startOidc({ dataDir, now: () => Date.now() + skewMs });
});
afterAll(() => {
  oidc.close();
  rmSync(dataDir, { recursive: true });
});

const VERIFIER = 'v'.repeat(43);
const REQUEST = {
  ...{ response_type: 'code', client_id: 'holdpoint-cli', redirect_uri: 'http://127.0.0.1:7777/callback', scope: 'openid', state: 's' },
  ...{ code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'), code_challenge_method: 'S256' },
};

const authorize = (more: Record<string, string> = {}, person = 'ann') =>
  fetch(`${oidc.issuer}/authorize`, { method: 'POST', body: new URLSearchParams({ ...REQUEST, person, ...more }), redirect: 'manual' });
const answerOf = (response: Response) => new URL(response.headers.get('location') ?? 'http://nowhere').searchParams;
const codeFor = async (more: Record<string, string> = {}) => answerOf(await authorize(more)).get('code') ?? '';

const exchange = async (code: string, more: Record<string, string> = {}, headers: Record<string, string> = {}) => {
  const form = {
    grant_type: 'authorization_code',
    code,
    redirect_uri: REQUEST.redirect_uri,
    client_id: 'holdpoint-cli',
    code_verifier: VERIFIER,
    ...more,
  };
  const answer = await fetch(`${oidc.issuer}/token`, { method: 'POST', headers, body: new URLSearchParams(form) });
  return [answer.status, await answer.json()];
};

test('a code becomes an ID token once', async () => {
  const code = await codeFor();
  expect(await exchange(code)).toEqual([200, expect.objectContaining({ token_type: 'Bearer', id_token: expect.stringMatching(/^eyJ/) })]);
  expect(await exchange(code)).toMatchObject([400, { error: 'invalid_grant' }]);
});

test.each([
  ['another verifier', { code_verifier: 'w'.repeat(43) }],
  ['no verifier', { code_verifier: '' }],
  ['another address', { redirect_uri: 'http://127.0.0.1:7778/callback' }],
])('a code is not exchanged with %s, and is used up by the attempt', async (_, more) => {
  const code = await codeFor();
  expect(await exchange(code, more)).toMatchObject([400, { error: 'invalid_grant' }]);
  expect(await exchange(code)).toMatchObject([400, { error: 'invalid_grant' }]);
});

test('a code lasts a minute', async () => {
  const code = await codeFor();
  skewMs = 61_000;
  expect(await exchange(code)).toMatchObject([400, { error: 'invalid_grant' }]);
  skewMs = 0;
});

test('the client of the pages has to say its secret', async () => {
  const more = { client_id: 'holdpoint-local', redirect_uri: 'http://localhost:1/auth/callback' };
  for (const [secret, status] of [
    ['wrong', 401],
    ['local-only-client-secret', 200],
  ] as const) {
    expect((await exchange(await codeFor(more), { ...more, client_secret: secret }))[0]).toBe(status);
    const basic = { authorization: `Basic ${Buffer.from(`holdpoint-local:${secret}`).toString('base64')}` };
    expect((await exchange(await codeFor(more), more, basic))[0]).toBe(status);
  }
});

test.each([
  ['no PKCE', { code_challenge: '' }, 'invalid_request'],
  ['plain PKCE', { code_challenge_method: 'plain' }, 'invalid_request'],
  ['the implicit flow', { response_type: 'token' }, 'unsupported_response_type'],
  ['no openid', { scope: 'email' }, 'invalid_scope'],
  ['nobody chosen', { person: '' }, 'access_denied'],
  ['somebody unknown', { person: 'mallory' }, 'access_denied'],
])('%s is refused, and the client is told', async (_, more, error) => {
  const answer = answerOf(await authorize(more));
  expect([answer.get('error'), answer.get('state'), answer.get('code')]).toEqual([error, 's', null]);
});

test.each([
  [{ client_id: 'x' }],
  [{ redirect_uri: 'http://evil.example/callback' }],
  [{ redirect_uri: 'http://127.0.0.1:7777/elsewhere' }],
  [{ redirect_uri: 'http://127.0.0.1:7777/callback?x=1' }],
  [{ redirect_uri: 'https://127.0.0.1:7777/callback' }],
  [{ redirect_uri: 'http://127.0.0.1.evil.example/callback' }],
])('%j is shown here and sent nowhere', async (more) => {
  const answer = await authorize(more);
  expect([answer.status, answer.headers.get('location')]).toEqual([400, null]);
});

test('key and port outlive a restart, and only their owner reads the key', async () => {
  const keys = async () => (await fetch(`${oidc.issuer}/jwks`)).json();
  const [issuer, before] = [oidc.issuer, await keys()];
  expect(before).toEqual({ keys: [expect.not.objectContaining({ d: expect.anything() })] });
  oidc.close();
  oidc = await startOidc({ dataDir });
  expect([oidc.issuer, await keys()]).toEqual([issuer, before]);
  expect(statSync(join(dataDir, 'oidc.json')).mode & 0o777).toBe(0o600);
});
