import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { JOB_ID, jobHandler, KEY, LOGS, viewOf } from './testing/job.ts';
import { type FakeServer, problem, type Request, startServer } from './testing/server.ts';
import { cli, type Ran } from './testing/world.ts';

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
});
const file = (name: string): string => join(folder, name);

test.each([
  [['status', 'XYZ'], 'XYZ'],
  [['approve', '0123456789ab', '--step', 'nonsense'], 'nonsense'],
  [['approve', '0123456789ab', '--digest', 'abc'], 'abc'],
  [['watch', '0123456789ab', '--timeout', 'soon'], 'soon'],
  [['jobs', '--status', 'ODD'], 'ODD'],
  [['jobs', '--limit', '0'], '0'],
  [['jobs', '--endpoint', 'ftp://x'], 'ftp://x'],
  [['jobs', '--as', 'ž'], 'ž'],
  [['up', '--port', '70000'], '70000'],
  [['up', '--port', '4400', '--aws-port', '4400'], '4400'],
  [['timeline', '0123456789ab', '--type', 'NONE'], 'NONE'],
  [['jobs', '--token', 'x'], '--token'],
  [['dance'], 'dance'],
  [['reconcile'], '--once'],
  [['revise', '0123456789ab'], '--comment'],
  [['verify'], '--file'],
])('%j exits 2, names the value, points at the help and asks no server', async (argv, named) => {
  const { exit, stdout, stderr } = await cli(argv);
  expect(exit).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toContain(named);
  expect(stderr).toMatch(/next: .*(--help|different ports)/);
});

test('with --json an error is one document, and its reason is still on standard error', async () => {
  const { exit, stdout, stderr } = await run('status', JOB_ID, '--json');
  expect(exit).toBe(4);
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'NOT_FOUND', message: 'refused with NOT_FOUND', exit: 4 } });
  expect(stderr).toContain('refused with NOT_FOUND');
});

test('every wrong place of a refused document is listed', async () => {
  const errors = [
    { pointer: '/title', message: 'is too long', value: '"x"' },
    { pointer: '/kind', message: 'is unknown\x1b[2J', value: '"y"' },
  ];
  server.handle = () => problem(400, 'INVALID_INPUT', { errors });
  const { exit, stderr } = await run('status', JOB_ID);
  expect(exit).toBe(2);
  expect(stderr).toContain('  /title: is too long\n  /kind: is unknown\n');
});

test('an exported log verifies offline, and every change to it is found', async () => {
  server.handle = jobHandler(LOGS.done);
  const log = file('log.jsonl');
  expect((await run('timeline', JOB_ID, '--export', log)).exit).toBe(0);
  await writeFile(file('key.pem'), KEY);
  const key = ['--key', file('key.pem')];
  expect(await cli(['verify', '--file', log, '--json'])).toMatchObject({ exit: 0, stderr: '' });
  expect(await cli(['verify', '--file', log, ...key, '--json'])).toMatchObject({ exit: 0, stderr: '' });
  const lines = (await readFile(log, 'utf8')).trimEnd().split('\n');
  const [first = '', second = '', ...rest] = lines;
  const changes = {
    edited: [first.replace('"ann"', '"eve"'), second, ...rest],
    deleted: [first, ...rest],
    beheaded: [second, ...rest],
    reordered: [second, first, ...rest],
    inserted: [first, first, second, ...rest],
    extended: [first.replace('{', '{"more":1,'), second, ...rest],
    torn: [first, second.slice(0, 50), ...rest],
    emptied: [],
    'cut off behind the events': lines.slice(0, -1),
  };
  for (const [what, changed] of Object.entries(changes)) {
    await writeFile(log, changed.map((line) => `${line}\n`).join(''));
    const { exit, stdout, stderr } = await cli(['verify', '--file', log, ...key, '--json']);
    expect(exit, what).toBe(1);
    expect(JSON.parse(stdout), what).toMatchObject({ ok: false });
    expect(stderr, what).toContain('does not verify');
  }
});

test('verify of a job judges for itself what the server says is fine', async () => {
  server.handle = jobHandler(LOGS.done);
  expect((await run('verify', JOB_ID)).stdout).toContain('5 events');
  const shorter = jobHandler(LOGS.approved);
  server.handle = jobHandler(LOGS.done, (request) => (request.path.endsWith('/events') ? shorter(request) : undefined));
  const cut = await run('verify', JOB_ID);
  expect(cut).toMatchObject({ exit: 1, stderr: expect.stringContaining('its end was cut off') });
});

test('verify says what the server found, and never trusts it with the terminal', async () => {
  const problems = [{ kind: 'delete_marker', seq: 2, digest: null, problem: 'event 2 was deleted\x1b[2J' }];
  const report = { job_id: JOB_ID, ok: false, events: 4, head: null, signed_through: 5, digests: [1], interval_s: 10, problems };
  server.handle = jobHandler(LOGS.done, ({ path }) => (path.endsWith('/verify') ? { json: report } : undefined));
  const { exit, stdout, stderr } = await run('verify', JOB_ID);
  expect(exit).toBe(1);
  expect(stdout).toContain('tampered delete_marker: event 2 was deleted\n');
  expect(stderr).toContain('1 problem, first: event 2 was deleted');
});

test.each([
  [['verify', '--all', '--file', 'x'], 'one of them'],
  [['verify', JOB_ID, '--all'], 'one of them'],
  [['verify', JOB_ID, '--digests', 'x'], '--file'],
  [['verify', '--file', 'x', '--key', 'nowhere.pem'], 'nowhere.pem'],
])('%j exits 2', async (argv, named) => {
  expect(await cli(argv)).toMatchObject({ exit: 2, stderr: expect.stringContaining(named) });
});

test('--export refuses a filtered log: it would not verify', async () => {
  server.handle = jobHandler(LOGS.done);
  expect(await run('timeline', JOB_ID, '--type', 'done', '--export', file('part.jsonl'))).toMatchObject({ exit: 2 });
});

test('timeline shows who, how that is known, and what they saw', async () => {
  server.handle = jobHandler(LOGS.done);
  const { stdout } = await run('timeline', JOB_ID, '--actor', 'bob');
  expect(stdout.trimEnd().split('\n')).toHaveLength(2);
  expect(stdout).toContain(`bob (local)  ${'d'.repeat(64)}`);
  expect(stdout).toContain('fine');
});

test('a hostile title cannot drive the terminal, in any listing', async () => {
  const title = '\x1b]0;owned\x07\x1b[2Jnice\u202e\r\nnext';
  server.handle = jobHandler(
    LOGS.waits,
    ({ path }) => (path === '/jobs' ? { json: { jobs: [viewOf(LOGS.waits, { title })], next_cursor: null } } : undefined),
    { title },
  );
  for (const argv of [['jobs'], ['status', JOB_ID], ['jobs', '--json'], ['status', JOB_ID, '--json']]) {
    const { stdout } = await cli([...argv, '--endpoint', server.url], { columns: 80 });
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(stdout).toContain('nice');
  }
});

test('the mode is a word wherever a job is shown', async () => {
  server.handle = jobHandler(LOGS.waits, ({ path }) =>
    path === '/jobs' ? { json: { jobs: [viewOf(LOGS.waits)], next_cursor: 'abc' } } : undefined,
  );
  const { stdout, stderr } = await run('jobs');
  expect(stdout).toContain('REPLAY DEGRADED');
  expect(stderr).toBe('more: holdpoint jobs --cursor abc\n');
  expect((await run('status', JOB_ID)).stdout).toContain('REPLAY DEGRADED');
});

test('up becomes the local cloud with the options it was given', async () => {
  const became: string[][] = [];
  const become = (args: readonly string[]) => Promise.resolve(became.push([...args]) - 1);
  expect(await cli(['up', '--port', '0', '--data', 'd', '--demo'], { become })).toEqual({ exit: 0, stdout: '', stderr: '' });
  expect(became[0]?.slice(-7)).toEqual(['--port', '0', '--aws-port', '4566', '--data', 'd', '--demo']);
});

test('without a server named, the running local cloud is asked; without one the exit code is 69', async () => {
  const data = await mkdtemp(join(tmpdir(), 'holdpoint-data-'));
  const missing = await cli(['jobs', '--data', data]);
  expect(missing).toMatchObject({ exit: 69 });
  expect(missing.stderr).toContain('holdpoint up');
  server.handle = () => ({ json: { jobs: [], next_cursor: null } });
  await writeFile(join(data, 'endpoints.json'), JSON.stringify({ web: server.url, aws: server.url, pid: process.pid }));
  expect(await cli(['jobs', '--data', data])).toMatchObject({ exit: 0 });
  await writeFile(join(data, 'endpoints.json'), JSON.stringify({ web: server.url, aws: server.url, pid: 2 ** 30 }));
  expect(await cli(['jobs', '--data', data])).toMatchObject({ exit: 69 });
});

test('metrics, approvals, snapshots and reconcile print the answer as one document', async () => {
  const answers: Record<string, unknown> = {
    '/metrics': { stalled_count: 0, jobs: { DONE: 2 } },
    '/approvals': { approvals: [], next_cursor: null },
    '/snapshots': { snapshots: [] },
    '/reconcile': { checked: 1, repaired: 0, redelivered: 0, redriven: 0, recovered: 0, asked: 0, failed: 0, did: [] },
  };
  server.handle = ({ path }) => ({ json: answers[path] });
  for (const [argv, path] of [
    [['metrics'], '/metrics'],
    [['approvals'], '/approvals'],
    [['snapshot', 'list'], '/snapshots'],
    [['reconcile', '--once', '--restart-waiters'], '/reconcile'],
  ] as const) {
    expect(JSON.parse((await run(...argv, '--json')).stdout)).toEqual(answers[path]);
    expect((await run(...argv)).stdout).not.toBe('');
  }
  expect(JSON.parse(last()?.body ?? '')).toEqual({ restart_waiters: true, open: true });
});

test('reconcile says in words what was done to which job', async () => {
  const did = [{ job_id: JOB_ID, did: 'recovered: execution r1 is ABORTED and left no end of the job' }];
  server.handle = () => ({ json: { checked: 3, repaired: 0, redelivered: 0, redriven: 1, recovered: 1, asked: 0, failed: 0, did } });
  const { stdout } = await run('reconcile', '--once');
  expect(stdout).toContain(`${JOB_ID}  recovered: execution r1 is ABORTED`);
  expect(stdout).toContain('3 checked, 0 repaired, 0 redelivered, 1 redriven, 1 recovered, 0 handed to a person, 0 failed');
});

test('reconcile exits 1 where a job could not be brought in line', async () => {
  const did = [{ job_id: JOB_ID, did: 'could not be reconciled: events are missing' }];
  server.handle = () => ({ json: { checked: 1, repaired: 0, redelivered: 0, redriven: 0, recovered: 0, asked: 0, failed: 1, did } });
  expect(await run('reconcile', '--once')).toMatchObject({ exit: 1 });
});

test('cost prints every counted unit and the sum; what nobody counted is said, not guessed', async () => {
  const counted = { transitions: 14, invocations: 14, s3_puts: 40, write_units: null, gb_seconds: 0.1234 };
  const body = {
    job_id: JOB_ID,
    counted_by: 'log',
    usd: 0.000637,
    units: counted,
    viewing: null,
    upkeep: null,
    not_counted: ['reads\u001b[2J'],
  };
  server.handle = () => ({ json: body });
  const { exit, stdout } = await run('cost', JOB_ID);
  expect(exit).toBe(0);
  expect(stdout).toMatch(/state transitions +14\n/);
  expect(stdout).toMatch(/DynamoDB write units +not counted\n/);
  expect(stdout).toContain('$0.000637');
  expect(stdout).not.toContain('\u001b');
  expect(JSON.parse((await run('cost', JOB_ID, '--json')).stdout)).toEqual(body);
});

test('rehearse-upgrade becomes the rehearsal with the builds it was given, and hands on its exit code', async () => {
  const became: string[][] = [];
  const become = (args: readonly string[]) => Promise.resolve(became.push([...args]) && 1);
  expect(await cli(['rehearse-upgrade', '--from', 'v1', '--to', 'build', '--json'], { become })).toEqual({
    exit: 1,
    stdout: '',
    stderr: '',
  });
  expect(became[0]?.slice(-3)).toEqual(['--from=v1', '--to=build', '--json']);
  await cli(['rehearse-upgrade'], { become });
  expect(became[1]?.at(-1)).toMatch(/infra\/local\/rehearse\.ts$/);
});
