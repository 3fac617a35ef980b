import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LambdaEvent } from 'hono/aws-lambda';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { readEnv } from '../../adapters/env.ts';
import { create } from '../../functions/web/handler.ts';
import { type Oidc, startOidc } from '../../infra/local/oidc/oidc.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'holdpoint-handler-'));
let oidc: Oidc;
beforeAll(async () => {
  oidc = await startOidc({ dataDir });
});
afterAll(() => {
  oidc.close();
  rmSync(dataDir, { recursive: true });
});

const BASE = {
  ...{ HOLDPOINT_ENV: 'prod', HOLDPOINT_EVENTS_BUCKET: 'e', HOLDPOINT_ARTIFACTS_BUCKET: 'a', HOLDPOINT_CASSETTES_BUCKET: 'c' },
  ...{
    HOLDPOINT_TELEMETRY_BUCKET: 't',
    HOLDPOINT_TABLE: 'jobs',
    HOLDPOINT_JOB_MACHINE_ARN: 'arn:aws:states:::x',
    HOLDPOINT_ROLLOUT_MACHINE_ARN: 'arn:aws:states:::y',
  },
  ...{ HOLDPOINT_CONTEXT_KEYS: JSON.stringify({ current: 'k1', k1: '1'.repeat(64) }), HOLDPOINT_LOG_LEVEL: 'SILENT' },
};
const Answer = z.object({
  statusCode: z.number(),
  headers: z.record(z.string(), z.string()),
  cookies: z.array(z.string()).default([]),
  body: z.string(),
});
const CONTEXT = { invokedFunctionArn: 'arn' };

type Call = { path: string; headers?: Record<string, string>; query?: string; claims?: Record<string, unknown> };

/** One request as API Gateway hands it to the function (payload format 2.0). */
const serve = async (variables: Record<string, string>, { path, headers = {}, query = '', claims }: Call) => {
  const event = {
    ...{ version: '2.0', routeKey: '$default', rawPath: path, rawQueryString: query, isBase64Encoded: false },
    headers: { host: 'holdpoint.example', accept: 'text/html', ...headers },
    requestContext: {
      ...{ domainName: 'holdpoint.example', requestId: 'r', stage: '$default', timeEpoch: 0 },
      http: { method: 'GET', path, protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent: 'test' },
      ...(claims ? { authorizer: { jwt: { claims, scopes: null } } } : {}),
    },
  };
  const handler = create(readEnv({ ...BASE, ...variables }));
  const lambda: unknown = { ...event };
  const answer = await handler(lambda as LambdaEvent, CONTEXT as Parameters<typeof handler>[1]);
  return Answer.parse(answer);
};

const signIn = () => ({ HOLDPOINT_SIGN_IN: 'required', ...oidc.variables });
const ANN = { sub: 'ann', email: 'ann@example.test', email_verified: 'true', groups: '[approvers]' };
/** Known callers are told that a route does not exist; others are told nothing. */
const NOWHERE = '/nowhere';

describe('behind API Gateway', () => {
  test('leaving for the issuer sets a cookie of this host alone, Secure, and names this host to come back to', async () => {
    const { statusCode, headers, cookies } = await serve(signIn(), { path: '/auth/login', query: 'return_to=%2Fui%2Fapprovals' });
    expect(statusCode).toBe(302);
    expect([...cookies, headers['set-cookie'] ?? ''].join()).toMatch(
      /^__Host-holdpoint-login=[\w.-]+; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax,?$/,
    );
    expect(new URL(headers['location'] ?? '').searchParams.get('redirect_uri')).toBe('https://holdpoint.example/auth/callback');
  });

  test('a page without a session is the way to sign in', async () => {
    const { statusCode, body } = await serve(signIn(), { path: '/ui/jobs' });
    expect([statusCode, body.includes('/auth/login?return_to=%2Fui%2Fjobs')]).toEqual([401, true]);
  });

  test.each(['required', 'off'])('with sign-in %s, claims the authorizer verified are who asks', async (mode) => {
    const variables = { ...signIn(), HOLDPOINT_SIGN_IN: mode };
    expect((await serve(variables, { path: NOWHERE, claims: ANN })).statusCode).toBe(404);
    expect((await serve(variables, { path: NOWHERE })).statusCode).toBe(401);
    expect((await serve(variables, { path: NOWHERE, claims: { ...ANN, email_verified: 'false' } })).statusCode).toBe(403);
    const groups = { ...variables, HOLDPOINT_OIDC_GROUPS: 'operators' };
    expect((await serve(groups, { path: NOWHERE, claims: ANN })).statusCode).toBe(403);
  });

  test('claims that a caller wrote into a header count for nothing', async () => {
    const forged = encodeURIComponent(JSON.stringify(ANN));
    for (const name of ['x-holdpoint-verified-claims', 'x-holdpoint-verified-subject', 'x-holdpoint-user']) {
      expect((await serve(signIn(), { path: NOWHERE, headers: { [name]: forged } })).statusCode).toBe(401);
      expect((await serve({}, { path: NOWHERE, headers: { [name]: forged } })).statusCode).toBe(401);
    }
  });

  test('a bearer token is verified here where no authorizer did', async () => {
    const authorization = `Bearer ${await oidc.tokenFor('ann')}`;
    expect((await serve(signIn(), { path: NOWHERE, headers: { authorization } })).statusCode).toBe(404);
    expect((await serve({}, { path: NOWHERE, headers: { authorization } })).statusCode).toBe(401);
  });

  test('an issuer that does not answer is said to, and signs nobody in', async () => {
    const variables = { ...signIn(), HOLDPOINT_OIDC_ISSUER: 'http://127.0.0.1:9' };
    expect((await serve(variables, { path: '/auth/login' })).statusCode).toBe(503);
    expect((await serve(variables, { path: NOWHERE, headers: { authorization: 'Bearer x.y.z' } })).statusCode).toBe(500);
  });
});
