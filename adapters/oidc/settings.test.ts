import { expect, test } from 'vitest';
import { readEnv } from '../env.ts';

const BASE = {
  ...{ HOLDPOINT_ENV: 'dev', HOLDPOINT_EVENTS_BUCKET: 'e', HOLDPOINT_ARTIFACTS_BUCKET: 'a', HOLDPOINT_CASSETTES_BUCKET: 'c' },
  ...{
    HOLDPOINT_TELEMETRY_BUCKET: 't',
    HOLDPOINT_TABLE: 'jobs',
    HOLDPOINT_JOB_MACHINE_ARN: 'arn:aws:states:::x',
    HOLDPOINT_ROLLOUT_MACHINE_ARN: 'arn:aws:states:::y',
  },
};
const ON = { ...BASE, HOLDPOINT_SIGN_IN: 'required', HOLDPOINT_OIDC_ISSUER: 'https://id.example', HOLDPOINT_OIDC_CLIENT_ID: 'pages' };

test('sign-in is off unless it is asked for', () => {
  expect(readEnv(BASE).signIn).toBeNull();
  expect(readEnv({ ...ON, HOLDPOINT_SIGN_IN: 'off' }).signIn).toBeNull();
});

test('one client does for pages, command line and API, and people go by their address', () => {
  expect(readEnv(ON).signIn).toEqual({
    ...{ mode: 'required', issuer: 'https://id.example', client_id: 'pages', cli_client_id: 'pages', secret: null },
    ...{ audiences: ['pages'], admission: { identity: 'email', groups: [], operators: [] } },
  });
});

test('further audiences and groups are lists', () => {
  const more = { HOLDPOINT_OIDC_CLI_CLIENT_ID: 'cli', HOLDPOINT_OIDC_AUDIENCE: 'api, pages', HOLDPOINT_OIDC_GROUPS: 'a, b,' };
  expect(readEnv({ ...ON, ...more }).signIn).toMatchObject({
    audiences: ['pages', 'cli', 'api'],
    admission: { groups: ['a', 'b'] },
  });
});

test.each([
  [{ HOLDPOINT_SIGN_IN: 'maybe' }, /HOLDPOINT_SIGN_IN is "maybe": .*"required"\|"optional"\|"off"/],
  [{ HOLDPOINT_OIDC_ISSUER: undefined }, /HOLDPOINT_OIDC_ISSUER is missing: HOLDPOINT_SIGN_IN is "required"/],
  [{ HOLDPOINT_OIDC_CLIENT_ID: undefined }, /HOLDPOINT_OIDC_CLIENT_ID is missing/],
  [{ HOLDPOINT_OIDC_ISSUER: 'http://id.example' }, /HOLDPOINT_OIDC_ISSUER is "http:\/\/id.example": must be an https address/],
  [{ HOLDPOINT_OIDC_ISSUER: 'http://127.0.0.1.evil.example' }, /must be an https address/],
  [{ HOLDPOINT_OIDC_CLIENT_SECRET_ARN: 'x' }, /HOLDPOINT_OIDC_CLIENT_SECRET_ARN is \(hidden\): must be the ARN of a secret/],
  [{ HOLDPOINT_OIDC_CLIENT_SECRET: 'hush', HOLDPOINT_OIDC_CLIENT_SECRET_ARN: 'arn:aws:secretsmanager:us-east-1:1:secret:x' }, /both set/],
  [{ HOLDPOINT_OIDC_CLIENT_SECRET: 'hush hush' }, /HOLDPOINT_OIDC_CLIENT_SECRET is \(hidden\)/],
  [{ HOLDPOINT_OIDC_GROUPS: ' , ' }, /HOLDPOINT_OIDC_GROUPS is " , ": must name at least one/],
  [{ HOLDPOINT_OIDC_IDENTITY: 'name' }, /HOLDPOINT_OIDC_IDENTITY is "name"/],
])('%j stops the start with the variable and what is allowed', (more, message) => {
  expect(() => readEnv({ ...ON, ...more })).toThrow(message);
  expect(() => readEnv({ ...ON, ...more })).not.toThrow(/hush/);
});
