import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DIGEST, DRAFTS, JOB_ID, jobHandler, LOGS, logOf, viewOf } from './testing/job.ts';
import { type FakeServer, problem, type Reply, type Request, startServer } from './testing/server.ts';
import { cli, type Ran } from './testing/world.ts';

let server: FakeServer;
beforeEach(async () => {
  server = await startServer(() => problem(404, 'NOT_FOUND'));
});
afterEach(() => server.close());

const run = (...argv: string[]): Promise<Ran> => cli([...argv, '--endpoint', server.url]);
const last = (): Request | undefined => server.requests.at(-1);
const QUESTION = 'Which market does "the index" mean?';

const answered = (already_decided = false): Reply => ({
  json: {
    decision: {
      ...{ event_type: 'RESUMED', step: 'intent', visit: 1, by: 'bob', at: '2026-01-01T00:00:02.000Z', seq: 3 },
      ...{ comment: 'SPX', subject_digest: DIGEST },
    },
    already_decided,
  },
});
const onResume = ({ path }: Request): Reply | undefined => (path.endsWith('/resume') ? answered() : undefined);

test('resume shows the question and sends the answer to the step that asks', async () => {
  server.handle = jobHandler(LOGS.asks, onResume);
  const { exit, stdout } = await run('resume', JOB_ID, ' SPX ');
  expect(exit).toBe(0);
  expect([last()?.path, JSON.parse(last()?.body ?? '')]).toEqual([`/jobs/${JOB_ID}/resume`, { step: 'intent', answer: 'SPX' }]);
  expect(stdout.indexOf(`intent asks: ${QUESTION}`)).toBeLessThan(stdout.indexOf('recorded: RESUMED intent (visit 1) by bob'));
});

test('the same answer again is sent to the step that took it', async () => {
  server.handle = jobHandler(LOGS.answered, ({ path }) => (path.endsWith('/resume') ? answered(true) : undefined));
  const { exit, stdout } = await run('resume', JOB_ID, 'SPX');
  expect(exit).toBe(0);
  expect(stdout).toContain('already decided: RESUMED');
});

test('a job that asks nothing exits 5, says what it is doing, and is sent nothing', async () => {
  server.handle = jobHandler(LOGS.waits);
  const { exit, stderr } = await run('resume', JOB_ID, 'SPX');
  expect(exit).toBe(5);
  expect(stderr).toContain('asks no question: it is WAITING_APPROVAL at blueprint');
  expect(stderr).toContain('holdpoint approve');
  expect(server.requests.every(({ method }) => method === 'GET')).toBe(true);
});

test.each([
  [['resume', JOB_ID], 'ANSWER'],
  [['resume', JOB_ID, '  '], 'it is empty'],
  [['resume', JOB_ID, 'x'.repeat(4001)], '4000'],
  [['resume', JOB_ID, 'x', '--step', 'blueprint'], 'blueprint'],
  [['submit', 'x.json', '--mode', 'turbo'], 'turbo'],
])('%.60j exits 2 before anything is sent', async (argv, named) => {
  const { exit, stderr } = await run(...argv);
  expect(exit).toBe(2);
  expect(stderr).toContain(named);
  expect(server.requests).toEqual([]);
});

test('status, watch and jobs show what is asked, and how to answer it', async () => {
  const view = viewOf(LOGS.asks);
  server.handle = jobHandler(LOGS.asks, ({ path }) => (path === '/jobs' ? { json: { jobs: [view], next_cursor: null } } : undefined));
  const watched = await run('watch', JOB_ID, '--until', 'waiting');
  expect(watched.exit).toBe(0);
  for (const { stdout } of [watched, await run('status', JOB_ID), await run('jobs')]) {
    expect(stdout).toContain('WAITING_HUMAN');
    expect(stdout).toContain(QUESTION);
  }
  expect((await run('status', JOB_ID)).stdout).toContain(`holdpoint resume ${JOB_ID} 'your answer' --step intent`);
});

test('submit --mode asks for that mode and leaves the rest as it is', async () => {
  const file = join(await mkdtemp(join(tmpdir(), 'holdpoint-cli-')), 'spec.json');
  await writeFile(file, '{"title": "x", "llm": {"mode": "replay"}}');
  server.handle = () => ({ status: 201, json: viewOf(LOGS.submitted) });
  await run('submit', file, '--mode', 'record');
  expect(JSON.parse(last()?.body ?? '')).toEqual({ title: 'x', llm: { mode: 'record' } });
});

const LABELS = {
  ...{ response_source: 'replay', replay_reason: 'provider_error', degraded: true },
  ...{ recorded_at: '2025-12-02T08:00:00.000Z', provider: 'anthropic', model: 'claude' },
};
const degraded = logOf(DRAFTS.submitted, { ...DRAFTS.proposed, outputs: LABELS }, DRAFTS.waits);
const WHY = 'replay_reason=provider_error, recorded_at=2025-12-02T08:00:00.000Z from anthropic/claude';

test('a degraded answer names why and when it was recorded, in every listing of its event', async () => {
  server.handle = jobHandler(degraded);
  for (const argv of [
    ['watch', JOB_ID, '--until', 'waiting'],
    ['timeline', JOB_ID],
    ['status', JOB_ID],
  ]) {
    const { stdout } = await run(...argv);
    expect(stdout, argv[0]).toContain('REPLAY DEGRADED');
    expect(stdout, argv[0]).toContain(WHY);
  }
});

test('status names the providers that failed', async () => {
  const path = 'outputs/agents/intent/1/error_summary.json';
  const attempt = {
    ...{ position: 1, provider: 'glm', model: 'm1', attempt: 1, outcome: 'rate_limited', status: 429, message: null, latency_ms: 1 },
    charged: { calls: 0, tokens: 0, nano_usd: 0 },
  };
  const summary = {
    ...{ schema_version: 'error_summary_v1', agent: 'intent', visit: 1, at: '2026-01-01T00:00:00.000Z', reason: 'DEGRADED' },
    ...{ error: { name: 'x', message: 'y' }, wanted: null, differs: [], attempts: [attempt], possible_double_charge: false },
  };
  server.handle = jobHandler(degraded, (request) => {
    if (request.path === `/jobs/${JOB_ID}/artifacts`) return { json: { artifacts: [{ path, bytes: 1, sha256: 'a' }] } };
    return request.path.endsWith(path) ? { json: summary } : undefined;
  });
  expect((await run('status', JOB_ID)).stdout).toContain('failed for intent: glm/m1 rate limited (429), 1 attempt');
});

test('calls that a hold lists are labelled on it', async () => {
  const listed = { ...DRAFTS.asks, outputs: { ...DRAFTS.asks.outputs, calls: [{ response_source: 'live', degraded: false }] } };
  server.handle = jobHandler(logOf(DRAFTS.submitted, listed));
  expect((await run('status', JOB_ID)).stdout).toContain(`${QUESTION} LIVE`);
});

test('a job that stopped says on standard error what its evidence says', async () => {
  const error = { ...DRAFTS.error, outputs: { reason: 'STOPPED_LLM_ERROR', detail: 'no provider answered' } };
  server.handle = jobHandler(logOf(DRAFTS.submitted, error, DRAFTS.failed));
  expect((await run('watch', JOB_ID)).stderr).toContain('stopped_llm_error (STOPPED_LLM_ERROR: no provider answered)');
});
