import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AUDIT, type EventDraft, type JobEvent } from '../contracts/events.ts';
import { EMPTY_LOG, sealEvent } from '../functions/lib/event.ts';
import { decideFlag } from '../functions/lib/switches/decide.ts';
import { foldFlags, NO_CHANGES } from '../functions/lib/switches/state.ts';
import { flagList, flagView } from '../functions/lib/switches/views.ts';
import { type FakeServer, problem, startServer } from './testing/server.ts';
import { cli } from './testing/world.ts';

const ANN = { actor: { type: 'user', id: 'ann', identity: 'local' }, reason: 'why not', channel: 'cli' } as const;
const MALLORY = { type: 'user', id: 'mallory', identity: 'oidc' } as const;
const draft = decideFlag(NO_CHANGES, { flag: 'telemetry', value: true }, ANN) ?? expect.fail('no change');
const EVENT = sealEvent(draft, { ...EMPTY_LOG, ...AUDIT, at: '2026-01-01T00:00:00.000Z' });
const follow = (before: JobEvent, more: Partial<EventDraft> & Pick<EventDraft, 'event_type'>): JobEvent =>
  sealEvent(
    { state: 'Control', visit: 1, ordinal: before.seq, actor: MALLORY, step: 'blueprint', ...more },
    { last_seq: before.seq, last_hash: before.hash, ...AUDIT, at: '2026-01-01T00:00:01.000Z' },
  );
const REFUSED = follow(EVENT, {
  event_type: 'DECISION_REFUSED',
  message: 'mallory may not decide step blueprint',
  outputs: { job_id: '0123456789ab', code: 'FORBIDDEN', choice: 'approve', channel: 'link' },
});
const REVOKED = follow(REFUSED, { event_type: 'LINK_REVOKED', outputs: { job_id: '0123456789ab', approver: 'ann', channel: 'page' } });
const ALL_REVOKED = follow(REVOKED, { event_type: 'LINK_REVOKED', outputs: { job_id: '0123456789ab', approver: null } });
const LOG = [EVENT, REFUSED, REVOKED, ALL_REVOKED];
const STATE = foldFlags(NO_CHANGES, [EVENT]);
const HALTED = { halted: true, level: 'none', by: 'ann', reason: null, at: '2026-01-01T00:00:00.000Z' };

let server: FakeServer;
beforeAll(async () => {
  server = await startServer(({ method, path, query }) => {
    if (path === '/flags') return { json: flagList(STATE) };
    if (path === '/flags/telemetry') return { json: flagView(STATE, 'telemetry') };
    if (path === '/kill') return { json: { kill: HALTED, already: false } };
    if (path === '/kill/release') return { json: { kill: { ...HALTED, halted: false }, already: false } };
    if (path === '/audit/events') return { json: { events: query.get('after') === '0' ? LOG : [] } };
    if (method === 'POST' && path === '/jobs') return problem(503, 'KILL_SWITCH');
    return problem(400, 'INVALID_INPUT');
  });
});
afterAll(() => server.close());
beforeEach(() => {
  server.requests.length = 0;
});

const run = (...argv: string[]) => cli([...argv, '--endpoint', server.url]);
const sent = () => server.requests.map(({ method, path, body }) => [method, path, body === '' ? null : JSON.parse(body)]);

describe('kill', () => {
  it.each([
    [['kill'], /needs a target/],
    [['kill', '--reason', 'x'], /needs a target/],
    [['kill', '--halt', '--release'], /one target/],
    [['kill', '--to', 'stage3'], /stage2, stage1, off/],
    [['kill', '--to', ''], /stage2, stage1, off/],
  ])('%j exits 2 and sends nothing', async (argv, why) => {
    const { exit, stderr } = await run(...argv);
    expect([exit, stderr]).toEqual([2, expect.stringMatching(why)]);
    expect(server.requests).toEqual([]);
  });

  it('sends its one target and the reason', async () => {
    expect((await run('kill', '--to', 'stage1', '--reason', 'r')).exit).toBe(0);
    expect((await run('kill', '--halt')).stdout).toMatch(/halted: no new jobs/);
    expect((await run('kill', '--release', '--json')).stdout).toMatch(/^\{"kill":.*\}\n$/);
    expect(sent()).toEqual([
      ['POST', '/kill', { to: 'stage1', reason: 'r' }],
      ['POST', '/kill', { halt: true }],
      ['POST', '/kill/release', {}],
    ]);
  });
});

describe('flags', () => {
  it('are listed with default, owner, meaning and who changed them', async () => {
    const { exit, stdout } = await run('flags');
    expect(exit).toBe(0);
    expect(stdout).toMatch(/telemetry +true +false +ops +ann .*Write the rows/);
    expect(JSON.parse((await run('flags', 'get', 'telemetry', '--json')).stdout)).toMatchObject({ name: 'telemetry', value: true });
  });

  it.each([
    ['telemetry=true', true],
    ['telemetry=null', null],
    ['telemetry=5', 5],
    ['telemetry=yes', 'yes'],
    ['telemetry=', ''],
  ])('set %s sends that value', async (assignment, value) => {
    await run('flags', 'set', assignment, '--reason', 'r');
    expect(sent()).toEqual([['PUT', '/flags/telemetry', { value, reason: 'r' }]]);
  });

  it('set NAME=a,b sends a list where the flag is one', async () => {
    await run('flags', 'set', 'test_runner_repos=a,org/b');
    expect(sent()).toEqual([['PUT', '/flags/test_runner_repos', { value: ['a', 'org/b'] }]]);
  });

  it.each([
    [['flags', 'set']],
    [['flags', 'set', 'telemetry']],
    [['flags', 'set', '=true']],
    [['flags', 'get']],
    [['flags', 'drop', 'telemetry']],
    [['flags', 'get', 'telemetry', 'more']],
    [['flags', 'get', 'telemetry', '--reason', 'x']],
  ])('%j exits 2 and sends nothing', async (argv) => {
    expect((await run(...argv)).exit).toBe(2);
    expect(server.requests).toEqual([]);
  });

  it('that do not exist, and values that are refused, exit 2', async () => {
    expect((await run('flags', 'get', 'nope')).exit).toBe(2);
    expect((await run('flags', 'set', 'nope=1')).exit).toBe(2);
  });
});

describe('timeline --audit', () => {
  it('shows who changed what, from what to what, and why', async () => {
    const { exit, stdout } = await run('timeline', '--audit');
    expect([exit, stdout]).toEqual([0, expect.stringMatching(/FLAG_CHANGED .*ann \(local, cli\).*telemetry: false → true \(why not\)/)]);
  });

  it('shows who was refused what at which job, and whose links were taken back, and from where', async () => {
    const { stdout } = await run('timeline', '--audit');
    expect(stdout).toMatch(/DECISION_REFUSED +blueprint +mallory \(oidc, link\) .*job 0123456789ab: approve: mallory may not decide/);
    expect(stdout).toMatch(/LINK_REVOKED +blueprint +mallory \(oidc, page\) .*job 0123456789ab: links of ann for blueprint/);
    expect(stdout).toMatch(/LINK_REVOKED .*job 0123456789ab: all links for blueprint/);
  });

  it.each([
    [['--actor', 'ann'], [EVENT]],
    [
      ['--type', 'link_revoked'],
      [REVOKED, ALL_REVOKED],
    ],
    [['--actor', 'mallory', '--type', 'DECISION_REFUSED'], [REFUSED]],
    [['--run', AUDIT.run_id], LOG],
    [['--run', 'another-run'], []],
  ])('%j shows the events that match, and no other', async (filters, events) => {
    const { stdout } = await run('timeline', '--audit', ...filters, '--json');
    expect(JSON.parse(stdout)).toEqual({ events });
  });

  it.each([[['timeline']], [['timeline', '0123456789ab', '--audit']]])('%j exits 2', async (argv) => {
    expect((await run(...argv)).exit).toBe(2);
  });
});
