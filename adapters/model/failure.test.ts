import { expect, test } from 'vitest';
import { failureOf, retryAfterMs } from './failure.ts';

const context = { timedOut: false, timeoutMs: 100, secrets: ['hush-hush'], nowMs: Date.parse('2026-01-01T00:00:00Z') };
const error = (statusCode: number | undefined, message = 'no', cause?: unknown) =>
  Object.assign(new Error(message, { cause }), statusCode === undefined ? {} : { statusCode });

test.each([
  [429, 'Rate limit reached; add a payment method at /account/billing to raise it', 'rate_limited', true, false],
  [429, 'You exceeded your current quota, please check your plan and billing details.', 'quota', false, false],
  [429, '余额不足或无可用资源包,请充值。', 'quota', false, false],
  [400, 'Your credit balance is too low to access the API', 'quota', false, false],
  [402, 'no', 'quota', false, false],
  [400, 'max_tokens is too large', 'bad_request', false, false],
  [404, 'no such model', 'bad_request', false, false],
  [401, 'no', 'auth', false, false],
  [403, 'no', 'auth', false, false],
  [408, 'no', 'timeout', true, false],
  [500, 'no', 'server_error', true, false],
  [503, 'no', 'server_error', true, false],
  [529, 'no', 'overloaded', true, false],
  [200, 'Invalid JSON response', 'malformed', false, true],
  [undefined, 'no choices', 'malformed', false, true],
])('status %s, "%s" is %s', (status, message, kind, retryable, billed) => {
  expect(failureOf(error(status, message), context)).toMatchObject({ kind, retryable, billed });
});

test.each([
  ['ECONNREFUSED', false],
  ['ENOTFOUND', false],
  ['ECONNRESET', true],
  ['UND_ERR_SOCKET', true],
])('a connection that fails with %s is a network failure; it may be billed: %s', (code, billed) => {
  const cause = Object.assign(new Error('below'), { code });
  expect(failureOf(error(undefined, 'Cannot connect to API', new TypeError('fetch failed', { cause })), context)).toMatchObject({
    kind: 'network',
    retryable: true,
    billed,
  });
});

test('a timeout is what it is, whatever the client threw', () => {
  expect(failureOf('anything', { ...context, timedOut: true })).toMatchObject({
    kind: 'timeout',
    billed: true,
    message: 'no answer within 100 ms',
  });
});

test('a message is redacted before it is cut, and an unreadable body is not quoted', () => {
  const { message } = failureOf(error(400, `${'x'.repeat(295)}hush-hush and token=xyz`), context);
  expect(message.length).toBeLessThanOrEqual(301);
  expect(message).not.toContain('hush');
  expect(failureOf(error(200, 'Invalid JSON response: {"secret-ish'), context).message).toBe('the answer could not be read (Error)');
});

test.each([
  [{ 'retry-after': '2' }, 2000],
  [{ 'retry-after': '0.5' }, 500],
  [{ 'retry-after-ms': '30', 'retry-after': '2' }, 30],
  [{ 'retry-after': 'Thu, 01 Jan 2026 00:00:10 GMT' }, 10_000],
  [{ 'retry-after': 'Thu, 01 Jan 2020 00:00:10 GMT' }, 0],
  [{ 'retry-after': 'soon' }, null],
  [{ 'retry-after': '-5' }, null],
  [{}, null],
])('%j asks for %s ms', (headers, ms) => {
  expect(retryAfterMs(headers, context.nowMs)).toBe(ms);
});
