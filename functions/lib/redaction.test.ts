import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSensitiveKey, redact } from './redaction.ts';

const hidden = (text: string, ...leaks: string[]) => {
  const result = redact(text);
  for (const leak of leaks) expect(result.text).not.toContain(leak);
  return result;
};

describe('sensitive names', () => {
  test('key=value pairs lose the whole value, also one that is a pair itself', () => {
    const { text, counts } = redact('password=abc cookie=sid=123 token=xyz user=bob');
    expect(text).toBe('password=[REDACTED:sensitive_key] cookie=[REDACTED:sensitive_key] token=[REDACTED:sensitive_key] user=bob');
    expect(counts).toEqual({ sensitive_key: 3 });
  });

  test.each([
    ['a header goes to the end of its line', 'Cookie: sid=123; theme=dark\nHost: x', ['sid=123', 'dark'], 'Host: x'],
    ['a cookie pair takes its attributes along', 'cookie=sid=123; theme=dark rest', ['123', 'dark'], ' rest'],
    ['an authorization header loses scheme and value', 'Authorization: Basic dXNlcjpwYXNz', ['dXNlcjpwYXNz'], 'Authorization: '],
    ['authorization in a query loses the word after its scheme', 'authorization=Bearer a.b.c next', ['a.b.c'], ' next'],
    ['a pass phrase has spaces', 'Password: correct horse battery\nnext', ['correct', 'horse', 'battery'], '\nnext'],
    ['a query string', 'https://x.test/?api_key=AbC123&page=2', ['AbC123'], '&page=2'],
    ['a URL-encoded separator', 'client_secret%3Dabc123', ['abc123'], 'client_secret'],
    ['a camel-case name', '{"dbPassword":"hunter2","port":5432}', ['hunter2'], '"port":5432'],
    ['a value with an escaped quote', '{"password":"a\\"b-secret","x":1}', ['b-secret', 'a\\"b'], '"x":1'],
    ['JSON inside JSON', '{"body":"{\\"token\\":\\"abc123\\",\\"n\\":1}"}', ['abc123'], '\\"n\\":1'],
    ['a number', '{"pin_token": 123456, "x":1}', ['123456'], '"x":1'],
    ['a list', '{"secrets":["one]","two"],"x":1}', ['one', 'two'], '"x":1'],
    ['an object', '{"credentials":{"user":"u","key":"k9"},"x":1}', ['k9'], '"x":1'],
    ['a long prefix before the name', `${'a'.repeat(200)}_password=hunter2`, ['hunter2'], '_password='],
    ['a name in quotes across lines', '"token" :\n "abc123"', ['abc123'], '"token"'],
    ['single quotes', "{'api_key': 'abc123', 'n': 1}", ['abc123'], "'n': 1"],
    ['a command-line flag', 'curl --password hunter2 https://x.test', ['hunter2'], 'https://x.test'],
    ['an unclosed string', '{"token":"abc123', ['abc123'], '"token":'],
  ])('%s', (_, text, leaks, kept) => {
    expect(hidden(text, ...leaks).text).toContain(kept);
  });

  test('JSON stays JSON', () => {
    const value = { password: 'a"b\\c', token: 12, secret: ['x', { y: '}' }], nested: { api_key: null, text: 'password=q"w' } };
    const text = JSON.stringify(JSON.stringify(value));
    const outer: unknown = JSON.parse(redact(text).text);
    expect(typeof outer).toBe('string');
    const once = JSON.parse(redact(JSON.stringify(value)).text);
    expect(once).toMatchObject({ password: '[REDACTED:sensitive_key]', secret: '[REDACTED:sensitive_key]', nested: { api_key: null } });
  });

  test.each([
    'prompt_tokens',
    'max_output_tokens',
    'completion_tokens',
    'token_budget',
    'key',
    'author',
    'passed',
    'compass',
    'secretary',
    'key_id',
  ])('%s is not a secret', (key) => expect(isSensitiveKey(key)).toBe(false));
});

describe('shapes of tokens', () => {
  test.each([
    ['jwt', 'see eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl now', 'eyJ'],
    ['aws_key', 'id AKIAIOSFODNN7EXAMPLE used', 'AKIA'],
    ['provider_key', 'use sk-ant-api03-abcdEFGH1234 here', 'abcdEFGH'],
    ['provider_key', 'GLM 0123456789abcdef0123456789abcdef.AbCdEfGh12345678', 'AbCdEfGh'],
    ['provider_key', 'ghp_0123456789abcdefghijABCDEFGHIJ012345', '0123456789abcdef'],
    ['bot_token', 'bot123456789:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc', 'AAEhBO'],
    ['webhook_url', 'https://hooks.slack.com/services/T0/B0/XyZ123', 'XyZ123'],
    ['bearer_token', 'sent Bearer abc123def', 'abc123def'],
    ['url_password', 'postgres://bob:hunter2@db:5432/x', 'hunter2'],
    ['capability', 'http://h/a/Zm9vYmFyYmF6cXV4Zm9vYmFy', 'Zm9vYmFy'],
    ['private_key', 'x -----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4\n\nMIIabc\n-----END RSA PRIVATE KEY----- y', 'MIIabc'],
    ['private_key', '-----BEGIN PRIVATE KEY-----\\nMIIabc (cut', 'MIIabc'],
  ])('%s: %s', (rule, text, leak) => {
    expect(hidden(text, leak).counts).toEqual({ [rule]: 1 });
  });

  test.each([
    'risk-adjusted returns of bearer bonds, at 12:30',
    'The token budget: 5 tiers; total_tokens=1200',
    'entry<30 and exit>60, ratio 1:2',
    'https://x.test/a/short and S&P 500',
  ])('leaves plain text alone: %s', (text) => expect(redact(text)).toEqual({ text, counts: {} }));
});

describe('known values', () => {
  const secret = 'pä"ss/w+rd\\9 x&';
  const forms: [string, string][] = [
    ['raw', secret],
    ['URL', encodeURIComponent(secret)],
    ['URL, lower-case hex', encodeURIComponent(secret).toLowerCase()],
    ['form', new URLSearchParams({ q: secret }).toString().slice(2)],
    ['JSON', JSON.stringify(secret).slice(1, -1)],
    ['JSON in JSON', JSON.stringify(JSON.stringify(secret)).slice(3, -3)],
    ['HTML', secret.replaceAll('&', '&amp;').replaceAll('"', '&quot;')],
  ];
  test.each(forms)('are removed in %s form', (_, form) => {
    expect(redact(`<${form}>`, { secrets: [secret] })).toEqual({ text: '<[REDACTED:secret_value]>', counts: { secret_value: 1 } });
  });

  test('are removed from base64 at any alignment, in both alphabets', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 6, maxLength: 40 }),
        fc.string({ maxLength: 7 }),
        fc.string({ maxLength: 7 }),
        (value, before, after) => {
          for (const encoding of ['base64', 'base64url'] as const) {
            const text = `x=${Buffer.from(before + value + after).toString(encoding)};`;
            expect(redact(text, { secrets: [value] }).counts.secret_value).toBeGreaterThanOrEqual(1);
          }
        },
      ),
    );
  });

  test('the longer of two overlapping values wins, and short ones are not looked for', () => {
    expect(redact('abcdefgh abc', { secrets: ['abcd', 'abcdefgh', 'abc'] }).text).toBe('[REDACTED:secret_value] abc');
  });

  test('a value that is part of a marker does not eat markers', () => {
    const once = redact('REDACTED password=secret_value', { secrets: ['secret_value', 'REDACTED'] }).text;
    expect(redact(once, { secrets: ['secret_value', 'REDACTED'] }).text).toBe(once);
  });
});

const fragment = fc.oneof(
  fc.constantFrom(
    'password',
    'token',
    'cookie',
    'Authorization',
    'api_key',
    'Bearer ',
    '=',
    ':',
    ': ',
    '; ',
    '"',
    '\\"',
    "'",
    '\\',
    '{',
    '}',
    '[',
    ']',
    ',',
    '&',
    '%3D',
    '\n',
    ' ',
    'sk-abcdefgh12',
    'AKIAIOSFODNN7EXAMPLE',
    'eyJabcd.efgh.ij',
    '[REDACTED:jwt]',
    '[REDACTED:',
    '-----BEGIN PRIVATE KEY-----',
    '://a:',
    '@',
    '--token ',
  ),
  fc.string({ maxLength: 6 }),
  fc.string({ unit: 'binary', maxLength: 3 }),
);
const wild = fc.array(fragment, { maxLength: 25 }).map((parts) => parts.join(''));

test('redacting twice changes nothing, and nothing makes it throw', () => {
  fc.assert(
    fc.property(wild, fc.array(fc.string({ maxLength: 12 }), { maxLength: 3 }), (text, secrets) => {
      const once = redact(text, { secrets });
      const twice = redact(once.text, { secrets });
      expect(twice.text).toBe(once.text);
      expect(twice.counts).toEqual({});
    }),
    { numRuns: 2000 },
  );
});

test('time is linear in hostile text of one megabyte', () => {
  const size = 1_000_000;
  const hostile = [
    'a',
    'token="',
    'token=',
    '-----BEGIN PRIVATE KEY-----',
    'eyJa.',
    'sk-',
    '://a:',
    'bearer ',
    '"token":[',
    ' ',
    '\\',
    '\\"',
    'password: ',
    '=',
    '--token ',
    'token ',
    '"secret":{"',
  ];
  for (const unit of hostile) {
    const text = unit.repeat(Math.ceil(size / unit.length));
    const started = performance.now();
    redact(text, { secrets: ['a-known-secret-value'] });
    expect(performance.now() - started, unit).toBeLessThan(5000);
  }
});
