import { describe, expect, test } from 'vitest';
import { EventList } from '../../../contracts/http.ts';
import { createWeb } from '../app.ts';
import type { WebDeps } from '../deps.ts';
import { emptyMemory, memoryDeps, Story } from '../testing.ts';
import { linksFor } from '../testing-approvals.ts';
import type { Operators } from './operator.ts';

const ID = 'aaaaaaaaaaaa';
const FORM = { accept: 'text/html', origin: 'null', 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' };

/** `olga` runs the environment; `alice` submitted the job; `bob` approves; `dave` is let in, and no more. */
const OPERATORS: Operators = {
  named: { people: ['olga'], groups: ['ops'] },
  includes: (request) => request.headers.get('x-holdpoint-user') === 'olga',
};

const world = (deps: Partial<WebDeps> = { operators: OPERATORS }) => {
  const memory = emptyMemory();
  const story = new Story(memory, ID).submitted('Trend filter');
  const web = createWeb(memoryDeps(memory, deps));
  const send = (path: string, user: string, body: unknown = {}, method = 'POST') =>
    web.request(path, { method, headers: { 'content-type': 'application/json', 'x-holdpoint-user': user }, body: JSON.stringify(body) });
  const submitForm = (what: string, user: string, fields: Record<string, string> = {}) =>
    web.request(`/ui/jobs/${ID}/${what}`, {
      ...{ method: 'POST', headers: { ...FORM, 'x-holdpoint-user': user }, body: new URLSearchParams(fields).toString() },
    });
  const page = async (user: string) =>
    (await web.request(`/ui/jobs/${ID}`, { headers: { accept: 'text/html', 'x-holdpoint-user': user } })).text();
  const refusals = async () => {
    const { events } = EventList.parse(await (await web.request('/audit/events')).json());
    return events.filter(({ event_type }) => event_type === 'DECISION_REFUSED');
  };
  return { story, send, submitForm, page, refusals };
};

const asked = (deps?: Partial<WebDeps>) => {
  const made = world(deps);
  const links = linksFor(ID, 'HoldBlueprint', 1, ['bob', 'carol'], '2026-01-17T12:00:00.000Z');
  made.story.waits('blueprint', 'HoldBlueprint', [], 9, 1, { outputs: { links } });
  return made;
};

/** Method, path, body, and what the audit log calls it. */
const OPERATIONS = [
  ['POST', `/jobs/${ID}/cancel`, {}, 'cancel'],
  ['POST', `/jobs/${ID}/redrive`, {}, 'redrive'],
  ['POST', `/jobs/${ID}/links/revoke?step=blueprint`, {}, 'revoke_links'],
  ['POST', `/jobs/${ID}/links/revoke?step=blueprint`, { approver: 'carol' }, 'revoke_links'],
  ['PUT', '/flags/telemetry', { value: true }, 'set_flag'],
  ['POST', '/kill', { halt: true }, 'kill'],
  ['POST', '/kill/release', {}, 'release'],
  ['POST', '/reconcile', {}, 'reconcile'],
  ['POST', `/jobs/${ID}/resume`, { step: 'watchdog', answer: 'stop' }, 'answer_watchdog'],
] as const;

describe('who runs an environment', () => {
  test.each(OPERATIONS)(
    '%s %s %j is for operators: others get 403, and the audit log has who tried',
    async (method, path, body, choice) => {
      const { send, refusals, story } = asked();
      const answer = await send(path, 'dave', body, method);
      expect([answer.status, await answer.json()]).toMatchObject([
        403,
        { code: 'FORBIDDEN', detail: expect.stringContaining('ask olga or a member of ops') },
      ]);
      expect(await refusals()).toMatchObject([{ actor: { id: 'dave' }, outputs: { code: 'FORBIDDEN', choice, channel: 'http' } }]);
      expect(story.events).toHaveLength(2);
      expect((await send(path, 'olga', body, method)).status).not.toBe(403);
      expect(await refusals()).toHaveLength(1);
    },
  );

  test.each(OPERATIONS)('%s %s %j is for everybody who is let in, where nobody is named', async (method, path, body) => {
    const { send, refusals } = asked({});
    expect((await send(path, 'dave', body, method)).status).not.toBe(403);
    expect(await refusals()).toEqual([]);
  });

  test('what is sent wrong tells a stranger no more than what is sent right', async () => {
    const { send } = asked();
    for (const body of [{ halt: 'maybe' }, 7]) expect((await send('/kill', 'dave', body)).status).toBe(403);
    expect((await send('/jobs/bbbbbbbbbbbb/redrive', 'dave')).status).toBe(403);
  });

  test('whoever submitted a job cancels it, known in the same way', async () => {
    const { send, story } = asked();
    expect((await send(`/jobs/${ID}/cancel`, 'alice')).status).toBe(200);
    expect(story.events.at(-1)).toMatchObject({ event_type: 'CANCELLED', actor: { id: 'alice' } });
    const identify: WebDeps['identify'] = () => ({ type: 'user', id: 'alice', identity: 'oidc' });
    expect((await asked({ operators: OPERATORS, identify }).send(`/jobs/${ID}/cancel`, 'alice')).status).toBe(403);
  });

  test('an approver takes back their own link, and nobody else’s', async () => {
    const { send, submitForm, story } = asked();
    expect((await submitForm('revoke-link', 'bob', { step: 'blueprint', approver: 'carol' })).status).toBe(403);
    expect((await send(`/jobs/${ID}/links/revoke?step=blueprint`, 'bob', { approver: 'bob' })).status).toBe(200);
    expect(story.events.at(-1)).toMatchObject({ event_type: 'LINK_REVOKED', actor: { id: 'bob' } });
  });
});

describe('the page of a job', () => {
  test('offers what its reader may do, and says why not the rest and whom to ask', async () => {
    const { page, story } = asked();
    const [dave, alice, bob, olga] = [await page('dave'), await page('alice'), await page('bob'), await page('olga')];
    const has = (text: string, ...parts: string[]) => parts.map((part) => text.includes(part));
    const parts = [`action="/ui/jobs/${ID}/cancel"`, 'name="approver" value="bob"', 'name="approver" value="carol"'];
    expect(has(dave, ...parts)).toEqual([false, false, false]);
    expect(dave).toContain(
      'Only operators and whoever submitted the job can cancel it. You are <bdi>dave</bdi>; ask <bdi>olga or a member of ops</bdi>.',
    );
    expect(dave).toContain('Only operators can take back a link of somebody else.');
    expect(has(alice, ...parts)).toEqual([true, false, false]);
    expect(has(bob, ...parts)).toEqual([false, true, false]);
    expect(has(olga, ...parts)).toEqual([true, true, true]);
    story.did('DONE', 'Stop', [], { status: 'error' }, 1);
    expect(has(await page('olga'), `action="/ui/jobs/${ID}/redrive"`)).toEqual([true]);
    expect(await page('alice')).toContain('Only operators can redrive this job.');
  });

  test.each(['cancel', 'redrive', 'revoke-link'])(
    'answers a form it did not offer (%s) with 403 and why, and keeps the refusal',
    async (what) => {
      const { submitForm, refusals, story } = asked();
      const answer = await submitForm(what, 'dave', { step: 'blueprint', approver: 'carol' });
      const text = await answer.text();
      expect([answer.status, text.includes('Nothing was changed'), text.includes('dave may not')]).toEqual([403, true, true]);
      expect(await refusals()).toMatchObject([{ outputs: { channel: 'page', job_id: ID } }]);
      expect(story.events).toHaveLength(2);
    },
  );
});
