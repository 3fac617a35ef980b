import { afterEach, beforeEach, expect, test } from 'vitest';
import { DIGEST, DRAFTS, JOB_ID, jobHandler, LOGS, logOf } from './testing/job.ts';
import { type FakeServer, problem, type Reply, type Request, startServer } from './testing/server.ts';
import { cli, type Ran } from './testing/world.ts';

let server: FakeServer;
beforeEach(async () => {
  server = await startServer(() => problem(404, 'NOT_FOUND'));
});
afterEach(() => server.close());

const run = (...argv: string[]): Promise<Ran> => cli([...argv, '--endpoint', server.url]);
const last = (): Request | undefined => server.requests.at(-1);

const decision = (event_type: string, already_decided = false): Reply => ({
  json: {
    decision: {
      event_type,
      step: 'blueprint',
      visit: 1,
      by: 'bob',
      at: '2026-01-01T00:00:03.000Z',
      seq: 4,
      comment: null,
      subject_digest: DIGEST,
    },
    already_decided,
  },
});

test('approve shows the evidence, then sends its digest for the step that waits', async () => {
  server.handle = jobHandler(LOGS.waits, ({ path }) => (path.endsWith('/approve') ? decision('APPROVED') : undefined));
  const { exit, stdout } = await run('approve', JOB_ID, '--comment', 'looks right');
  expect(exit).toBe(0);
  expect(last()?.query.get('step')).toBe('blueprint');
  expect(JSON.parse(last()?.body ?? '')).toEqual({ subject_digest: DIGEST, comment: 'looks right' });
  expect(stdout.indexOf(DIGEST)).toBeLessThan(stdout.indexOf('recorded: APPROVED blueprint (visit 1) by bob'));
  expect(stdout).toContain('Is this the strategy we want to test?');
});

test('approve --digest sends what the approver saw, not what is there now', async () => {
  const seen = `sha256:${'e'.repeat(64)}`;
  server.handle = jobHandler(LOGS.waits, ({ path }) =>
    path.endsWith('/approve') ? problem(409, 'STALE_SUBJECT', { subject_digest: DIGEST }) : undefined,
  );
  const { exit, stdout, stderr } = await run('approve', JOB_ID, '--digest', seen, '--json');
  expect(JSON.parse(last()?.body ?? '')).toEqual({ subject_digest: seen });
  expect(exit).toBe(5);
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'STALE_SUBJECT', subject_digest: DIGEST } });
  expect(stderr).toContain('look at the new evidence');
});

test('a decision on a job that does not wait exits 5, says what the job is doing, and sends nothing', async () => {
  server.handle = jobHandler(LOGS.done);
  const { exit, stderr } = await run('approve', JOB_ID);
  expect(exit).toBe(5);
  expect(stderr).toContain('waits for no approval: it is DONE: succeeded');
  expect(server.requests.every(({ method }) => method === 'GET')).toBe(true);
});

test('the same decision again is answered with the one in the log', async () => {
  server.handle = jobHandler(LOGS.approved, ({ path }) => (path.endsWith('/approve') ? decision('APPROVED', true) : undefined));
  const { exit, stdout } = await run('approve', JOB_ID, '--step', 'blueprint');
  expect(JSON.parse(last()?.body ?? '')).toEqual({ subject_digest: DIGEST });
  expect(exit).toBe(0);
  expect(stdout).toContain('already decided: APPROVED');
});

test('another decision than the one in the log exits 5, even where the server answers with that one', async () => {
  server.handle = jobHandler(LOGS.approved, ({ path }) => (path.endsWith('/reject') ? decision('APPROVED', true) : undefined));
  const { exit, stderr } = await run('reject', JOB_ID, '--step', 'blueprint', '--comment', 'no');
  expect(exit).toBe(5);
  expect(stderr).toContain('was already decided: APPROVED by bob; your reject changed nothing');
});

test('a step that cannot be sent back is refused before anything is sent', async () => {
  server.handle = jobHandler(logOf(DRAFTS.submitted, DRAFTS.waitsLive));
  const { exit, stderr } = await run('revise', JOB_ID, '--comment', 'other model');
  expect(exit).toBe(2);
  expect(stderr).toContain('llm_live_confirm cannot be sent back');
});

test('a rejection without a reason is sent, with the advice to give one', async () => {
  server.handle = jobHandler(LOGS.waits, ({ path }) => (path.endsWith('/reject') ? decision('REJECTED') : undefined));
  const { exit, stderr } = await run('reject', JOB_ID);
  expect(exit).toBe(0);
  expect(stderr).toContain('--comment');
});
