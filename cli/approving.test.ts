import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ApprovalDetail } from '../contracts/approval-http.ts';
import type { EventDraft } from '../contracts/events.ts';
import { DIGEST, DRAFTS, JOB_ID, jobHandler, LOGS, logOf, viewOf } from './testing/job.ts';
import { type FakeServer, problem, type Request, startServer } from './testing/server.ts';
import { cli, type Ran } from './testing/world.ts';

let server: FakeServer;
beforeEach(async () => {
  server = await startServer(() => problem(404, 'NOT_FOUND'));
});
afterEach(() => server.close());

const run = (...argv: string[]): Promise<Ran> => cli([...argv, '--endpoint', server.url]);
const last = (): Request | undefined => server.requests.at(-1);

const OPENED = { opened_at: '2026-01-01T00:00:02.000Z', expires_at: '2026-02-01T00:00:00.000Z', subject_digest: DIGEST };
const ROW = { job_id: JOB_ID, title: 'Trend', step: 'blueprint', visit: 1, ...OPENED, quorum: 2, votes: 1 };
const DETAIL: ApprovalDetail = {
  ...{ job_id: JOB_ID, step: 'blueprint', visit: 1, ...OPENED, open: true, quorum: 2, self_approval: false, reminders: 0, expiries: 0 },
  ...{ approvers: ['ann', 'bob'], proven_by: ['link'], delegations: [{ from: 'bob', to: 'dave' }], links: [], decision: null },
  votes: [{ by: 'dave', for: 'bob', at: OPENED.opened_at }],
};

describe('redrive', () => {
  test('sends the reason and says what to watch', async () => {
    server.handle = jobHandler(LOGS.failed, ({ path }) =>
      path.endsWith('/redrive') ? { json: { ...viewOf(LOGS.failed), status: 'RUNNING', outcome: null } } : undefined,
    );
    const { exit, stdout } = await run('redrive', JOB_ID, '--reason', 'the provider is back');
    expect([exit, last()?.path, JSON.parse(last()?.body ?? '')]).toEqual([
      0,
      `/jobs/${JOB_ID}/redrive`,
      { reason: 'the provider is back' },
    ]);
    expect(stdout).toContain(`holdpoint watch ${JOB_ID}`);
  });

  test('of a job that cannot be redriven exits 5', async () => {
    server.handle = () => problem(409, 'DECISION_CONFLICT');
    expect((await run('redrive', JOB_ID)).exit).toBe(5);
  });
});

describe('approvals', () => {
  test('says who is asked, who voted for whom, and how many it takes', async () => {
    server.handle = ({ path }) => ({ json: path === '/approvals' ? { approvals: [ROW], next_cursor: null } : { approvals: [DETAIL] } });
    const { stdout } = await run('approvals');
    expect(stdout).toContain('1/2 dave for bob');
    expect(stdout).toContain('ann, bob>dave');
    const { approvals } = JSON.parse((await run('approvals', '--json')).stdout);
    expect(approvals).toEqual([{ ...ROW, rules: DETAIL }]);
  });

  test('a job that moved on, or a server that knows no rules, keeps its row', async () => {
    for (const json of [{ approvals: [{ ...DETAIL, open: false }] }, null]) {
      server.handle = ({ path }) =>
        path === '/approvals' ? { json: { approvals: [ROW], next_cursor: null } } : json ? { json } : problem(404, 'NOT_FOUND');
      const { exit, stdout } = await run('approvals');
      expect([exit, stdout.includes('1/2')]).toEqual([0, true]);
    }
  });
});

describe('timeline', () => {
  const about = { state: 'HoldBlueprint', visit: 1, subject_digest: DIGEST };
  const person = (id: string, identity: EventDraft['actor']['identity']) => ({ type: 'user', id, identity }) as const;
  const on = { state: 'HoldBlueprint', visit: 1, step: 'blueprint' };
  const scheduler = { type: 'policy', id: 'expiry', identity: 'none' } as const;
  const draft = (event_type: EventDraft['event_type'], actor: EventDraft['actor'], outputs: object, message: string | null = null) =>
    ({ event_type, ...on, kind: `${event_type}:${actor.id}`, actor, message, outputs: { ...about, ...outputs } }) satisfies EventDraft;

  test.each([
    [
      'a vote',
      draft('APPROVAL_VOTED', person('dave', 'link'), { channel: 'link', for: 'bob', votes: ['dave'], quorum: 2 }),
      'dave (link)',
      'vote 1 of 2 by dave for bob',
    ],
    ['an approval', draft('APPROVED', person('ann', 'oidc'), { channel: 'page' }, 'fine'), 'ann (oidc, page)', 'fine'],
    ['a refusal', draft('REJECTED', person('ann', 'local'), { channel: 'cli' }, 'too early'), 'ann (local, cli)', 'too early'],
    ['a revision', draft('REVISION_REQUESTED', person('ann', 'link'), { channel: 'link' }, 'faster'), 'ann (link)', 'faster'],
    [
      'a delegation',
      draft('APPROVAL_DELEGATED', person('bob', 'local'), { channel: 'http', from: 'bob', to: 'dave' }),
      'bob (local, http)',
      'bob asked dave to decide',
    ],
    [
      'an expiry',
      draft(
        'APPROVAL_EXPIRED',
        scheduler,
        { action: 'remind', expires_at: OPENED.expires_at, approvers: [] },
        'not decided by then: remind',
      ),
      'expiry (policy)',
      'remind',
    ],
    [
      'an approval by policy',
      draft('APPROVED', { type: 'policy', id: 'replays-are-fine', identity: 'none' }, { auto: true, reason: 'mode is replay' }),
      'replays-are-fine (policy)',
      'passed by policy: mode is replay',
    ],
    ['a cancellation', draft('CANCELLED', person('ops', 'ci'), { channel: 'http' }, 'wrong data'), 'ops (ci, http)', 'wrong data'],
  ])('says of %s who, how that is known, through what, and on which evidence', async (_, event, who, words) => {
    server.handle = jobHandler(logOf(DRAFTS.submitted, DRAFTS.waits, event));
    const line = (await run('timeline', JOB_ID, '--type', event.event_type)).stdout.trimEnd().split('\n').at(-1) ?? '';
    expect(line).toContain(who);
    expect(line).toContain('d'.repeat(64));
    expect(line).toContain(words);
  });

  test('says of an answer who gave it through what', async () => {
    const answered = { ...DRAFTS.answered, outputs: { ...DRAFTS.answered.outputs, channel: 'page' } };
    server.handle = jobHandler(logOf(DRAFTS.submitted, DRAFTS.asks, answered));
    const { stdout } = await run('timeline', JOB_ID, '--type', 'RESUMED');
    expect(stdout).toContain('bob (local, page)');
    expect(stdout).toContain('SPX');
  });
});
