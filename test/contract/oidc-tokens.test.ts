import { createHmac, createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { type SigningKey, signingKey } from '../../infra/local/oidc/keys.ts';
import { signer } from '../../infra/local/oidc/provider.ts';
import { startTestCloud, type TestCloud } from '../support/cloud.ts';

let cloud: TestCloud;
let key: SigningKey;
beforeAll(async () => {
  cloud = await startTestCloud({ oidc: true, environment: { HOLDPOINT_OIDC_GROUPS: 'approvers, operators' } });
  const kept = z
    .object({ key: z.record(z.string(), z.unknown()) })
    .parse(JSON.parse(readFileSync(join(cloud.dataDir, 'oidc.json'), 'utf8')));
  key = await signingKey(kept.key);
});
afterAll(() => cloud.remove());

const now = () => Math.floor(Date.now() / 1000);
const claims = (more: JWTPayload = {}): JWTPayload => ({
  ...{ iss: cloud.oidc?.issuer ?? '', aud: 'holdpoint-cli', sub: 'ann', iat: now(), exp: now() + 600 },
  ...{ email: 'ann@example.test', email_verified: true, groups: ['approvers'] },
  ...more,
});
const signed = (more: JWTPayload = {}): Promise<string> => signer(key)(claims(more));

const ask = async (authorization: string): Promise<{ status: number; code: string; detail: string }> => {
  const answer = await fetch(`${cloud.web}/approvals`, { headers: { authorization, 'x-holdpoint-user': 'ann' } });
  const problem = z.object({ code: z.string().default('fine'), detail: z.string().default('') }).parse(await answer.json());
  return { status: answer.status, ...problem };
};
const asking = async (token: string | Promise<string>) => ask(`Bearer ${await token}`);

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('a bearer token', () => {
  test('of the issuer, for this environment, is who it names', async () => {
    expect(await asking(signed())).toMatchObject({ status: 200 });
    expect(await asking(signed({ aud: ['other', 'holdpoint-local'], azp: 'holdpoint-cli' }))).toMatchObject({ status: 200 });
  });

  test.each<[string, JWTPayload]>([
    ['ended two minutes ago', { exp: now() - 120 }],
    ['begins in two minutes', { nbf: now() + 120 }],
    ['was issued in two minutes', { iat: now() + 120 }],
    ['is for another audience', { aud: 'someone-else' }],
    ['was asked for by another client', { azp: 'someone-else' }],
    ['is of another issuer', { iss: 'https://id.example' }],
  ])('that %s is refused', async (_, more) => {
    expect(await asking(signed(more))).toMatchObject({
      status: 401,
      code: 'UNAUTHENTICATED',
      detail: expect.stringContaining('holdpoint login'),
    });
  });

  test.each(['exp', 'iat', 'sub', 'iss', 'aud'])('without %s is refused', async (name) => {
    const { [name]: _, ...rest } = claims();
    expect(await asking(signer(key)(rest))).toMatchObject({ status: 401 });
  });

  test.each<[string, JWTPayload]>([
    ['a minute less a few seconds late', { exp: now() - 50 }],
    ['a minute less a few seconds early', { nbf: now() + 50, iat: now() + 50 }],
  ])('%s still counts: clocks differ', async (_, more) => {
    expect(await asking(signed(more))).toMatchObject({ status: 200 });
  });

  test('signed with nothing, or with the public key as a secret, is refused', async () => {
    const pem = createPublicKey({ key: { ...key.public }, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
    for (const secret of [pem, JSON.stringify(key.public), key.public.n ?? '']) {
      const content = `${part({ alg: 'HS256', kid: key.public.kid })}.${part(claims())}`;
      const forged = `${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`;
      expect(await asking(forged)).toMatchObject({ status: 401 });
    }
    for (const alg of ['none', 'None', 'NONE', '']) {
      expect(await asking(`${part({ alg })}.${part(claims())}.`)).toMatchObject({ status: 401 });
    }
  });

  test('signed with a key of its own, named or brought along, is refused', async () => {
    const { privateKey, publicKey } = await generateKeyPair('RS256');
    const jwk = await exportJWK(publicKey);
    for (const header of [{}, { kid: key.public.kid }, { jwk }, { jku: 'http://127.0.0.1:1/jwks', kid: 'mine' }]) {
      const forged = new SignJWT(claims()).setProtectedHeader({ alg: 'RS256', ...header }).sign(privateKey);
      expect(await asking(forged)).toMatchObject({ status: 401 });
    }
  });

  test('altered in any part is refused', async () => {
    const [header = '', payload = '', signature = ''] = (await signed()).split('.');
    for (const forged of [
      `${header}.${part(claims({ email: 'carol@example.test' }))}.${signature}`,
      `${header}.${payload}`,
      `${header}.${payload}.`,
      `${header}.${payload}.${signature}.x`,
      'x',
    ]) {
      expect(await asking(forged)).toMatchObject({ status: 401 });
    }
  });

  test.each(['Basic YW5uOmFubg==', 'Bearer', 'Bearer a b', 'x'])('is not %j, and nothing else counts then', async (authorization) => {
    expect(await ask(authorization)).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' });
  });

  test('is refused where its person is in no group that may come in, or has no verified address', async () => {
    expect(await asking(signed({ groups: ['submitters'] }))).toMatchObject({ status: 403, detail: expect.stringContaining('approvers') });
    expect(await asking(signed({ groups: 'approvers-not' }))).toMatchObject({ status: 403 });
    expect(await asking(signed({ 'cognito:groups': ['operators'], groups: [] }))).toMatchObject({ status: 200 });
    expect(await asking(signed({ email_verified: false }))).toMatchObject({ status: 403, detail: expect.stringContaining('verified') });
    const { email: _, ...rest } = claims();
    expect(await asking(signer(key)(rest))).toMatchObject({ status: 403 });
  });
});
