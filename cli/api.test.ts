import { afterAll, beforeAll, expect, test } from 'vitest';
import * as z from 'zod';
import { PROBLEMS } from '../contracts/http.ts';
import { createApi } from './api.ts';
import { CliError } from './exit.ts';
import { type FakeServer, problem, startServer } from './testing/server.ts';

let server: FakeServer;
beforeAll(async () => {
  server = await startServer(() => ({ json: { ok: true } }));
});
afterAll(() => server.close());

const api = (base = server.url, token: string | null = null) =>
  createApi({ base, find: () => Promise.resolve(base), user: 'ann', token, version: '1', signal: new AbortController().signal });

const failure = async (call: Promise<unknown>): Promise<CliError> => {
  const error: unknown = await call.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof CliError)) throw new Error(`expected a CliError, got ${String(error)}`);
  return error;
};

const EXITS: Record<number, number> = { 400: 2, 401: 6, 403: 6, 404: 4, 409: 5, 410: 5, 413: 2, 429: 75, 500: 69, 503: 69 };

test.each(Object.entries(PROBLEMS))('%s (%i) ends with the exit code of its status', async (code, status) => {
  server.handle = () => problem(status, code, { subject_digest: 'sha256:new' });
  const error = await failure(api().call('GET', '/x', z.unknown()));
  expect(error).toMatchObject({ code, exit: EXITS[status], message: `refused with ${code}`, details: { subject_digest: 'sha256:new' } });
});

test('an answer that is no problem document still has the exit code of its status, and shows no escape codes', async () => {
  server.handle = () => ({ status: 502, text: '<h1>\x1b[31mbad gateway</h1>', type: 'text/html' });
  const error = await failure(api().call('GET', '/x', z.unknown()));
  expect(error.exit).toBe(69);
  expect(error.message).toBe(`${server.url}/x answered 502: <h1>bad gateway</h1>`);
});

test('a 503 of a gateway is not taken for the kill switch', async () => {
  server.handle = () => ({ status: 503, json: { message: 'Service Unavailable' } });
  const error = await failure(api().call('GET', '/x', z.unknown()));
  expect(error).toMatchObject({ code: 'UNEXPECTED_ANSWER', exit: 69, next: 'try again in a moment' });
});

test('an answer of another shape is refused, not guessed at', async () => {
  server.handle = () => ({ text: 'hello', type: 'text/html' });
  expect(await failure(api().call('GET', '/x', z.object({ jobs: z.array(z.string()) })))).toMatchObject({
    code: 'UNEXPECTED_ANSWER',
    exit: 69,
  });
});

test('a server that is not there is unavailable, and the address is named', async () => {
  const gone = await startServer(() => ({}));
  await gone.close();
  const error = await failure(api(gone.url).call('GET', '/x', z.unknown()));
  expect(error.exit).toBe(69);
  expect(error.message).toContain(gone.url);
  expect(error.message).toContain('ECONNREFUSED');
});

test('a server that does not answer in time is unavailable', async () => {
  server.handle = () => () => {};
  expect(await failure(api().call('GET', '/x', z.unknown(), { timeoutMs: 30 }))).toMatchObject({ code: 'UNREACHABLE', exit: 69 });
});

test('the name and the token travel in headers, and the token never over plain http to another machine', async () => {
  server.handle = () => ({ json: {} });
  await api(server.url, 'secret').call('GET', '/x', z.unknown());
  expect(server.requests.at(-1)?.headers).toMatchObject({ 'x-holdpoint-user': 'ann', authorization: 'Bearer secret' });
  const error = await failure(api('http://holdpoint.example', 'secret').call('GET', '/x', z.unknown()));
  expect(error.exit).toBe(2);
  expect(error.message).not.toContain('secret');
});
