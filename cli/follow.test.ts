import type { ServerResponse } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import type { JobEvent } from '../contracts/events.ts';
import { createApi } from './api.ts';
import { follow, type Update } from './follow.ts';
import { DRAFTS, JOB_ID, logOf } from './testing/job.ts';
import { type FakeServer, problem, startServer } from './testing/server.ts';
import { fakeWorld } from './testing/world.ts';

const log = logOf(DRAFTS.submitted, DRAFTS.proposed, DRAFTS.waits, DRAFTS.approved, DRAFTS.done);
let server: FakeServer | null = null;
afterEach(() => server?.close());

const frames = (events: JobEvent[]): string => events.map((event) => `id: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`).join('');
const stream = (response: ServerResponse, text: string): void => {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  response.write(text);
};

/** Follows until event `last`, and tells what was seen on the way. */
const seen = async (fake: FakeServer, last: number, options: { now?: () => number } = {}): Promise<(number | string)[]> => {
  const { sleep, now } = fakeWorld(options);
  const stop = new AbortController();
  const api = createApi({
    base: fake.url,
    find: () => Promise.resolve(fake.url),
    user: undefined,
    token: null,
    version: '1',
    signal: stop.signal,
  });
  const told: (number | string)[] = [];
  const tell = (update: Update) => told.push('link' in update ? update.link : update.event.seq);
  for await (const update of follow(api, JOB_ID, { after: 1, signal: stop.signal, now, sleep })) {
    tell(update);
    if ('event' in update && update.event.seq === last) break;
  }
  stop.abort();
  return told;
};

test('resumes after the last event it has seen when the stream breaks off', async () => {
  let connections = 0;
  server = await startServer((request) => (response) => {
    connections += 1;
    const after = Number(request.headers['last-event-id']);
    const next = log.filter(({ seq }) => seq > after);
    stream(response, frames(connections === 1 ? next.slice(0, 2) : next));
    if (connections === 1) setTimeout(() => response.destroy(), 20);
  });
  expect(await seen(server, 5)).toEqual([2, 3, 'lost', 'back', 4, 5]);
  expect(server.requests.map(({ headers }) => headers['last-event-id'])).toEqual(['1', '3']);
});

test('asks again when a server answers what it has and closes', async () => {
  server = await startServer((request) => (response) => {
    const after = Number(request.headers['last-event-id']);
    stream(response, `retry: 10\n\n${frames(log.slice(after, after + 1))}`);
    response.end();
  });
  expect(await seen(server, 5)).toEqual([2, 3, 4, 5]);
});

test('shows each event once, whatever the server repeats', async () => {
  server = await startServer(() => (response) => stream(response, frames([...log, ...log]) + frames(log)));
  expect(await seen(server, 5)).toEqual([2, 3, 4, 5]);
});

test('skips what is no event', async () => {
  server = await startServer(() => (response) => stream(response, `data: hello\n\ndata: {"seq": 9}\n\n: ping\n\n${frames(log)}`));
  expect(await seen(server, 5)).toEqual([2, 3, 4, 5]);
});

test.each([404, 405, 501])('polls where the server does not stream (%i)', async (status) => {
  server = await startServer(({ path, query }) =>
    path.endsWith('/stream')
      ? { status, json: {} }
      : { json: { events: log.filter(({ seq }) => seq > Number(query.get('after'))).slice(0, 2) } },
  );
  expect(await seen(server, 5)).toEqual([2, 3, 4, 5]);
  expect(server.requests.filter(({ path }) => path.endsWith('/stream'))).toHaveLength(1);
});

test('waits for a server that restarts, and goes on where it was', async () => {
  let restarting = 3;
  server = await startServer(() => {
    restarting -= 1;
    return restarting >= 0 ? problem(503, 'INTERNAL') : (response) => stream(response, frames(log));
  });
  expect(await seen(server, 5)).toEqual(['lost', 'back', 2, 3, 4, 5]);
});

test('gives up after a minute without the server', async () => {
  let clock = 0;
  server = await startServer(() => problem(500, 'INTERNAL'));
  await expect(seen(server, 5, { now: () => (clock += 20_000) })).rejects.toMatchObject({ exit: 69 });
});

test('a refusal is not tried again', async () => {
  server = await startServer(() => problem(403, 'FORBIDDEN'));
  await expect(seen(server, 5)).rejects.toMatchObject({ exit: 6 });
  expect(server.requests).toHaveLength(1);
});
