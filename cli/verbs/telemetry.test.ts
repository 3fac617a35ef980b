import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { NAMED_QUERIES } from '../../functions/lib/telemetry/queries.ts';
import { type FakeServer, problem, startServer } from '../testing/server.ts';
import { cli } from '../testing/world.ts';

let server: FakeServer;
let folder: string;
beforeAll(async () => {
  server = await startServer(() => ({}));
  folder = mkdtempSync(join(tmpdir(), 'holdpoint-telemetry-'));
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => void server.requests.splice(0));

const run = (...argv: string[]) => cli(['telemetry', ...argv, '--endpoint', server.url]);
const ANSWER = {
  columns: ['run_id', 'tokens'],
  rows: [
    { run_id: 'job-1', tokens: 12 },
    { run_id: 'job-22', tokens: null },
  ],
  truncated: true,
};

test('sql prints the answer as a table, says on standard error that it was cut, and as JSON gives it as it came', async () => {
  server.handle = () => ({ json: ANSWER });
  const { exit, stdout, stderr } = await run('sql', 'SELECT 1');
  expect([exit, stdout]).toEqual([0, 'run_id  tokens\njob-1       12\njob-22\n']);
  expect(stderr).toContain('there are more rows than these 2');
  expect(server.requests[0]?.query.get('sql')).toBe('SELECT 1');
  expect(JSON.parse((await run('sql', 'SELECT 1', '--json')).stdout)).toEqual(ANSWER);
});

test('sql --named asks what ships; neither, both or an unknown name exits 2', async () => {
  server.handle = () => ({ json: { ...ANSWER, truncated: false } });
  expect((await run('sql', '--named', 'total-tokens-per-run')).exit).toBe(0);
  expect(server.requests[0]?.query.get('sql')).toBe(NAMED_QUERIES['total-tokens-per-run']?.sql);
  for (const argv of [['sql'], ['sql', 'SELECT 1', '--named', 'total-tokens-per-run'], ['sql', '--named', 'toString']])
    expect((await run(...argv)).exit).toBe(2);
});

test('sql that is refused exits 2 with the words of the engine', async () => {
  server.handle = () => problem(400, 'INVALID_INPUT', { detail: 'x' });
  const { exit, stderr } = await run('sql', 'SELECT no_such');
  expect(exit).toBe(2);
  expect(stderr).toContain('refused with INVALID_INPUT');
});

const row = (run_id: string) => ({
  ...{ dt: '2026-01-05', run_id, phase_id: 'Run:1', failure_hardening_triggered: true, doctor_call_skipped: false },
  ...{ doctor_tokens_avoided_estimate: 3, intention_context_injected: false },
});

test('export writes every page of every table to a SQLite file, and touches no file that exists', async () => {
  server.handle = ({ query }) => {
    const table = query.get('table');
    const first = query.get('after') === null;
    if (table !== 'phase6_metrics') return { json: { table, rows: [], next: null } };
    return { json: { table, rows: [row(first ? 'r1' : 'r2')], next: first ? 'dt=2026-01-05/x.jsonl' : null } };
  };
  const out = join(folder, 'all.sqlite');
  expect((await run('export', '--out', out)).exit).toBe(0);
  const db = new DatabaseSync(out);
  expect(
    db
      .prepare('SELECT run_id, dt, failure_hardening_triggered AS t FROM phase6_metrics')
      .all()
      .map((found) => ({ ...found })),
  ).toEqual([
    { run_id: 'r1', dt: '2026-01-05', t: 1 },
    { run_id: 'r2', dt: '2026-01-05', t: 1 },
  ]);
  db.close();
  expect((await run('export', '--out', out)).exit).toBe(5);
});

test('export that fails leaves no file', async () => {
  server.handle = () => problem(503, 'KILL_SWITCH');
  const out = join(folder, 'none.sqlite');
  expect((await run('export', '--out', out)).exit).toBe(69);
  expect([existsSync(out), existsSync(`${out}.part`)]).toEqual([false, false]);
});

test('queries lists what ships, with its SQL', async () => {
  const { stdout } = await run('queries', '--json');
  expect(JSON.parse(stdout).queries.map(({ name }: { name: string }) => name)).toEqual(Object.keys(NAMED_QUERIES));
});
