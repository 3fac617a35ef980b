import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Refusal } from '../../../contracts/commands.ts';
import type { KeyRing } from '../../../contracts/ports.ts';
import { Person } from '../../../contracts/session.ts';
import { readCookie, setCookie } from './cookies.ts';
import { personOf } from './person.ts';
import { loginUrl, pageOfRequest, returnTo } from './return-to.ts';
import { createVault, type Purpose } from './vault.ts';

const NOW = Date.UTC(2026, 0, 10);
const [K1, K2] = ['1'.repeat(64), '2'.repeat(64)];
const RING: KeyRing = { current: 'k1', keys: { k1: K1 } };
const vault = (options: { ring?: KeyRing; audience?: string; now?: number } = {}) =>
  createVault({ ring: async () => options.ring ?? RING, audience: options.audience ?? 'dev', now: () => options.now ?? NOW });
const seal = (options: Parameters<typeof vault>[0] = {}, purpose: Purpose = 'session') =>
  vault(options).seal(purpose, { id: 'ann', groups: ['ops'] }, 60);
const open = (sealed: string, options: Parameters<typeof vault>[0] = {}, purpose: Purpose = 'session') =>
  vault(options).open(purpose, sealed, Person);

describe('the vault', () => {
  test('opens what it sealed, until it expires', async () => {
    const sealed = await seal();
    expect(await open(sealed, { now: NOW + 59_000 })).toEqual({ ok: true, value: { id: 'ann', groups: ['ops'] } });
    expect(await open(sealed, { now: NOW + 61_000 })).toEqual({ ok: false, why: 'expired' });
  });

  test('opens with a retired key, and never with one that left the ring', async () => {
    const sealed = await seal();
    expect(await open(sealed, { ring: { current: 'k2', keys: { k1: K1, k2: K2 } } })).toMatchObject({ ok: true });
    expect(await open(sealed, { ring: { current: 'k2', keys: { k2: K2 } } })).toEqual({ ok: false, why: 'invalid' });
  });

  test.each([
    ['another key of the same name', { ring: { current: 'k1', keys: { k1: K2 } } }, 'session'],
    ['another audience', { audience: 'prod' }, 'session'],
    ['another purpose', {}, 'login'],
  ] as const)('does not open with %s', async (_, options, purpose) => {
    expect(await open(await seal(), options, purpose)).toEqual({ ok: false, why: 'invalid' });
  });

  test('does not open what was altered anywhere, or anything else', async () => {
    const sealed = await seal();
    await fc.assert(
      fc.asyncProperty(fc.nat(sealed.length - 1), fc.constantFrom('a', 'b', 'X', '0', '9', '-', '_', '.'), async (at, letter) => {
        fc.pre(sealed[at] !== letter);
        const altered = sealed.slice(0, at) + letter + sealed.slice(at + 1);
        // The last letters of a part may carry spare bits: the bytes are what counts.
        fc.pre(
          altered
            .split('.')
            .some((part, i) => !Buffer.from(part, 'base64url').equals(Buffer.from(sealed.split('.')[i] ?? '', 'base64url'))),
        );
        expect((await open(altered)).ok).toBe(false);
      }),
      { numRuns: 60 },
    );
    await fc.assert(
      fc.asyncProperty(fc.string(), async (text) => {
        expect((await open(text)).ok).toBe(false);
      }),
    );
  });

  test('does not open a signed token that is not encrypted', async () => {
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    for (const alg of ['none', 'HS256', 'dir']) {
      expect((await open(`${part({ alg, kid: 'k1' })}.${part({ id: 'ann', exp: NOW, aud: 'dev' })}.`)).ok).toBe(false);
    }
  });
});

describe('cookies', () => {
  const at = (url: string, cookie = '') => new Request(url, { headers: { cookie } });

  test('over https the name is bound to the host and the cookie is Secure; over loopback http neither can be', () => {
    const secure = setCookie(at('https://holdpoint.example/ui/jobs'), 'session', 'x', 60);
    expect(secure).toBe('__Host-holdpoint-session=x; Max-Age=60; Path=/; HttpOnly; Secure; SameSite=Lax');
    expect(setCookie(at('http://127.0.0.1:4400/'), 'session', 'x', 60)).toBe(
      'holdpoint-session=x; Max-Age=60; Path=/; HttpOnly; SameSite=Lax',
    );
  });

  test('over https a cookie of the plain name, which any subdomain could set, does not count', () => {
    expect(readCookie(at('https://holdpoint.example/', 'holdpoint-session=evil'), 'session')).toBeNull();
    expect(readCookie(at('https://holdpoint.example/', 'a=b; __Host-holdpoint-session=good'), 'session')).toBe('good');
  });
});

describe('the way back', () => {
  test.each(['/ui/jobs', '/ui/jobs?status=DONE&q=a%20b', '/ui/jobs/aaaaaaaaaaaa#e3', '/a/cap-ability'])('%s is kept', (page) => {
    expect(returnTo(page)).toBe(page);
  });

  test('whatever is asked, it is a page of ours', () => {
    const evil = fc.constantFrom(
      '//',
      '/\\',
      'https:',
      '/ui/',
      '/a/',
      '..',
      '@',
      'evil.example',
      '\t',
      '\n',
      '%2f',
      '%5c',
      '?',
      '#',
      ' ',
      '\\',
      ':',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.webUrl(),
          fc.string(),
          fc.array(evil).map((parts) => parts.join('')),
        ),
        (asked) => {
          const url = new URL(returnTo(asked), 'https://holdpoint.example');
          expect(url.origin).toBe('https://holdpoint.example');
          expect(url.pathname).toMatch(/^\/(ui|a)\//);
          expect(returnTo(asked)).toMatch(/^\/[^/\\]/);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('a form leads back to the page it stood on', () => {
    const of = (method: string, path: string) => pageOfRequest(new Request(`http://localhost${path}`, { method }));
    expect(of('GET', '/ui/jobs?q=x')).toBe('/ui/jobs?q=x');
    expect(of('POST', '/ui/jobs/aaaaaaaaaaaa/decide')).toBe('/ui/jobs/aaaaaaaaaaaa');
    expect(of('POST', '/a/capability')).toBe('/a/capability');
    expect(loginUrl('/ui/jobs?q=a&b')).toBe('/auth/login?return_to=%2Fui%2Fjobs%3Fq%3Da%26b');
  });
});

describe('who claims speak of', () => {
  const BY_EMAIL = { identity: 'email', groups: [], operators: [] } as const;
  const claims = { sub: 'auth0|17', email: 'Ann@Example.test', email_verified: true };

  test('is the verified address, in lower case, so that one person is one approver', () => {
    expect(personOf(claims, BY_EMAIL)).toEqual({ id: 'ann@example.test', groups: [] });
    expect(personOf({ ...claims, email_verified: 'true' }, BY_EMAIL)).toEqual({ id: 'ann@example.test', groups: [] });
  });

  test.each([{ email_verified: false }, { email_verified: undefined }, { email_verified: 'yes' }, { email: undefined }, { email: 7 }])(
    'is nobody with %j: the subject does not stand in, or one person would be two',
    (more) => {
      expect(personOf({ ...claims, ...more }, BY_EMAIL)).toMatchObject({ code: 'FORBIDDEN' });
    },
  );

  test('is the subject where the environment goes by it, if the log can hold that', () => {
    expect(personOf({ sub: 'u-17' }, { identity: 'sub', groups: [], operators: [] })).toEqual({ id: 'u-17', groups: [] });
    const refused = personOf(claims, { identity: 'sub', groups: [], operators: [] });
    expect(refused).toBeInstanceOf(Refusal);
    expect(refused).toMatchObject({ message: expect.stringContaining('"auth0|17"') });
  });

  test('keeps of their groups only those that run the environment', () => {
    const person = personOf({ ...claims, groups: ['a', 'ops', 'b'] }, { ...BY_EMAIL, groups: ['a'], operators: ['ops'] });
    expect(person).toMatchObject({ groups: ['ops'] });
  });

  test.each([
    [{ groups: ['a', 'ops'] }, true],
    [{ groups: 'ops' }, true],
    [{ 'cognito:groups': '[a ops]' }, true],
    [{ groups: ['ops-not'] }, false],
    [{ groups: { ops: true } }, false],
    [{}, false],
  ])('with the group "ops" needed, %j comes in, or runs the environment: %s', (more, belongs) => {
    expect(personOf({ ...claims, ...more }, { ...BY_EMAIL, groups: ['ops'] }) instanceof Refusal).toBe(!belongs);
    expect(personOf({ ...claims, ...more }, { ...BY_EMAIL, operators: ['ops', 'root'] })).toMatchObject({ groups: belongs ? ['ops'] : [] });
  });
});
