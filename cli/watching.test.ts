import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { JobEvent } from '../contracts/events.ts';
import { JOB_ID, jobHandler, LOGS, viewOf } from './testing/job.ts';
import { type FakeServer, problem, type Request, startServer } from './testing/server.ts';
import { cli, type Ran } from './testing/world.ts';
import { widthOf } from './text.ts';

let server: FakeServer;
beforeEach(async () => {
  server = await startServer(() => problem(404, 'NOT_FOUND'));
});
afterEach(() => server.close());

const run = (...argv: string[]): Promise<Ran> => cli([...argv, '--endpoint', server.url]);
const last = (): Request | undefined => server.requests.at(-1);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdpoint-cli-'));
  await writeFile(join(folder, 'spec.json'), '{"title": "x"}');
});
const file = (name: string): string => join(folder, name);

test('submit sends the file as it is and says whether the job is new', async () => {
  const job = viewOf(LOGS.submitted);
  server.handle = () => ({ status: 201, json: job });
  const first = await run('submit', file('spec.json'), '--as', 'ann');
  expect(last()).toMatchObject({ method: 'POST', path: '/jobs', body: '{"title": "x"}', headers: { 'x-holdpoint-user': 'ann' } });
  expect(first).toMatchObject({ exit: 0, stderr: '' });
  expect(first.stdout).toContain(`submitted job ${JOB_ID}`);
  expect(first.stdout).toContain(`${server.url}/ui/jobs/${JOB_ID}`);
  server.handle = () => ({ status: 200, json: job });
  expect((await run('submit', file('spec.json'))).stdout).toContain('was there already');
  expect(JSON.parse((await run('submit', file('spec.json'), '--json')).stdout)).toEqual({ ...job, created: false });
});

test('submit --run counts the same work as another job', async () => {
  server.handle = () => ({ status: 201, json: viewOf(LOGS.submitted) });
  await run('submit', file('spec.json'), '--run', '2');
  expect(JSON.parse(last()?.body ?? '')).toEqual({ title: 'x', run: 2 });
});

test.each([
  ['absent.json', null, 'there is no such file'],
  ['broken.json', '{"title": ', 'not JSON'],
  ['large.json', `"${'x'.repeat(205_000)}"`, 'at most 204800'],
  ['latin.json', Buffer.from([0x22, 0xe9, 0x22]), 'not UTF-8'],
])('submit of %s exits 2 before anything is sent', async (name, content, reason) => {
  if (content !== null) await writeFile(file(name), content);
  const { exit, stderr } = await run('submit', file(name));
  expect(exit).toBe(2);
  expect(stderr).toContain(reason);
  expect(server.requests).toEqual([]);
});

test('submit reads standard input for "-"', async () => {
  server.handle = () => ({ status: 201, json: viewOf(LOGS.submitted) });
  const chunks = (async function* () {
    yield Buffer.from('{"title"');
    yield Buffer.from(': "y"}');
  })();
  const { exit } = await cli(['submit', '-', '--endpoint', server.url], { stdin: { tty: false, chunks } });
  expect(exit).toBe(0);
  expect(last()?.body).toBe('{"title": "y"}');
});

const submitAnd = (events: JobEvent[], ...argv: string[]): Promise<Ran> => {
  server.handle = jobHandler(events, ({ method, path }) =>
    method === 'POST' && path === '/jobs' ? { status: 201, json: viewOf(events) } : undefined,
  );
  return run('submit', file('spec.json'), ...argv);
};

test.each([
  ['a job that succeeded', LOGS.done, [], 0],
  ['a job that ended otherwise', LOGS.failed, [], 1],
  ['a job that waits, when that was asked for', LOGS.waits, ['--until', 'waiting'], 0],
  ['a job that still waits when the time is up', LOGS.waits, ['--timeout', '1s'], 3],
])('submit --wait: %s', async (_, events, more, exit) => {
  const ran = await submitAnd(events, '--wait', ...more, '--json');
  expect(ran.exit).toBe(exit);
  expect(JSON.parse(ran.stdout)).toMatchObject({ job_id: JOB_ID, created: true, status: viewOf(events).status });
  expect(ran.stderr === '').toBe(exit === 0);
});

test('a job that ended badly says why, and where to look', async () => {
  const { stdout, stderr } = await submitAnd(LOGS.failed, '--wait');
  expect(stdout).toContain('ERROR error STOPPED_LLM_ERROR');
  expect(stderr).toBe(
    `job ${JOB_ID} ended stopped_llm_error (STOPPED_LLM_ERROR)\n  next: see its log with "holdpoint timeline ${JOB_ID}"\n`,
  );
});

test('watch follows the stream to the end, one plain line per event with its labels', async () => {
  let known = LOGS.waits;
  server.handle = jobHandler(LOGS.waits, ({ path }) => {
    if (path === `/jobs/${JOB_ID}`) return { json: { job: viewOf(known), events: known } };
    if (!path.endsWith('/stream')) return undefined;
    return (response) => {
      known = LOGS.done;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(LOGS.done.map((event) => `id: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`).join(''));
    };
  });
  const { exit, stdout } = await run('watch', JOB_ID);
  expect(exit).toBe(0);
  const events = stdout.split('\n').filter((line) => line.startsWith('2026-'));
  expect(events).toHaveLength(5);
  expect(events[1]).toBe('2026-01-01T00:00:01.000Z BLUEPRINT_PROPOSED intent blueprint proposed REPLAY DEGRADED');
  expect(events[4]).toBe('2026-01-01T00:00:04.000Z DONE done succeeded');
});

test.each([40, 80])('on a terminal of %i columns no line is wider than it, and colours can be switched off', async (columns) => {
  server.handle = jobHandler(LOGS.done);
  const argv = ['watch', JOB_ID, '--endpoint', server.url];
  const [painted, plain] = await Promise.all([
    cli(argv, { columns, env: { url: null, token: null, configDir: null, noColor: false, dumb: false } }),
    cli(argv, { columns }),
  ]);
  expect(painted.stdout).toContain('✓');
  expect(painted.stdout).toContain('\x1b[');
  expect(plain.stdout).not.toContain('\x1b[3');
  const lines = stripVTControlCharacters(painted.stdout).split(/[\r\n]/);
  expect(lines.some((line) => line.includes('REPLAY DEGRADED'))).toBe(true);
  for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(columns);
});

test('interrupted, the watch ends with 130 and says that the job goes on', async () => {
  server.handle = jobHandler(LOGS.waits, ({ path }) =>
    path.endsWith('/stream')
      ? (response) => void response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': hi\n\n')
      : undefined,
  );
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 80);
  const { exit, stderr } = await cli(['watch', JOB_ID, '--endpoint', server.url], { interrupted: stop.signal });
  expect(exit).toBe(130);
  expect(stderr).toContain(`job ${JOB_ID} goes on; watch again with "holdpoint watch ${JOB_ID}"`);
});
