import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Cassette } from '../../contracts/llm.ts';
import { recordingOf, UNKNOWN_TOKEN } from '../../functions/lib/cassette/recording.fixture.ts';
import { keyOf } from '../../functions/lib/cassette/rekey.ts';
import { type FakeServer, problem, startServer } from '../testing/server.ts';
import { cli, type Ran } from '../testing/world.ts';

/** A recording as a server may hold it: of any version. */
type Recording = Omit<Cassette, 'schema_version'> & { schema_version: string };

let server: FakeServer;
let bucket: Recording[] = [];
let dir: string;

/** A recording of another question than the shipped ones, so that it may be promoted beside them. */
const asked = (name: string, nonce: string, answer: Partial<Cassette['answer']> = {}): Cassette => {
  const cassette = recordingOf(name, answer);
  const messages = cassette.match.messages.map((m) => ({ ...m, content: m.content.replace('"hypothesis": "', `$&${nonce} `) }));
  const match = { ...cassette.match, messages };
  return { ...cassette, match, key: keyOf({ match }) };
};

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'holdpoint-fixtures-'));
  await cp('cassettes', dir, { recursive: true });
  bucket = [asked('intent/trend', 'Slowly.')];
  server = await startServer(({ path, query }) => {
    const named = bucket.find((c) => path === `/cassettes/${c.match.agent}/${c.key}/${c.n}`);
    if (named) return { json: named };
    const agent = query.get('agent');
    const listed = bucket
      .filter((c) => agent === null || c.match.agent === agent)
      .map((c) => ({ agent: c.match.agent, key: c.key, n: c.n }));
    return path === '/cassettes' ? { json: { cassettes: listed } } : problem(404, 'NOT_FOUND');
  });
});
afterEach(async () => {
  await server.close();
  await rm(dir, { recursive: true });
});

const run = (...argv: string[]): Promise<Ran> => cli([...argv, '--endpoint', server.url]);
const json = ({ stdout }: Ran): Record<string, unknown> => JSON.parse(stdout);
const key = (): string => bucket[0]?.key ?? '';
const promote = (...more: string[]): Promise<Ran> => run('cassette', 'promote', key(), '--case', 'slow', '--fixtures', dir, ...more);

describe('fixtures need no server', () => {
  test.each([
    [['cassette', 'list', '--fixtures']],
    [['cassette', 'show', 'intent/trend']],
    [['cassette', 'diff', 'intent/trend', 'intent/reversal']],
    [['cassette', 'check', '--fixtures']],
    [['cassette', 'rekey', '--fixtures']],
    [['regress']],
    [['regress', '--agent', 'report']],
  ])('%j is good for what ships, as text and as one document', async (argv) => {
    expect(await cli(argv)).toMatchObject({ exit: 0, stderr: '' });
    const ran = await cli([...argv, '--json']);
    expect([ran.exit, Object.keys(json(ran)).length > 0]).toEqual([0, true]);
    expect(server.requests).toEqual([]);
  });

  test.each([
    [['cassette', 'show', 'intent/none'], 4, 'intent/none'],
    [['cassette', 'show', 'trend'], 2, 'intent/trend or report/trend'],
    [['cassette', 'list', '--fixtures', '/nowhere'], 2, '/nowhere'],
    [['cassette', 'list', '--agent', '../x'], 2, '../x'],
    [['cassette', 'rekey'], 2, '--fixtures'],
    [['cassette', 'promote', 'abc', '--case', 'x'], 2, 'abc'],
    [['cassette', 'promote', 'abcdef', '--case', '../x'], 2, '../x'],
    [['cassette', 'promote', 'abcdef'], 2, '--case'],
    [['cassette', 'check', '--max-age', 'x'], 2, 'x'],
    [['cassette', 'check', '--token', 'x'], 2, '--token'],
    [['regress', '--agent', 'oracle'], 2, 'oracle'],
    [['regress', '--fail-on', 'all'], 2, 'all'],
    [['redact', '/nowhere'], 2, '/nowhere'],
  ])('%j exits %i and names the value', async (argv, exit, named) => {
    const ran = await cli(argv);
    expect(ran.exit).toBe(exit);
    expect(ran.stderr).toContain(named);
  });

  test.each(['list', 'show', 'diff', 'check', 'rekey', 'promote'])('cassette %s --help says what it does', async (verb) => {
    expect(await cli(['cassette', verb, '--help'])).toMatchObject({ exit: 0, stdout: expect.stringContaining('--json') });
  });
});

describe('regress', () => {
  const edit = async (name: string, change: (expected: Record<string, unknown>) => void): Promise<void> => {
    const path = join(dir, name, 'expected.json');
    const expected = JSON.parse(await readFile(path, 'utf8'));
    change(expected);
    await writeFile(path, JSON.stringify(expected));
  };

  test('fails, naming case and field, when an expected output was changed', async () => {
    await edit('intent/trend', (expected) => Object.assign(expected, { symbols: ['NDX'] }));
    const ran = await cli(['regress', '--fixtures', dir]);
    expect(ran).toMatchObject({ exit: 1, stderr: expect.stringContaining('intent/trend at /symbols/0') });
    expect(json(await cli(['regress', '--fixtures', dir, '--json']))).toMatchObject({ passed: false, failed: 1, checked: 9 });
  });

  test('fails on changed wording unless asked to fail on data only', async () => {
    await edit('report/trend', (expected) => Object.assign(expected, { summary: 'Other words.' }));
    expect(await cli(['regress', '--fixtures', dir])).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining('report/trend at /summary'),
    });
    const lenient = await cli(['regress', '--fixtures', dir, '--fail-on', 'error']);
    expect(lenient).toMatchObject({ exit: 0, stdout: expect.stringMatching(/warn\s+report\/trend/) });
  });

  test('a broken fixture is named', async () => {
    await writeFile(join(dir, 'intent', 'trend', 'expected.json'), '{');
    expect(await cli(['regress', '--fixtures', dir])).toMatchObject({ exit: 2, stderr: expect.stringContaining('fixture intent/trend') });
  });
});

describe('recordings of the environment', () => {
  test('are listed, shown, compared and checked', async () => {
    expect(json(await run('cassette', 'list', '--json'))).toMatchObject({ total: 1, cassettes: [{ key: key(), model: 'glm-4.6' }] });
    expect((await run('cassette', 'show', key().slice(0, 8))).stdout).toContain('glm/glm-4.6');
    const diff = json(await run('cassette', 'diff', 'intent/trend', `intent/${key()}.0`, '--json'));
    expect(diff['differences']).toContainEqual({ pointer: '/answer/model', a: 'hand-written', b: 'glm-4.6' });
    expect(await run('cassette', 'check')).toMatchObject({ exit: 0 });
    const now = () => Date.parse('2026-06-01T00:00:00.000Z');
    const stale = await cli(['cassette', 'check', '--max-age', '100', '--endpoint', server.url], { now });
    expect(stale).toMatchObject({ exit: 1, stdout: expect.stringContaining('expired'), stderr: expect.stringContaining('1 of 1') });
    expect(json(await run('cassette', 'check', '--model', 'glm-5', '--json'))).toMatchObject({
      fresh: 0,
      cassettes: [{ state: 'model_drift' }],
    });
  });

  test('that no job of the last ones asked for are unused', async () => {
    const store = server.handle;
    let used = key();
    server.handle = (request) => {
      if (request.path === '/jobs') return { json: { jobs: [], next_cursor: null } };
      return store(request);
    };
    expect(json(await run('cassette', 'check', '--jobs', '5', '--json'))).toMatchObject({ cassettes: [{ state: 'unused' }] });
    const job = { job_id: '0123456789ab', title: 't', kind: 'idea', status: 'RUNNING', step: null, outcome: null, subject_digest: null };
    const more = {
      mode: 'replay',
      degraded: false,
      created_at: '',
      updated_at: '',
      links: { self: '', page: '', events: '', artifacts: '' },
    };
    const path = 'outputs/agents/intent/1/output.json';
    server.handle = (request) => {
      if (request.path === '/jobs') return { json: { jobs: [{ ...job, ...more }], next_cursor: null } };
      if (request.path.endsWith('/artifacts')) return { json: { artifacts: [{ path }] } };
      return request.path.endsWith(path) ? { json: { agent: 'intent', key: used } } : store(request);
    };
    expect(json(await run('cassette', 'check', '--jobs', '5', '--json'))).toMatchObject({ cassettes: [{ state: 'fresh' }] });
    used = '0'.repeat(64);
    expect((await run('cassette', 'check', '--jobs', '5')).exit).toBe(1);
  });

  test('a key that nothing has is not found, the beginning of two is refused', async () => {
    expect(await run('cassette', 'show', 'aaaaaaaa')).toMatchObject({ exit: 4 });
    bucket = bucket.flatMap((one) => [one, { ...one, key: `${one.key.slice(0, 63)}${one.key.endsWith('0') ? '1' : '0'}` }]);
    expect(await run('cassette', 'show', key().slice(0, 10))).toMatchObject({ exit: 2, stderr: expect.stringContaining('2 keys') });
  });
});

describe('promote', () => {
  test('writes the fixture, which then checks, regresses and is found by case and key', async () => {
    const ran = await promote('--yes', '--json');
    expect([ran.exit, json(ran)]).toMatchObject([0, { promoted: true, case: 'intent/slow', guard_status: 'passed' }]);
    expect((await readdir(join(dir, 'intent', 'slow'))).sort()).toEqual(['cassette.json', 'expected.json']);
    expect(JSON.parse(await readFile(join(dir, 'intent', 'slow', 'cassette.json'), 'utf8'))).toEqual(bucket[0]);
    expect(await cli(['regress', '--fixtures', dir])).toMatchObject({ exit: 0, stdout: expect.stringContaining('10 of 10') });
    expect((await cli(['cassette', 'show', key(), '--fixtures', dir])).stdout).toContain('intent/slow');
  });

  test('writes nothing without --yes where nobody can answer, and nothing after "n"', async () => {
    expect(await promote()).toMatchObject({ exit: 2, stderr: expect.stringContaining('--yes') });
    const say = (word: string) => ({
      stdin: {
        tty: true,
        chunks: (async function* () {
          yield Buffer.from(word);
        })(),
      },
      stdout: { write: () => {}, tty: true, columns: 80 },
    });
    const argv = ['cassette', 'promote', key(), '--case', 'slow', '--fixtures', dir, '--endpoint', server.url];
    expect(await cli(argv, say('n\n'))).toMatchObject({ exit: 1 });
    expect(await readdir(join(dir, 'intent'))).not.toContain('slow');
    expect(await cli(argv, say('y\n'))).toMatchObject({ exit: 0 });
    expect(await readdir(join(dir, 'intent'))).toContain('slow');
  });

  test('refuses a case that is there, and a question that a fixture answers, unless it is to be replaced', async () => {
    const argv = ['cassette', 'promote', key(), '--fixtures', dir, '--yes'];
    expect(await run(...argv, '--case', 'trend')).toMatchObject({ exit: 5 });
    expect(await run(...argv, '--case', 'trend', '--replace')).toMatchObject({ exit: 0, stdout: expect.stringContaining('/answer/model') });
    expect(await run(...argv, '--case', 'slow')).toMatchObject({ exit: 5, stderr: expect.stringContaining('intent/trend') });
  });

  test.each<[string, () => Recording, string]>([
    ['a secret that redaction does not know', () => asked('intent/trend', `Key ${UNKNOWN_TOKEN}.`), 'secret_scan'],
    ['what the guard stops', () => asked('intent/guarded', 'Slowly.'), 'guard'],
    ['a fixture that was seeded', () => asked('intent/trend', 'x', { provider: 'fixture' }), 'source'],
    ['a recording of an unknown version', () => ({ ...asked('intent/trend', 'x'), schema_version: 'cassette_v9' }), 'source'],
  ])('refuses %s and writes nothing', async (_, recording, step) => {
    bucket = [recording()];
    const ran = await promote('--yes', '--json');
    expect([ran.exit, json(ran)]).toMatchObject([1, { promoted: false, refused: { step } }]);
    expect(ran.stdout + ran.stderr).not.toContain(UNKNOWN_TOKEN);
    expect(await readdir(join(dir, 'intent'))).not.toContain('slow');
  });

  test('keeps a stopped answer as an example when asked, with its findings noted', async () => {
    bucket = [asked('intent/guarded', 'Slowly.')];
    expect(await promote('--yes', '--allow-guard-findings')).toMatchObject({ exit: 0 });
    const notes = JSON.parse(await readFile(join(dir, 'intent', 'slow', 'notes.json'), 'utf8'));
    expect(notes).toMatchObject({ accepted_findings: expect.arrayContaining([{ rule: 'code', pointer: '/rationale' }]) });
    expect(await cli(['regress', '--fixtures', dir])).toMatchObject({ exit: 0 });
  });
});

test('rekey shows what would change, writes it when told, and keeps the old key findable', async () => {
  const path = join(dir, 'intent', 'trend', 'cassette.json');
  const old = '1'.repeat(64);
  await writeFile(path, (await readFile(path, 'utf8')).replace(/"key": "[0-9a-f]+"/, `"key": "${old}"`));
  const argv = ['cassette', 'rekey', `--fixtures=${dir}`];
  expect(await cli(argv)).toMatchObject({ exit: 0, stdout: expect.stringContaining('1 of 9 fixtures to be re-keyed') });
  expect(await cli(['cassette', 'check', '--fixtures', dir])).toMatchObject({
    exit: 1,
    stdout: expect.stringContaining('version_mismatch'),
  });
  expect(await cli([...argv, '--write'])).toMatchObject({ exit: 0 });
  expect(await cli(['cassette', 'check', '--fixtures', dir])).toMatchObject({ exit: 0 });
  expect((await cli(['cassette', 'show', old, '--fixtures', dir])).stdout).toContain('intent/trend');
});
