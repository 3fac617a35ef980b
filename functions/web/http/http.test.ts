import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { Refusal } from '../../../contracts/commands.ts';
import { readJson, readText } from './body.ts';
import { artifactPathOf, parseInput } from './input.ts';
import { refuseForeignHost, refuseForeignWrite } from './origin.ts';
import { problemOf } from './problem.ts';

const post = (headers: Record<string, string>, body: string | Uint8Array<ArrayBuffer> | null = '{}', url = 'http://localhost/x'): Request =>
  new Request(url, { method: 'POST', headers, body });

const code = (act: () => unknown): string => {
  try {
    act();
    return 'fine';
  } catch (error) {
    return error instanceof Refusal ? error.code : String(error);
  }
};

describe('writes from elsewhere', () => {
  const form = 'application/x-www-form-urlencoded';
  test.each([
    ['a foreign Origin', { origin: 'https://evil.example' }, 'FORBIDDEN'],
    ['another port of this host', { origin: 'http://localhost:9999' }, 'FORBIDDEN'],
    ['Sec-Fetch-Site cross-site', { 'sec-fetch-site': 'cross-site' }, 'FORBIDDEN'],
    ['Sec-Fetch-Site same-site', { 'sec-fetch-site': 'same-site' }, 'FORBIDDEN'],
    ['a form with neither header', { 'content-type': form }, 'FORBIDDEN'],
    ['a form with only Origin: null', { 'content-type': form, origin: 'null' }, 'FORBIDDEN'],
    ['Origin: null vouched for by the browser', { 'content-type': form, origin: 'null', 'sec-fetch-site': 'same-origin' }, 'fine'],
    ['our own Origin', { 'content-type': form, origin: 'http://localhost' }, 'fine'],
    ['JSON of a program, with neither header', { 'content-type': 'application/json' }, 'fine'],
  ])('%s: %o is %s', (_, headers, expected) => {
    expect(code(() => refuseForeignWrite(post(headers)))).toBe(expected);
  });

  test('a name that only resolves to this machine is not served', () => {
    expect(code(() => refuseForeignHost(new Request('http://evil.example:4400/ui/jobs')))).toBe('FORBIDDEN');
    for (const host of ['127.0.0.1:4400', 'localhost', '[::1]:1'])
      expect(code(() => refuseForeignHost(new Request(`http://${host}/`)))).toBe('fine');
  });
});

describe('bodies', () => {
  test('a body over the limit is refused while it is read, not after', async () => {
    let pulled = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        pulled += 1;
        controller.enqueue(new Uint8Array(1024));
      },
    });
    const request = new Request('http://localhost/', { method: 'POST', body: endless, duplex: 'half' } as RequestInit);
    await expect(readText(request, 4096, 'body')).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    expect(pulled).toBeLessThan(20);
  });

  test('exactly the limit passes, one byte more does not', async () => {
    await expect(readText(post({}, 'x'.repeat(100)), 100, 'body')).resolves.toHaveLength(100);
    await expect(readText(post({}, 'x'.repeat(101)), 100, 'body')).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
  });

  test.each([
    ['not UTF-8', new Uint8Array([0x22, 0xff, 0x22])],
    ['not JSON', '{'],
    ['half a surrogate pair', '{"a":"\\ud800"}'],
    ['empty', ''],
  ])('a JSON body that is %s is INVALID_INPUT', async (_, body) => {
    const read = readJson(post({ 'content-type': 'application/json' }, body), z.unknown(), { limit: 100, what: 'body' });
    await expect(read).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });

  test('JSON under another content type is refused, so that no form can send it', async () => {
    const read = readJson(post({ 'content-type': 'text/plain' }), z.unknown(), { limit: 100, what: 'body' });
    await expect(read).rejects.toThrow('application/json');
  });
});

test('a refused value is named by pointer and shown', () => {
  const schema = z.strictObject({ a: z.object({ 'b/c': z.int() }) });
  const act = () => parseInput(schema, { a: { 'b/c': 'seven' } }, 'spec');
  expect(act).toThrow('spec at "/a/b~1c"');
  expect(act).toThrow('got "seven"');
});

test('no request path outside the allow-list becomes an artifact path', () => {
  fc.assert(
    fc.property(fc.string(), (path) => {
      const found = code(() => artifactPathOf(`/jobs/aaaaaaaaaaaa/artifacts/${path}`));
      if (found === 'fine') expect(path).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_./-]*$/);
      expect(path.split('/').some((part) => part === '..' || part === '') && found === 'fine').toBe(false);
    }),
  );
  for (const path of ['../x', 'a/../b', 'a//b', '%2e%2e/x', '/etc/passwd', '.hidden', 'a/.b']) {
    expect(code(() => artifactPathOf(`/jobs/aaaaaaaaaaaa/artifacts/${path}`))).toBe('NOT_FOUND');
  }
});

test('an unexpected error tells a caller nothing about the inside', () => {
  const problem = problemOf(new Error('password=hunter2 at /srv/secret.ts'));
  expect(problem).toMatchObject({ status: 500, code: 'INTERNAL' });
  expect(JSON.stringify(problem)).not.toMatch(/hunter2|secret/);
});

test("a refusal's extra members cannot overwrite the problem's own", () => {
  expect(problemOf(new Refusal('STALE_SUBJECT', 'look again', { status: 200, subject_digest: 'x' }))).toMatchObject({
    status: 409,
    subject_digest: 'x',
  });
});
